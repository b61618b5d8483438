/* conform_float: what f32 and f64 arithmetic must give: the host's IEEE arithmetic, an operation at a time,
 * in the rounding mode that the instruction names. This file is compiled without contraction. */
#include <fenv.h>
#include <math.h>
#include <string.h>

#include "conform.h"

enum { NAN_F32 = 0x7fffffff };

static bool named(const struct opcode *op, const char *name) {
    return strcmp(op->word[0], name) == 0;
}

/* volatile: the compiler neither folds nor moves the operation out of its rounding mode */
#define ARITHMETIC(name, T, square_root, fused)                                                              \
    static T name(const struct opcode *op, T first, T second, T third) {                                     \
        volatile T a = first, b = second, c = third, r = 0;                                                  \
        fesetround(opcode_rounding(op));                                                                     \
        if (named(op, "add")) {                                                                              \
            r = a + b;                                                                                       \
        } else if (named(op, "sub")) {                                                                       \
            r = a - b;                                                                                       \
        } else if (named(op, "mul")) {                                                                       \
            r = a * b;                                                                                       \
        } else if (named(op, "div")) {                                                                       \
            r = a / b;                                                                                       \
        } else if (named(op, "rcp")) {                                                                       \
            r = 1 / a;                                                                                       \
        } else if (named(op, "sqrt")) {                                                                      \
            r = square_root(a);                                                                              \
        } else {                                                                                             \
            r = fused(a, b, c);                                                                              \
        }                                                                                                    \
        fesetround(FE_TONEAREST);                                                                            \
        return r;                                                                                            \
    }
ARITHMETIC(arithmetic_f32, float, sqrtf, fmaf)
ARITHMETIC(arithmetic_f64, double, sqrt, fma)

static uint64_t one_f32(const struct opcode *op, uint64_t x, uint64_t y, uint64_t z) {
    float a = f32_value(x), b = f32_value(y), c = f32_value(z);
    const bool ftz = opcode_has(op, "ftz");
    if (ftz) {
        a = f32_flush(a);
        b = f32_flush(b);
        c = f32_flush(c);
    }
    float r = arithmetic_f32(op, a, b, c);
    if (opcode_has(op, "sat")) {
        r = isnan(r) || r <= 0 ? 0 : r > 1 ? 1 : r;
    }
    r = ftz ? f32_flush(r) : r;
    return isnan(r) ? NAN_F32 : f32_bits(r);
}

static void evaluate_arithmetic(const struct opcode *op, const uint64_t in[4], unsigned carry,
                                struct expected *want) {
    (void)carry;
    const char *type = opcode_type(op);
    if (strcmp(type, "f32x2") == 0) {
        want->bits = one_f32(op, in[0] & UINT32_MAX, in[1] & UINT32_MAX, in[2] & UINT32_MAX) |
                     one_f32(op, in[0] >> 32, in[1] >> 32, in[2] >> 32) << 32;
    } else if (strcmp(type, "f64") == 0) {
        const double r = arithmetic_f64(op, f64_value(in[0]), f64_value(in[1]), f64_value(in[2]));
        want->kind[0] = isnan(r) ? EXPECT_NAN : EXPECT_BITS;
        want->bits = f64_bits(r);
    } else {
        want->bits = one_f32(op, in[0], in[1], in[2]);
    }
}

/* add, sub, fma of f32 with operands of f16 or bf16: these are widened, which is exact. */
static void evaluate_mixed(const struct opcode *op, const uint64_t in[4], unsigned carry,
                           struct expected *want) {
    (void)carry;
    const bool bf16 = strcmp(opcode_type(op), "bf16") == 0;
    uint64_t wide[3];
    for (unsigned k = 0; k < 3; k++) {
        const bool narrow = named(op, "fma") ? k < 2 : k == 0;
        wide[k] = narrow ? f32_bits((float)(bf16 ? bf16_value(in[k]) : half_value(in[k]))) : in[k];
    }
    want->bits = one_f32(op, wide[0], wide[1], wide[2]);
}

static double extreme(const struct opcode *op, double a, double b) {
    const bool least = named(op, "min");
    if (isnan(a) || isnan(b)) {
        return opcode_has(op, "NaN") || (isnan(a) && isnan(b)) ? NAN : isnan(a) ? b : a;
    }
    if (a == b) { /* -0 is the smaller */
        return (signbit(a) != 0) == least ? a : b;
    }
    return (a < b) == least ? a : b;
}

