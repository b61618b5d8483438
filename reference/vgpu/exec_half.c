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
    static inline uint32_t sat_##T(uint32_t a) {                                                             \
        const float x = WIDE_##T(a);                                                                         \
        return x > 0 ? (x < 1 ? a : NARROW_##T(1)) : 0;                                                      \
    }
SCALAR(half)
SCALAR(bf16)

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
OP2(addsat_h, u16, u16, u16, sat_half(add_half(a, b)))
OP2(addsat_x2, u32, u32, u32, sat_half(add_half(LO(a), LO(b))) | sat_half(add_half(HI(a), HI(b))) << 16)
OP2(mulsat_h, u16, u16, u16, sat_half(mul_half(a, b)))
OP2(mulsat_x2, u32, u32, u32, sat_half(mul_half(LO(a), LO(b))) | sat_half(mul_half(HI(a), HI(b))) << 16)
OP3(fmasat_h, u16, u16, u16, u16, sat_half(fma_half(a, b, c)))
OP3(fmasat_x2, u32, u32, u32, u32,
    sat_half(fma_half(LO(a), LO(b), LO(c))) | sat_half(fma_half(HI(a), HI(b), HI(c))) << 16)
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
        {"max.NaN." two, "w:ww", maxnan_##T##_x2, PIPE_HALF, 0}, {"abs." one, "h:h", abs_h, PIPE_HALF, 0},   \
        {"abs." two, "w:w", abs_x2, PIPE_HALF, 0}, {"neg." one, "h:h", neg_h, PIPE_HALF, 0}, {               \
        "neg." two, "w:w", neg_x2, PIPE_HALF, 0                                                              \
    }

static const struct op_row rows[] = {
    ROWS(half, "f16", "f16x2"),
    ROWS(bf16, "bf16", "bf16x2"),
    {"add{,.rn}.sat.f16", "h:hh", addsat_h, PIPE_HALF, 0},
    {"add{,.rn}.sat.f16x2", "w:ww", addsat_x2, PIPE_HALF, 0},
    {"mul{,.rn}.sat.f16", "h:hh", mulsat_h, PIPE_HALF, 0},
    {"mul{,.rn}.sat.f16x2", "w:ww", mulsat_x2, PIPE_HALF, 0},
    {"fma.rn.sat.f16", "h:hhh", fmasat_h, PIPE_HALF, 0},
    {"fma.rn.sat.f16x2", "w:www", fmasat_x2, PIPE_HALF, 0},
};

const struct op_table EXEC_NAME(ops_half);
const struct op_table EXEC_NAME(ops_half) = {rows, sizeof rows / sizeof *rows};
