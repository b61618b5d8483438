/* exec_half: f16 and bf16 arithmetic, single and in pairs (PTX ISA, section 9.7.4).
 *
 * Sums and products of two f16 or bf16 are computed exactly or with an innocuous first rounding (the float
 * has more than twice the bits); fma goes through a double rounded to odd. NaN results are canonical: 0x7fff.
 */
#include <math.h>

#include "exec.h"
#include "soft.h"

/* One scalar operation each, T = half or bf16. */
#define WIDE_half half_to_float
#define WIDE_bf16 bf16_to_float
#define NARROW_half float_to_half
#define NARROW_bf16 float_to_bf16

static inline uint32_t fma_half(uint32_t a, uint32_t b, uint32_t c) {
    const double p = (double)half_to_float(a) * (double)half_to_float(b);
    return soft_narrow(sum_to_odd(p, (double)half_to_float(c)), 5, 10, ROUND_NEAREST);
}

static inline uint32_t fma_bf16(uint32_t a, uint32_t b, uint32_t c) {
    const double p = (double)bf16_to_float(a) * (double)bf16_to_float(b);
    return soft_narrow(sum_to_odd(p, (double)bf16_to_float(c)), 8, 7, ROUND_NEAREST);
}

static inline uint32_t mul_half(uint32_t a, uint32_t b) {
    return float_to_half(half_to_float(a) * half_to_float(b));
}

/* bf16 has float's range, so a small product would be rounded twice in float. */
static inline uint32_t mul_bf16(uint32_t a, uint32_t b) {
    return soft_narrow((double)bf16_to_float(a) * (double)bf16_to_float(b), 8, 7, ROUND_NEAREST);
}

/* made for every type or operation, called for some */
#define SOME __attribute__((unused)) static inline

#define SCALAR(T)                                                                                            \
    static inline uint32_t add_##T(uint32_t a, uint32_t b) {                                                 \
        return NARROW_##T(WIDE_##T(a) + WIDE_##T(b));                                                        \
    }                                                                                                        \
    static inline uint32_t sub_##T(uint32_t a, uint32_t b) {                                                 \
        return NARROW_##T(WIDE_##T(a) - WIDE_##T(b));                                                        \
    }                                                                                                        \
    static inline uint32_t min_##T(uint32_t a, uint32_t b) {                                                 \
        const float x = WIDE_##T(a), y = WIDE_##T(b);                                                        \
        return x != x ? (y != y ? 0x7fff : b) : y != y ? a : x < y || (x == y && (a & 0x8000)) ? a : b;      \
    }                                                                                                        \
    static inline uint32_t max_##T(uint32_t a, uint32_t b) {                                                 \
        const float x = WIDE_##T(a), y = WIDE_##T(b);                                                        \
        return x != x ? (y != y ? 0x7fff : b) : y != y ? a : x > y || (x == y && !(a & 0x8000)) ? a : b;     \
    }                                                                                                        \
    static inline uint32_t minnan_##T(uint32_t a, uint32_t b) {                                              \
        return WIDE_##T(a) != WIDE_##T(a) || WIDE_##T(b) != WIDE_##T(b) ? 0x7fff : min_##T(a, b);            \
    }                                                                                                        \
    static inline uint32_t maxnan_##T(uint32_t a, uint32_t b) {                                              \
        return WIDE_##T(a) != WIDE_##T(a) || WIDE_##T(b) != WIDE_##T(b) ? 0x7fff : max_##T(a, b);            \
    }                                                                                                        \
    static inline uint32_t relu_##T(uint32_t a) {                                                            \
        return WIDE_##T(a) != WIDE_##T(a) ? 0x7fff : a & 0x8000 ? 0 : a;                                     \
    }                                                                                                        \
    SOME uint32_t sat_##T(uint32_t a) {                                                                      \
        const float x = WIDE_##T(a);                                                                         \
        return x > 0 ? (x < 1 ? a : NARROW_##T(1)) : 0;                                                      \
    }
SCALAR(half)
SCALAR(bf16)

/* .ftz, for f16 only */
static inline uint32_t flush_half(uint32_t a) {
    return a & 0x7c00 ? a : a & 0x8000;
}