static void evaluate_extreme(const struct opcode *op, const uint64_t in[4], unsigned carry,
                             struct expected *want) {
    (void)carry;
    if (strcmp(opcode_type(op), "f64") == 0) {
        const double r = extreme(op, f64_value(in[0]), f64_value(in[1]));
        want->kind[0] = isnan(r) ? EXPECT_NAN : EXPECT_BITS;
        want->bits = f64_bits(r);
        return;
    }
    float v[3];
    bool sign = false;
    const unsigned count = opcode_sources(op);
    for (unsigned k = 0; k < count; k++) {
        v[k] = f32_value(in[k]);
        v[k] = opcode_has(op, "ftz") ? f32_flush(v[k]) : v[k];
        sign ^= in[k] >> 31 & 1;
        v[k] = opcode_has(op, "xorsign") || opcode_has(op, "abs") ? fabsf(v[k]) : v[k];
    }
    float r = (float)extreme(op, (double)v[0], (double)v[1]);
    r = count == 3 ? (float)extreme(op, (double)r, (double)v[2]) : r;
    if (opcode_has(op, "xorsign") && !isnan(r)) {
        r = sign ? -fabsf(r) : fabsf(r);
    }
    want->bits = isnan(r) ? NAN_F32 : f32_bits(r);
}

/* On bits: nothing is rounded. */
static void evaluate_sign(const struct opcode *op, const uint64_t in[4], unsigned carry,
                          struct expected *want) {
    (void)carry;
    const unsigned width = type_bits(opcode_type(op));
    const uint64_t top = (uint64_t)1 << (width - 1);
    uint64_t a = in[0];
    if (opcode_has(op, "ftz")) {
        a = f32_bits(f32_flush(f32_value(a)));
    }
    const double value = width == 64 ? f64_value(a) : (double)f32_value(a);
    want->kind[0] = isnan(value) && !named(op, "copysign") ? EXPECT_NAN : EXPECT_BITS;
    want->bits = named(op, "copysign") ? (in[0] & top) | (in[1] & (top - 1))
                 : named(op, "abs")    ? a & (top - 1)
                                       : a ^ top;
}

static void evaluate_test(const struct opcode *op, const uint64_t in[4], unsigned carry,
                          struct expected *want) {
    (void)carry;
    const int class =
        strcmp(opcode_type(op), "f64") == 0 ? fpclassify(f64_value(in[0])) : fpclassify(f32_value(in[0]));
    want->bits = opcode_has(op, "finite")       ? class != FP_NAN && class != FP_INFINITE
                 : opcode_has(op, "infinite")   ? class == FP_INFINITE
                 : opcode_has(op, "number")     ? class != FP_NAN
                 : opcode_has(op, "notanumber") ? class == FP_NAN
                 : opcode_has(op, "normal")     ? class == FP_NORMAL
                                                : class == FP_SUBNORMAL;
}

evaluate_fn *family_float(const struct opcode *op) {
    static const struct {
        const char *name;
        evaluate_fn *evaluate;
    } operations[] = {
        {"add", evaluate_arithmetic}, {"sub", evaluate_arithmetic}, {"mul", evaluate_arithmetic},
        {"div", evaluate_arithmetic}, {"rcp", evaluate_arithmetic}, {"sqrt", evaluate_arithmetic},
        {"fma", evaluate_arithmetic}, {"mad", evaluate_arithmetic}, {"min", evaluate_extreme},
        {"max", evaluate_extreme},    {"abs", evaluate_sign},       {"neg", evaluate_sign},
        {"copysign", evaluate_sign},  {"testp", evaluate_test},
    };
    const char *type = opcode_type(op);
    if (opcode_has(op, "approx") || opcode_has(op, "full")) {
        return NULL;
    }
    if (opcode_has(op, "f32") && (strcmp(type, "f16") == 0 || strcmp(type, "bf16") == 0) &&
        !named(op, "cvt")) {
        return evaluate_mixed;
    }
    if (strcmp(type, "f32") != 0 && strcmp(type, "f64") != 0 && strcmp(type, "f32x2") != 0) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        if (named(op, operations[i].name)) {
            return operations[i].evaluate;
        }
    }
    return NULL;
}
