/* exec_int: integer arithmetic (PTX ISA, sections 9.7.1 and 9.7.2). */
#include "exec.h"

typedef __int128 int128;
typedef unsigned __int128 uint128;

OP2(add_16, u16, u16, u16, a + b)
OP2(add_32, u32, u32, u32, a + b)
OP2(add_64, u64, u64, u64, a + b)
OP2(sub_16, u16, u16, u16, a - b)
OP2(sub_32, u32, u32, u32, a - b)
OP2(sub_64, u64, u64, u64, a - b)
OP2(mul_16, u16, u16, u16, (uint32_t)a *b)
OP2(mul_32, u32, u32, u32, a *b)
OP2(mul_64, u64, u64, u64, a *b)
OP2(mulhi_u16, u16, u16, u16, (uint32_t)a *b >> 16)
OP2(mulhi_s16, s16, s16, s16, (int32_t)a *b >> 16)
OP2(mulhi_u32, u32, u32, u32, (uint64_t)a *b >> 32)
OP2(mulhi_s32, u32, s32, s32, (uint64_t)((int64_t)a *b) >> 32)
OP2(mulhi_u64, u64, u64, u64, (uint128)a *b >> 64)
OP2(mulhi_s64, u64, s64, s64, (uint128)((int128)a *b) >> 64)
OP2(wide_u16, u32, u16, u16, (uint32_t)a *b)
OP2(wide_s16, u32, s16, s16, (int32_t)a *b)
OP2(wide_u32, u64, u32, u32, (uint64_t)a *b)
OP2(wide_s32, u64, s32, s32, (int64_t)a *b)
OP3(mad_16, u16, u16, u16, u16, (uint32_t)a *b + c)
OP3(mad_32, u32, u32, u32, u32, a *b + c)
OP3(mad_64, u64, u64, u64, u64, a *b + c)
OP3(madhi_u16, u16, u16, u16, u16, ((uint32_t)a * b >> 16) + c)
OP3(madhi_s16, u16, s16, s16, u16, (uint32_t)((int32_t)a *b >> 16) + c)
OP3(madhi_u32, u32, u32, u32, u32, (uint32_t)((uint64_t)a *b >> 32) + c)
OP3(madhi_s32, u32, s32, s32, u32, (uint32_t)((uint64_t)((int64_t)a *b) >> 32) + c)
OP3(madhi_u64, u64, u64, u64, u64, (uint64_t)((uint128)a *b >> 64) + c)
OP3(madhi_s64, u64, s64, s64, u64, (uint64_t)((uint128)((int128)a *b) >> 64) + c)
OP3(madwide_u16, u32, u16, u16, u32, (uint32_t)a *b + c)
OP3(madwide_s16, u32, s16, s16, u32, (uint32_t)((int32_t)a *b) + c)
OP3(madwide_u32, u64, u32, u32, u64, (uint64_t)a *b + c)
OP3(madwide_s32, u64, s32, s32, u64, (uint64_t)((int64_t)a *b) + c)

static inline uint64_t low24u(uint32_t a, uint32_t b) {
    return (uint64_t)(a & 0xffffff) * (b & 0xffffff);
}

static inline int64_t low24s(int32_t a, int32_t b) {
    return (int64_t)((int32_t)((uint32_t)a << 8) >> 8) * ((int32_t)((uint32_t)b << 8) >> 8);
}

OP2(mul24lo_u32, u32, u32, u32, low24u(a, b))
OP2(mul24lo_s32, u32, s32, s32, low24s(a, b))
OP2(mul24hi_u32, u32, u32, u32, low24u(a, b) >> 16)
OP2(mul24hi_s32, u32, s32, s32, low24s(a, b) >> 16)
OP3(mad24hi_u32, u32, u32, u32, u32, (uint32_t)(low24u(a, b) >> 16) + c)
OP3(mad24hi_s32, u32, s32, s32, u32, (uint32_t)(low24s(a, b) >> 16) + c)
OP3(mad24lo_u32, u32, u32, u32, u32, (uint32_t)low24u(a, b) + c)
OP3(mad24lo_s32, u32, s32, s32, u32, (uint32_t)low24s(a, b) + c)

static inline int32_t saturate32(int64_t x) {
    return x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : (int32_t)x;
}