#define FLUSHED(name)                                                                                        \
    SOME uint32_t name##ftz_half(uint32_t a, uint32_t b) {                                                   \
        return flush_half(name##_half(flush_half(a), flush_half(b)));                                        \
    }                                                                                                        \
    SOME uint32_t name##ftzsat_half(uint32_t a, uint32_t b) {                                                \
        return sat_half(name##ftz_half(a, b));                                                               \
    }                                                                                                        \
    SOME uint32_t name##sat_half(uint32_t a, uint32_t b) {                                                   \
        return sat_half(name##_half(a, b));                                                                  \
    }
FLUSHED(add)
FLUSHED(sub)
FLUSHED(mul)
FLUSHED(min)
FLUSHED(max)
FLUSHED(minnan)
FLUSHED(maxnan)

static inline uint32_t fmaftz_half(uint32_t a, uint32_t b, uint32_t c) {
    return flush_half(fma_half(flush_half(a), flush_half(b), flush_half(c)));
}

/* .xorsign.abs: of the magnitudes, with the product's sign; NaN stays as it is. */
#define SIGNED(name, T)                                                                                      \
    static inline uint32_t name##xor_##T(uint32_t a, uint32_t b) {                                           \
        const uint32_t r = name##_##T(a & 0x7fff, b & 0x7fff);                                               \
        return r == 0x7fff ? r : r | ((a ^ b) & 0x8000);                                                     \
    }
SIGNED(min, half)
SIGNED(max, half)
SIGNED(minnan, half)
SIGNED(maxnan, half)
SIGNED(min, bf16)
SIGNED(max, bf16)
SIGNED(minnan, bf16)
SIGNED(maxnan, bf16)
SIGNED(minftz, half)
SIGNED(maxftz, half)
SIGNED(minnanftz, half)
SIGNED(maxnanftz, half)

