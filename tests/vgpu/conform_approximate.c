/* conform_approximate: the approximate functions. Errors are those the PTX ISA documents for each
 * (sections 9.7.3 and 9.7.4); the special values of its tables are exact. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "conform.h"

static bool named(const struct opcode *op, const char *name) {
    return strcmp(op->word[0], name) == 0;
}

static double result_of(const struct opcode *op, double a, double b) {
    return named(op, "rcp")     ? 1 / a
           : named(op, "sqrt")  ? sqrt(a)
           : named(op, "rsqrt") ? 1 / sqrt(a)
           : named(op, "ex2")   ? exp2(a)
           : named(op, "lg2")   ? log2(a)
           : named(op, "sin")   ? sin(a)
           : named(op, "cos")   ? cos(a)
           : named(op, "tanh")  ? tanh(a)
                                : a / b;
}

/* Allowed error of a finite result r of a. */
static double allowed(const struct opcode *op, double a, double r) {
    const double relative = fabs(r);
    const char *type = opcode_type(op);
    if (strncmp(type, "f16", 3) == 0) {
        return named(op, "ex2") ? relative * exp2(-9.9) + 0x1p-25 : exp2(-10.987);
    }
    if (strncmp(type, "bf16", 4) == 0) {
        return named(op, "ex2") ? relative * 0x1p-7 : 0x1p-8;
    }
    if (strcmp(type, "f64") == 0) {
        return relative * 0x1p-20; /* a first approximation for iterations; PTX gives no bound */
    }
    const double ulp = fmax(relative * 0x1p-23, 0x1p-149);
    if (named(op, "sqrt")) {
        return ulp;
    }
    if (named(op, "rsqrt")) {
        return fmax(relative * exp2(-22.9), 0x1p-149);
    }
    if (named(op, "ex2") || named(op, "div")) {
        return 2 * ulp;
    }
    if (named(op, "lg2")) {
        return a > 0.5 && a < 2 ? 0x1p-22 : relative * 0x1p-22;
    }
    if (named(op, "sin") || named(op, "cos")) {
        return fabs(a) <= 2 * M_PI ? exp2(-20.5) : exp2(-14.7);
    }
    return named(op, "tanh") ? relative * 0x1p-11 : ulp;
}

static void evaluate_f64(const struct opcode *op, const uint64_t in[4], struct expected *want) {
    const bool ftz = opcode_has(op, "ftz");
    double a = f64_value(ftz ? in[0] & 0xffffffff00000000 : in[0]);
    a = ftz && fabs(a) < DBL_MIN ? copysign(0, a) : a;
    double r = result_of(op, a, 0);
    if (isnan(r)) {
        want->kind[0] = EXPECT_NAN;
    } else if (r == 0 || isinf(r) || (ftz && fabs(r) < DBL_MIN)) {
        want->bits = f64_bits(isinf(r) ? r : copysign(0, r));
    } else {
        want->kind[0] = EXPECT_NEAR;
        want->near[0] = r;
        want->tolerance[0] = allowed(op, a, r);
    }
}

static void evaluate_f32(const struct opcode *op, const uint64_t in[4], struct expected *want) {
    float fa = f32_value(in[0]), fb = f32_value(in[1]);
    const bool ftz = opcode_has(op, "ftz");
    fa = ftz ? f32_flush(fa) : fa;
    fb = ftz ? f32_flush(fb) : fb;
    const double a = (double)fa, b = (double)fb, r = result_of(op, a, b);
    if (named(op, "div") && opcode_has(op, "approx") && fabs(b) > 0x1p126 && !isinf(b)) {
        /* 1/b is flushed: 0, or NaN for an infinite dividend */
        want->kind[0] = isfinite(a) ? EXPECT_BITS : EXPECT_NAN;
        want->bits = signbit(a) != signbit(b) ? 0x80000000 : 0;
        return;
    }
    if (named(op, "div") && opcode_has(op, "full") && fabs(b) > 0x1p126 && fabs(r) < 0x1p-126) {
        want->kind[0] = EXPECT_NOTHING; /* scaling of subnormal results is not described */
        return;
    }
    if ((named(op, "sin") || named(op, "cos")) && isfinite(a) && fabs(a) > 100 * M_PI) {
        want->kind[0] = EXPECT_NEAR; /* no bound is documented, but that they are sines */
        want->tolerance[0] = 1;
        return;
    }
    if (isnan(r)) {
        want->bits = 0x7fffffff;
    } else if (isinf(r) || fabs(r) > (double)FLT_MAX || r == 0) {
        want->bits = f32_bits(r == 0 ? (float)r : copysignf(INFINITY, (float)r));
        if (!isinf(r) && fabs(r) < (double)FLT_MAX * (1 + 0x1p-22)) {
            want->kind[0] = EXPECT_NOTHING; /* within the error of the largest number */
        }
    } else if (ftz && fabs(r) < 0x1p-126 * (1 - 0x1p-22)) {
        want->bits = f32_bits(copysignf(0, (float)r));
    } else {
        want->kind[0] = ftz && fabs(r) < 0x1p-126 * (1 + 0x1p-22) ? EXPECT_NOTHING : EXPECT_NEAR;
        want->near[0] = r;
        want->tolerance[0] = allowed(op, a, r);
    }
}

static void evaluate_half(const struct opcode *op, const uint64_t in[4], struct expected *want) {
    const bool bf16 = opcode_type(op)[0] == 'b';
    for (unsigned k = 0; k < type_bits(opcode_type(op)) / 16; k++) {
        const uint64_t bits = in[0] >> 16 * k & 0xffff;
        double a = bf16 ? bf16_value(bits) : half_value(bits);
        if (opcode_has(op, "ftz")) {
            a = fabs(a) < (bf16 ? 0x1p-126 : 0x1p-14) ? copysign(0, a) : a;
        }
        double r = result_of(op, a, 0);
        const double most = bf16 ? 0x1.fep127 : 65504, least = bf16 ? 0x1p-126 : 0x1p-14;
        if (opcode_has(op, "ftz") && fabs(r) < least) {
            r = 0;
        }
        if (isnan(r) || fabs(r) > most || r == 0) {
            const uint64_t special = isnan(r) ? 0x7fff
                                     : r == 0 ? (signbit(r) ? 0x8000 : 0)
                                     : bf16   ? 0x7f80
                                              : 0x7c00;
            const bool near_most = isfinite(r) && fabs(r) > most && fabs(r) < most * 1.01;
            want->bits |= special << 16 * k;
            want->near[k] = INFINITY;
            want->kind[k] = near_most ? EXPECT_NOTHING : EXPECT_BITS;
        } else {
            want->kind[k] = EXPECT_NEAR;
            want->near[k] = r;
            want->tolerance[k] = allowed(op, a, r) + (bf16 ? 0x1p-134 : 0x1p-25);
        }
    }
}

static void evaluate(const struct opcode *op, const uint64_t in[4], unsigned carry, struct expected *want) {
    (void)carry;
    const char *type = opcode_type(op);
    if (strcmp(type, "f64") == 0) {
        evaluate_f64(op, in, want);
    } else if (strcmp(type, "f32") == 0) {
        evaluate_f32(op, in, want);
    } else {
        evaluate_half(op, in, want);
    }
}

evaluate_fn *family_approximate(const struct opcode *op) {
    return opcode_has(op, "approx") || opcode_has(op, "full") ? evaluate : NULL;
}