OP2(addsat_s32, s32, s32, s32, saturate32((int64_t)a + b))
OP2(subsat_s32, s32, s32, s32, saturate32((int64_t)a - b))
OP3(mad24hisat_s32, s32, s32, s32, s32, saturate32((int64_t)(int32_t)(low24s(a, b) >> 16) + c))
OP3(madhisat_s32, s32, s32, s32, s32, saturate32(((int64_t)a * b >> 32) + c))

/* A double holds both operands and rounds their quotient to no other integer part, and doubles divide in
 * vectors. */
static inline uint32_t quotient_u32(uint32_t a, uint32_t b) {
    return b ? (uint32_t)((double)a / (double)b) : UINT32_MAX;
}

static inline int32_t quotient_s32(int32_t a, int32_t b) {
    const bool special = b == 0 || b == -1;
    const int32_t r = (int32_t)((double)a / (double)(special ? 1 : b));
    return b == -1 ? (int32_t)(0 - (uint32_t)a) : b ? r : -1;
}

/* Division by zero has no defined result in PTX; hardware gives all ones, and the dividend as remainder. */
OP2(div_u16, u16, u16, u16, b ? a / b : 0xffff)
OP2(div_s16, s16, s16, s16, b ? a / b : -1)
OP2(div_u32, u32, u32, u32, quotient_u32(a, b))
OP2(div_s32, s32, s32, s32, quotient_s32(a, b))
OP2(div_u64, u64, u64, u64, b ? a / b : UINT64_MAX)
OP2(div_s64, s64, s64, s64, b == 0 ? -1 : b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b)
OP2(rem_u16, u16, u16, u16, b ? a % b : a)
OP2(rem_s16, s16, s16, s16, b ? a % b : a)
OP2(rem_u32, u32, u32, u32, b ? (uint32_t)a - (uint32_t)quotient_u32(a, b) * (uint32_t)b : (uint32_t)a)
OP2(rem_s32, s32, s32, s32, b ? (uint32_t)a - (uint32_t)quotient_s32(a, b) * (uint32_t)b : (uint32_t)a)
OP2(rem_u64, u64, u64, u64, b ? a % b : a)
OP2(rem_s64, s64, s64, s64, b == 0 ? a : b == -1 ? 0 : a % b)

OP1(abs_16, u16, s16, a < 0 ? -a : a)
OP1(abs_32, u32, s32, a < 0 ? 0 - (uint32_t)a : (uint32_t)a)
OP1(abs_64, u64, s64, a < 0 ? 0 - (uint64_t)a : (uint64_t)a)
OP1(neg_16, u16, u16, 0 - (uint32_t)a)
OP1(neg_32, u32, u32, 0 - a)
OP1(neg_64, u64, u64, 0 - a)
OP2(min_u16, u16, u16, u16, a < b ? a : b)
OP2(min_s16, s16, s16, s16, a < b ? a : b)
OP2(min_u32, u32, u32, u32, a < b ? a : b)
OP2(min_s32, s32, s32, s32, a < b ? a : b)
OP2(min_u64, u64, u64, u64, a < b ? a : b)
OP2(min_s64, s64, s64, s64, a < b ? a : b)
OP2(max_u16, u16, u16, u16, a > b ? a : b)
OP2(max_s16, s16, s16, s16, a > b ? a : b)
OP2(max_u32, u32, u32, u32, a > b ? a : b)
OP2(max_s32, s32, s32, s32, a > b ? a : b)
OP2(max_u64, u64, u64, u64, a > b ? a : b)
OP2(max_s64, s64, s64, s64, a > b ? a : b)
OP2(minrelu_s32, s32, s32, s32, (a < b ? a : b) < 0 ? 0 : (a < b ? a : b))
OP2(maxrelu_s32, s32, s32, s32, (a > b ? a : b) < 0 ? 0 : (a > b ? a : b))
OP3(sad_u16, u16, u16, u16, u16, (uint32_t)c + (a < b ? b - a : a - b))
OP3(sad_s16, u16, s16, s16, u16, (uint32_t)c + (uint32_t)(a < b ? b - a : a - b))
OP3(sad_u64, u64, u64, u64, u64, c + (a < b ? b - a : a - b))
OP3(sad_s64, u64, s64, s64, u64, c + (a < b ? (uint64_t)b - (uint64_t)a : (uint64_t)a - (uint64_t)b))
OP3(sad_u32, u32, u32, u32, u32, c + (a < b ? b - a : a - b))
OP3(sad_s32, u32, s32, s32, u32, c + (a < b ? (uint32_t)b - (uint32_t)a : (uint32_t)a - (uint32_t)b))