#define LO(x) ((x)&0xffff)
#define HI(x) ((x) >> 16)
#define TWO_OPERANDS(name, T)                                                                                \
    OP2(name##_##T##_h, u16, u16, u16, name##_##T(a, b))                                                     \
    OP2(name##_##T##_x2, u32, u32, u32, name##_##T(LO(a), LO(b)) | name##_##T(HI(a), HI(b)) << 16)
#define ALL(T)                                                                                               \
    TWO_OPERANDS(add, T)                                                                                     \
    TWO_OPERANDS(sub, T)                                                                                     \
    TWO_OPERANDS(mul, T)                                                                                     \
    TWO_OPERANDS(min, T)                                                                                     \
    TWO_OPERANDS(max, T)                                                                                     \
    TWO_OPERANDS(minnan, T)                                                                                  \
    TWO_OPERANDS(maxnan, T)                                                                                  \
    OP3(fma_##T##_h, u16, u16, u16, u16, fma_##T(a, b, c))                                                   \
    OP3(fma_##T##_x2, u32, u32, u32, u32, fma_##T(LO(a), LO(b), LO(c)) | fma_##T(HI(a), HI(b), HI(c)) << 16) \
    OP3(fmarelu_##T##_h, u16, u16, u16, u16, relu_##T(fma_##T(a, b, c)))                                     \
    OP3(fmarelu_##T##_x2, u32, u32, u32, u32,                                                                \
        relu_##T(fma_##T(LO(a), LO(b), LO(c))) | relu_##T(fma_##T(HI(a), HI(b), HI(c))) << 16)
ALL(half)
ALL(bf16)
TWO_OPERANDS(addsat, half)
TWO_OPERANDS(addftz, half)
TWO_OPERANDS(addftzsat, half)
TWO_OPERANDS(subsat, half)
TWO_OPERANDS(subftz, half)
TWO_OPERANDS(subftzsat, half)
TWO_OPERANDS(mulsat, half)
TWO_OPERANDS(mulftz, half)
TWO_OPERANDS(mulftzsat, half)
TWO_OPERANDS(minftz, half)
TWO_OPERANDS(maxftz, half)
TWO_OPERANDS(minnanftz, half)
TWO_OPERANDS(maxnanftz, half)
TWO_OPERANDS(minxor, half)
TWO_OPERANDS(maxxor, half)
TWO_OPERANDS(minnanxor, half)
TWO_OPERANDS(maxnanxor, half)
TWO_OPERANDS(minftzxor, half)
TWO_OPERANDS(maxftzxor, half)
TWO_OPERANDS(minnanftzxor, half)
TWO_OPERANDS(maxnanftzxor, half)
TWO_OPERANDS(minxor, bf16)
TWO_OPERANDS(maxxor, bf16)
TWO_OPERANDS(minnanxor, bf16)
TWO_OPERANDS(maxnanxor, bf16)
#define THREE_OPERANDS(name, expr)                                                                           \
    static inline uint32_t name##_half(uint32_t a, uint32_t b, uint32_t c) {                                 \
        return expr;                                                                                         \
    }                                                                                                        \
    OP3(name##_half_h, u16, u16, u16, u16, name##_half(a, b, c))                                             \
    OP3(name##_half_x2, u32, u32, u32, u32,                                                                  \
        name##_half(LO(a), LO(b), LO(c)) | name##_half(HI(a), HI(b), HI(c)) << 16)
THREE_OPERANDS(fmasat, sat_half(fma_half(a, b, c)))
THREE_OPERANDS(fmaflush, fmaftz_half(a, b, c))
THREE_OPERANDS(fmaftzsat, sat_half(fmaftz_half(a, b, c)))
THREE_OPERANDS(fmaftzrelu, relu_half(fmaftz_half(a, b, c)))
OP1(absftz_h, u16, u16, flush_half(a & 0x7fff))
OP1(absftz_x2, u32, u32, flush_half(LO(a) & 0x7fff) | flush_half(HI(a) & 0x7fff) << 16)
OP1(negftz_h, u16, u16, flush_half(a ^ 0x8000u))
OP1(negftz_x2, u32, u32, flush_half(LO(a) ^ 0x8000) | flush_half(HI(a) ^ 0x8000) << 16)
OP1(abs_h, u16, u16, a & 0x7fff)
OP1(abs_x2, u32, u32, a & 0x7fff7fff)
OP1(neg_h, u16, u16, a ^ 0x8000)
OP1(neg_x2, u32, u32, a ^ 0x80008000)

#define ROWS(T, one, two)                                                                                    \
    {"add{,.rn}." one, "h:hh", add_##T##_h, PIPE_HALF, 0},                                                   \
        {"add{,.rn}." two, "w:ww", add_##T##_x2, PIPE_HALF, 0},                                              \
        {"sub{,.rn}." one, "h:hh", sub_##T##_h, PIPE_HALF, 0},                                               \
        {"sub{,.rn}." two, "w:ww", sub_##T##_x2, PIPE_HALF, 0},                                              \
        {"mul{,.rn}." one, "h:hh", mul_##T##_h, PIPE_HALF, 0},                                               \
        {"mul{,.rn}." two, "w:ww", mul_##T##_x2, PIPE_HALF, 0},                                              \
        {"fma.rn." one, "h:hhh", fma_##T##_h, PIPE_HALF, 0},                                                 \
        {"fma.rn." two, "w:www", fma_##T##_x2, PIPE_HALF, 0},                                                \
        {"fma.rn.relu." one, "h:hhh", fmarelu_##T##_h, PIPE_HALF, 0},                                        \
        {"fma.rn.relu." two, "w:www", fmarelu_##T##_x2, PIPE_HALF, 0},                                       \
        {"min." one, "h:hh", min_##T##_h, PIPE_HALF, 0}, {"min." two, "w:ww", min_##T##_x2, PIPE_HALF, 0},   \
        {"max." one, "h:hh", max_##T##_h, PIPE_HALF, 0}, {"max." two, "w:ww", max_##T##_x2, PIPE_HALF, 0},   \
        {"min.NaN." one, "h:hh", minnan_##T##_h, PIPE_HALF, 0},                                              \
        {"min.NaN." two, "w:ww", minnan_##T##_x2, PIPE_HALF, 0},                                             \
        {"max.NaN." one, "h:hh", maxnan_##T##_h, PIPE_HALF, 0},                                              \
        {"max.NaN." two, "w:ww", maxnan_##T##_x2, PIPE_HALF, 0},                                             \
        {"min.xorsign.abs." one, "h:hh", minxor_##T##_h, PIPE_HALF, 0},                                      \
        {"min.xorsign.abs." two, "w:ww", minxor_##T##_x2, PIPE_HALF, 0},                                     \
        {"max.xorsign.abs." one, "h:hh", maxxor_##T##_h, PIPE_HALF, 0},                                      \
        {"max.xorsign.abs." two, "w:ww", maxxor_##T##_x2, PIPE_HALF, 0},                                     \
        {"min.NaN.xorsign.abs." one, "h:hh", minnanxor_##T##_h, PIPE_HALF, 0},                               \
        {"min.NaN.xorsign.abs." two, "w:ww", minnanxor_##T##_x2, PIPE_HALF, 0},                              \
        {"max.NaN.xorsign.abs." one, "h:hh", maxnanxor_##T##_h, PIPE_HALF, 0},                               \
        {"max.NaN.xorsign.abs." two, "w:ww", maxnanxor_##T##_x2, PIPE_HALF, 0},                              \
        {"abs." one, "h:h", abs_h, PIPE_HALF, 0}, {"abs." two, "w:w", abs_x2, PIPE_HALF, 0},                 \
        {"neg." one, "h:h", neg_h, PIPE_HALF, 0}, {                                                          \
        "neg." two, "w:w", neg_x2, PIPE_HALF, 0                                                              \
    }

#define BOTH(op, one, two, run)                                                                              \
    {op ".f16", one, run##_h, PIPE_HALF, 0}, {                                                               \
        op ".f16x2", two, run##_x2, PIPE_HALF, 0                                                             \
    }

static const struct op_row rows[] = {
    ROWS(half, "f16", "f16x2"),
    ROWS(bf16, "bf16", "bf16x2"),
    BOTH("add{,.rn}.sat", "h:hh", "w:ww", addsat_half),
    BOTH("add{,.rn}.ftz", "h:hh", "w:ww", addftz_half),
    BOTH("add{,.rn}.ftz.sat", "h:hh", "w:ww", addftzsat_half),
    BOTH("sub{,.rn}.sat", "h:hh", "w:ww", subsat_half),
    BOTH("sub{,.rn}.ftz", "h:hh", "w:ww", subftz_half),
    BOTH("sub{,.rn}.ftz.sat", "h:hh", "w:ww", subftzsat_half),
    BOTH("mul{,.rn}.sat", "h:hh", "w:ww", mulsat_half),
    BOTH("mul{,.rn}.ftz", "h:hh", "w:ww", mulftz_half),
    BOTH("mul{,.rn}.ftz.sat", "h:hh", "w:ww", mulftzsat_half),
    BOTH("fma.rn.sat", "h:hhh", "w:www", fmasat_half),
    BOTH("fma.rn.ftz", "h:hhh", "w:www", fmaflush_half),
    BOTH("fma.rn.ftz.sat", "h:hhh", "w:www", fmaftzsat_half),
    BOTH("fma.rn.ftz.relu", "h:hhh", "w:www", fmaftzrelu_half),
    BOTH("abs.ftz", "h:h", "w:w", absftz),
    BOTH("neg.ftz", "h:h", "w:w", negftz),
    BOTH("min.ftz", "h:hh", "w:ww", minftz_half),
    BOTH("max.ftz", "h:hh", "w:ww", maxftz_half),
    BOTH("min.ftz.NaN", "h:hh", "w:ww", minnanftz_half),
    BOTH("max.ftz.NaN", "h:hh", "w:ww", maxnanftz_half),
    BOTH("min.ftz.xorsign.abs", "h:hh", "w:ww", minftzxor_half),
    BOTH("max.ftz.xorsign.abs", "h:hh", "w:ww", maxftzxor_half),
    BOTH("min.ftz.NaN.xorsign.abs", "h:hh", "w:ww", minnanftzxor_half),
    BOTH("max.ftz.NaN.xorsign.abs", "h:hh", "w:ww", maxnanftzxor_half),
};

const struct op_table EXEC_NAME(ops_half);
const struct op_table EXEC_NAME(ops_half) = {rows, sizeof rows / sizeof *rows};
