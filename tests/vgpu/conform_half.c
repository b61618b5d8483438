/* conform_half: what f16 and bf16 arithmetic must give. A double holds products, and nearly every sum; where
 * one is not exact it is rounded to zero with a sticky last bit, as the host's inexact flag tells, and
 * rounding to the format is right in any case. */
#include <fenv.h>
#include <math.h>
#include <string.h>

#include "conform.h"

enum { NAN_HALF = 0x7fff };

static bool named(const struct opcode *op, const char *name) {
    return strcmp(op->word[0], name) == 0;
}

static bool is_bf16(const struct opcode *op) {
    return opcode_type(op)[0] == 'b';
}

static double value(const struct opcode *op, uint64_t bits) {
    const double x = is_bf16(op) ? bf16_value(bits) : half_value(bits);
    return opcode_has(op, "ftz") && !is_bf16(op) && fabs(x) < 0x1p-14 ? copysign(0, x) : x;
}

static uint64_t narrow(const struct opcode *op, double x) {
    return is_bf16(op) ? narrow_to(x, 8, 7, FE_TONEAREST) : narrow_to(x, 5, 10, FE_TONEAREST);
}

static double sticky_sum(double p, double q) {
    volatile double a = p, b = q;
    const double plain = a + b; /* signs of zeros are those of rounding to nearest */
    fesetround(FE_TOWARDZERO);
    feclearexcept(FE_INEXACT);
    volatile double s = a + b;
    const bool inexact = fetestexcept(FE_INEXACT);
    fesetround(FE_TONEAREST);
    return inexact && isfinite(s) ? f64_value(f64_bits(s) | 1) : plain;
}

static uint64_t arithmetic(const struct opcode *op, const uint64_t in[3]) {
    const double a = value(op, in[0]), b = value(op, in[1]), c = value(op, in[2]);
    const double r = named(op, "add")   ? sticky_sum(a, b)
                     : named(op, "sub") ? sticky_sum(a, -b)
                     : named(op, "mul") ? a * b
                                        : sticky_sum(a * b, c);
    uint64_t bits = narrow(op, r);
    if (opcode_has(op, "ftz") && (bits & 0x7c00) == 0) {
        bits &= 0x8000;
    }
    if (opcode_has(op, "sat")) {
        const double v = value(op, bits);
        bits = isnan(v) || v <= 0 ? 0 : v > 1 ? narrow(op, 1) : bits;
    }
    if (opcode_has(op, "relu")) {
        bits = !isnan(value(op, bits)) && bits & 0x8000 ? 0 : bits;
    }
    return bits;
}

static uint64_t extreme(const struct opcode *op, const uint64_t in[3]) {
    const bool least = named(op, "min"), absolute = opcode_has(op, "xorsign");
    const uint64_t flip = absolute ? (in[0] ^ in[1]) & 0x8000 : 0;
    double v[2];
    uint64_t bits[2];
    for (unsigned k = 0; k < 2; k++) {
        v[k] = value(op, absolute ? in[k] & 0x7fff : in[k]);
        bits[k] = isnan(v[k]) ? NAN_HALF : narrow(op, v[k]);
    }
    if (isnan(v[0]) || isnan(v[1])) {
        const bool nan = opcode_has(op, "NaN") || (isnan(v[0]) && isnan(v[1]));
        return nan ? NAN_HALF : bits[isnan(v[0])] | flip;
    }
    const unsigned pick = v[0] == v[1] ? (signbit(v[0]) != 0) != least : (v[0] < v[1]) != least;
    return bits[pick] | flip;
}

static uint64_t sign(const struct opcode *op, const uint64_t in[3], bool *any_nan) {
    *any_nan = isnan(value(op, in[0]));
    const uint64_t a = *any_nan ? in[0] : narrow(op, value(op, in[0]));
    return named(op, "abs") ? a & 0x7fff : a ^ 0x8000;
}

static void evaluate(const struct opcode *op, const uint64_t in[4], unsigned carry, struct expected *want) {
    (void)carry;
    const unsigned parts = type_bits(opcode_type(op)) / 16;
    for (unsigned k = 0; k < parts; k++) {
        const uint64_t part[3] = {in[0] >> 16 * k & 0xffff, in[1] >> 16 * k & 0xffff,
                                  in[2] >> 16 * k & 0xffff};
        bool any_nan = false;
        const uint64_t bits = named(op, "min") || named(op, "max")   ? extreme(op, part)
                              : named(op, "abs") || named(op, "neg") ? sign(op, part, &any_nan)
                                                                     : arithmetic(op, part);
        want->kind[k] = any_nan ? EXPECT_NAN : EXPECT_BITS;
        want->bits |= bits << 16 * k;
    }
}

evaluate_fn *family_half(const struct opcode *op) {
    static const char *const names[] = {"add", "sub", "mul", "fma", "min", "max", "abs", "neg"};
    const char *type = opcode_type(op);
    if ((strncmp(type, "f16", 3) != 0 && strncmp(type, "bf16", 4) != 0) || opcode_has(op, "f32")) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (named(op, names[i])) {
            return evaluate;
        }
    }
    return NULL;
}