/* Pairs of 16-bit integers. */
#define PAIR(lo, hi) ((uint32_t)(uint16_t)(lo) | (uint32_t)(uint16_t)(hi) << 16)
#define LESS(T, x, y) ((T)(x) < (T)(y) ? (x) : (y))
#define MORE(T, x, y) ((T)(x) > (T)(y) ? (x) : (y))
OP2(add_16x2, u32, u32, u32, PAIR(a + b, (a >> 16) + (b >> 16)))
OP2(min_u16x2, u32, u32, u32, PAIR(LESS(uint16_t, a, b), LESS(uint16_t, a >> 16, b >> 16)))
OP2(min_s16x2, u32, u32, u32, PAIR(LESS(int16_t, a, b), LESS(int16_t, a >> 16, b >> 16)))
OP2(max_u16x2, u32, u32, u32, PAIR(MORE(uint16_t, a, b), MORE(uint16_t, a >> 16, b >> 16)))
#define RELU(x) ((int16_t)(x) < 0 ? 0 : (x))
OP2(minrelu_s16x2, u32, u32, u32, PAIR(RELU(LESS(int16_t, a, b)), RELU(LESS(int16_t, a >> 16, b >> 16))))
OP2(maxrelu_s16x2, u32, u32, u32, PAIR(RELU(MORE(int16_t, a, b)), RELU(MORE(int16_t, a >> 16, b >> 16))))
OP2(max_s16x2, u32, u32, u32, PAIR(MORE(int16_t, a, b), MORE(int16_t, a >> 16, b >> 16)))

/* ---- carries: a lane mask of the warp ---- */

#define CARRY_ADD(name, U, W, with)                                                                          \
    HANDLER(name) {                                                                                          \
        const U *a = operand(w, i->op[1]), *b = operand(w, i->op[2]);                                        \
        LANE_ARRAY U t[WARP_SIZE];                                                                           \
        uint32_t carry = 0;                                                                                  \
        EACH_LANE {                                                                                          \
            const W sum = (W)a[l] + b[l] + ((with) ? w->extra >> l & 1 : 0);                                 \
            t[l] = (U)sum;                                                                                   \
            carry |= (uint32_t)(sum >> (8 * sizeof(U)) & 1) << l;                                            \
        }                                                                                                    \
        PUT(w, i->op[0], m, t);                                                                              \
        if (i->sub) {                                                                                        \
            w->extra = (w->extra & ~m) | (carry & m);                                                        \
        }                                                                                                    \
    }
#define CARRY_SUB(name, U, W, with)                                                                          \
    HANDLER(name) {                                                                                          \
        const U *a = operand(w, i->op[1]), *b = operand(w, i->op[2]);                                        \
        LANE_ARRAY U t[WARP_SIZE];                                                                           \
        uint32_t borrow = 0;                                                                                 \
        EACH_LANE {                                                                                          \
            const W d = (W)a[l] - b[l] - ((with) ? w->extra >> l & 1 : 0);                                   \
            t[l] = (U)d;                                                                                     \
            borrow |= (uint32_t)(d >> (8 * sizeof(U)) & 1) << l;                                             \
        }                                                                                                    \
        PUT(w, i->op[0], m, t);                                                                              \
        if (i->sub) {                                                                                        \
            w->extra = (w->extra & ~m) | (borrow & m);                                                       \
        }                                                                                                    \
    }
#define CARRY_MAD(name, U, W, S, high, with)                                                                 \
    HANDLER(name) {                                                                                          \
        const U *a = operand(w, i->op[1]), *b = operand(w, i->op[2]), *c = operand(w, i->op[3]);             \
        LANE_ARRAY U t[WARP_SIZE];                                                                           \
        uint32_t carry = 0;                                                                                  \
        EACH_LANE {                                                                                          \
            const W product = (W)((W)(S)a[l] * (W)(S)b[l]);                                                  \
            const W sum = (W)(U)((high) ? product >> (8 * sizeof(U)) : product) + c[l] +                     \
                          ((with) ? w->extra >> l & 1 : 0);                                                  \
            t[l] = (U)sum;                                                                                   \
            carry |= (uint32_t)(sum >> (8 * sizeof(U)) & 1) << l;                                            \
        }                                                                                                    \
        PUT(w, i->op[0], m, t);                                                                              \
        if (i->sub) {                                                                                        \
            w->extra = (w->extra & ~m) | (carry & m);                                                        \
        }                                                                                                    \
    }
CARRY_ADD(addcc_32, uint32_t, uint64_t, false)
CARRY_ADD(addc_32, uint32_t, uint64_t, true)
CARRY_ADD(addcc_64, uint64_t, uint128, false)
CARRY_ADD(addc_64, uint64_t, uint128, true)
CARRY_SUB(subcc_32, uint32_t, uint64_t, false)
CARRY_SUB(subc_32, uint32_t, uint64_t, true)
CARRY_SUB(subcc_64, uint64_t, uint128, false)
CARRY_SUB(subc_64, uint64_t, uint128, true)
CARRY_MAD(madlocc_32, uint32_t, uint64_t, uint32_t, false, false)
CARRY_MAD(madloc_32, uint32_t, uint64_t, uint32_t, false, true)
CARRY_MAD(madhicc_u32, uint32_t, uint64_t, uint32_t, true, false)
CARRY_MAD(madhic_u32, uint32_t, uint64_t, uint32_t, true, true)
CARRY_MAD(madhicc_s32, uint32_t, uint64_t, int32_t, true, false)
CARRY_MAD(madhic_s32, uint32_t, uint64_t, int32_t, true, true)
CARRY_MAD(madhicc_s64, uint64_t, uint128, int64_t, true, false)
CARRY_MAD(madhic_s64, uint64_t, uint128, int64_t, true, true)
CARRY_MAD(madlocc_64, uint64_t, uint128, uint64_t, false, false)
CARRY_MAD(madloc_64, uint64_t, uint128, uint64_t, false, true)
CARRY_MAD(madhicc_u64, uint64_t, uint128, uint64_t, true, false)
CARRY_MAD(madhic_u64, uint64_t, uint128, uint64_t, true, true)

#define I32 "{u32,s32}"

static const struct op_row rows[] = {
    {"add.{u16,s16}", "h:hh", add_16, PIPE_ALU, 0},
    {"add." I32, "w:ww", add_32, PIPE_ALU, 0},
    {"add.{u64,s64}", "d:dd", add_64, PIPE_ALU, 0},
    {"add.{u16x2,s16x2}", "w:ww", add_16x2, PIPE_ALU, 0},
    {"add.sat.s32", "w:ww", addsat_s32, PIPE_ALU, 0},
    {"sub.{u16,s16}", "h:hh", sub_16, PIPE_ALU, 0},
    {"sub." I32, "w:ww", sub_32, PIPE_ALU, 0},
    {"sub.{u64,s64}", "d:dd", sub_64, PIPE_ALU, 0},
    {"sub.sat.s32", "w:ww", subsat_s32, PIPE_ALU, 0},
    {"mul.lo.{u16,s16}", "h:hh", mul_16, PIPE_FMA, 0},
    {"mul.lo." I32, "w:ww", mul_32, PIPE_FMA, 0},
    {"mul.lo.{u64,s64}", "d:dd", mul_64, PIPE_FMA, 0},
    {"mul.hi.u16", "h:hh", mulhi_u16, PIPE_FMA, 0},
    {"mul.hi.s16", "h:hh", mulhi_s16, PIPE_FMA, 0},
    {"mul.hi.u32", "w:ww", mulhi_u32, PIPE_FMA, 0},
    {"mul.hi.s32", "w:ww", mulhi_s32, PIPE_FMA, 0},
    {"mul.hi.u64", "d:dd", mulhi_u64, PIPE_FMA, 0},
    {"mul.hi.s64", "d:dd", mulhi_s64, PIPE_FMA, 0},
    {"mul.wide.u16", "w:hh", wide_u16, PIPE_FMA, 0},
    {"mul.wide.s16", "w:hh", wide_s16, PIPE_FMA, 0},
    {"mul.wide.u32", "d:ww", wide_u32, PIPE_FMA, 0},
    {"mul.wide.s32", "d:ww", wide_s32, PIPE_FMA, 0},
    {"mad.lo.{u16,s16}", "h:hhh", mad_16, PIPE_FMA, 0},
    {"mad.lo." I32, "w:www", mad_32, PIPE_FMA, 0},
    {"mad.lo.{u64,s64}", "d:ddd", mad_64, PIPE_FMA, 0},
    {"mad.hi.u16", "h:hhh", madhi_u16, PIPE_FMA, 0},
    {"mad.hi.s16", "h:hhh", madhi_s16, PIPE_FMA, 0},
    {"mad.hi.u32", "w:www", madhi_u32, PIPE_FMA, 0},
    {"mad.hi.s32", "w:www", madhi_s32, PIPE_FMA, 0},
    {"mad.hi.sat.s32", "w:www", madhisat_s32, PIPE_FMA, 0},
    {"mad.hi.u64", "d:ddd", madhi_u64, PIPE_FMA, 0},
    {"mad.hi.s64", "d:ddd", madhi_s64, PIPE_FMA, 0},
    {"mad.wide.u16", "w:hhw", madwide_u16, PIPE_FMA, 0},
    {"mad.wide.s16", "w:hhw", madwide_s16, PIPE_FMA, 0},
    {"mad.wide.u32", "d:wwd", madwide_u32, PIPE_FMA, 0},
    {"mad.wide.s32", "d:wwd", madwide_s32, PIPE_FMA, 0},
    {"mul24.lo.u32", "w:ww", mul24lo_u32, PIPE_FMA, 0},
    {"mul24.lo.s32", "w:ww", mul24lo_s32, PIPE_FMA, 0},
    {"mul24.hi.u32", "w:ww", mul24hi_u32, PIPE_FMA, 0},
    {"mul24.hi.s32", "w:ww", mul24hi_s32, PIPE_FMA, 0},
    {"mad24.hi.u32", "w:www", mad24hi_u32, PIPE_FMA, 0},
    {"mad24.hi.s32", "w:www", mad24hi_s32, PIPE_FMA, 0},
    {"mad24.hi.sat.s32", "w:www", mad24hisat_s32, PIPE_FMA, 0},
    {"mad24.lo.u32", "w:www", mad24lo_u32, PIPE_FMA, 0},
    {"mad24.lo.s32", "w:www", mad24lo_s32, PIPE_FMA, 0},
    {"div.u16", "h:hh", div_u16, PIPE_ALU, 0},
    {"div.s16", "h:hh", div_s16, PIPE_ALU, 0},
    {"div.u32", "w:ww", div_u32, PIPE_ALU, 0},
    {"div.s32", "w:ww", div_s32, PIPE_ALU, 0},
    {"div.u64", "d:dd", div_u64, PIPE_ALU, 0},
    {"div.s64", "d:dd", div_s64, PIPE_ALU, 0},
    {"rem.u16", "h:hh", rem_u16, PIPE_ALU, 0},
    {"rem.s16", "h:hh", rem_s16, PIPE_ALU, 0},
    {"rem.u32", "w:ww", rem_u32, PIPE_ALU, 0},
    {"rem.s32", "w:ww", rem_s32, PIPE_ALU, 0},
    {"rem.u64", "d:dd", rem_u64, PIPE_ALU, 0},
    {"rem.s64", "d:dd", rem_s64, PIPE_ALU, 0},
    {"abs.s16", "h:h", abs_16, PIPE_ALU, 0},
    {"abs.s32", "w:w", abs_32, PIPE_ALU, 0},
    {"abs.s64", "d:d", abs_64, PIPE_ALU, 0},
    {"neg.s16", "h:h", neg_16, PIPE_ALU, 0},
    {"neg.s32", "w:w", neg_32, PIPE_ALU, 0},
    {"neg.s64", "d:d", neg_64, PIPE_ALU, 0},
    {"min.u16", "h:hh", min_u16, PIPE_ALU, 0},
    {"min.s16", "h:hh", min_s16, PIPE_ALU, 0},
    {"min.u32", "w:ww", min_u32, PIPE_ALU, 0},
    {"min.s32", "w:ww", min_s32, PIPE_ALU, 0},
    {"min.u64", "d:dd", min_u64, PIPE_ALU, 0},
    {"min.s64", "d:dd", min_s64, PIPE_ALU, 0},
    {"max.u16", "h:hh", max_u16, PIPE_ALU, 0},
    {"max.s16", "h:hh", max_s16, PIPE_ALU, 0},
    {"max.u32", "w:ww", max_u32, PIPE_ALU, 0},
    {"max.s32", "w:ww", max_s32, PIPE_ALU, 0},
    {"max.u64", "d:dd", max_u64, PIPE_ALU, 0},
    {"max.s64", "d:dd", max_s64, PIPE_ALU, 0},
    {"min{.relu.s32,.s32.relu}", "w:ww", minrelu_s32, PIPE_ALU, 0},
    {"max{.relu.s32,.s32.relu}", "w:ww", maxrelu_s32, PIPE_ALU, 0},
    {"min{.relu.s16x2,.s16x2.relu}", "w:ww", minrelu_s16x2, PIPE_ALU, 0},
    {"max{.relu.s16x2,.s16x2.relu}", "w:ww", maxrelu_s16x2, PIPE_ALU, 0},
    {"min.u16x2", "w:ww", min_u16x2, PIPE_ALU, 0},
    {"min.s16x2", "w:ww", min_s16x2, PIPE_ALU, 0},
    {"max.u16x2", "w:ww", max_u16x2, PIPE_ALU, 0},
    {"max.s16x2", "w:ww", max_s16x2, PIPE_ALU, 0},
    {"sad.u16", "h:hhh", sad_u16, PIPE_ALU, 0},
    {"sad.s16", "h:hhh", sad_s16, PIPE_ALU, 0},
    {"sad.u64", "d:ddd", sad_u64, PIPE_ALU, 0},
    {"sad.s64", "d:ddd", sad_s64, PIPE_ALU, 0},
    {"sad.u32", "w:www", sad_u32, PIPE_ALU, 0},
    {"sad.s32", "w:www", sad_s32, PIPE_ALU, 0},
    {"add.cc." I32, "w:ww", addcc_32, PIPE_ALU, 1},
    {"addc." I32, "w:ww", addc_32, PIPE_ALU, 0},
    {"addc.cc." I32, "w:ww", addc_32, PIPE_ALU, 1},
    {"add.cc.{u64,s64}", "d:dd", addcc_64, PIPE_ALU, 1},
    {"addc.{u64,s64}", "d:dd", addc_64, PIPE_ALU, 0},
    {"addc.cc.{u64,s64}", "d:dd", addc_64, PIPE_ALU, 1},
    {"sub.cc." I32, "w:ww", subcc_32, PIPE_ALU, 1},
    {"subc." I32, "w:ww", subc_32, PIPE_ALU, 0},
    {"subc.cc." I32, "w:ww", subc_32, PIPE_ALU, 1},
    {"sub.cc.{u64,s64}", "d:dd", subcc_64, PIPE_ALU, 1},
    {"subc.{u64,s64}", "d:dd", subc_64, PIPE_ALU, 0},
    {"subc.cc.{u64,s64}", "d:dd", subc_64, PIPE_ALU, 1},
    {"mad.lo.cc." I32, "w:www", madlocc_32, PIPE_FMA, 1},
    {"madc.lo." I32, "w:www", madloc_32, PIPE_FMA, 0},
    {"madc.lo.cc." I32, "w:www", madloc_32, PIPE_FMA, 1},
    {"mad.hi.cc.u32", "w:www", madhicc_u32, PIPE_FMA, 1},
    {"madc.hi.u32", "w:www", madhic_u32, PIPE_FMA, 0},
    {"madc.hi.cc.u32", "w:www", madhic_u32, PIPE_FMA, 1},
    {"mad.hi.cc.s32", "w:www", madhicc_s32, PIPE_FMA, 1},
    {"madc.hi.s32", "w:www", madhic_s32, PIPE_FMA, 0},
    {"madc.hi.cc.s32", "w:www", madhic_s32, PIPE_FMA, 1},
    {"mad.hi.cc.s64", "d:ddd", madhicc_s64, PIPE_FMA, 1},
    {"madc.hi.s64", "d:ddd", madhic_s64, PIPE_FMA, 0},
    {"madc.hi.cc.s64", "d:ddd", madhic_s64, PIPE_FMA, 1},
    {"mad.lo.cc.{u64,s64}", "d:ddd", madlocc_64, PIPE_FMA, 1},
    {"madc.lo.{u64,s64}", "d:ddd", madloc_64, PIPE_FMA, 0},
    {"madc.lo.cc.{u64,s64}", "d:ddd", madloc_64, PIPE_FMA, 1},
    {"mad.hi.cc.u64", "d:ddd", madhicc_u64, PIPE_FMA, 1},
    {"madc.hi.u64", "d:ddd", madhic_u64, PIPE_FMA, 0},
    {"madc.hi.cc.u64", "d:ddd", madhic_u64, PIPE_FMA, 1},
};

const struct op_table EXEC_NAME(ops_int);
const struct op_table EXEC_NAME(ops_int) = {rows, sizeof rows / sizeof *rows};
