/* exec_int: integer, logic, shift and bit-field instructions (PTX ISA, sections 9.7.1, 9.7.2, 9.7.8). */
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
OP3(mad24lo_u32, u32, u32, u32, u32, (uint32_t)low24u(a, b) + c)
OP3(mad24lo_s32, u32, s32, s32, u32, (uint32_t)low24s(a, b) + c)

static inline int32_t saturate32(int64_t x) {
    return x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : (int32_t)x;
}

OP2(addsat_s32, s32, s32, s32, saturate32((int64_t)a + b))
OP2(subsat_s32, s32, s32, s32, saturate32((int64_t)a - b))
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
OP2(max_s16x2, u32, u32, u32, PAIR(MORE(int16_t, a, b), MORE(int16_t, a >> 16, b >> 16)))

/* ---- logic ---- */

OP2(and_32, u32, u32, u32, a &b)
OP2(and_64, u64, u64, u64, a &b)
OP2(or_32, u32, u32, u32, a | b)
OP2(or_64, u64, u64, u64, a | b)
OP2(xor_32, u32, u32, u32, a ^ b)
OP2(xor_64, u64, u64, u64, a ^ b)
OP1(not_16, u16, u16, ~a)
OP1(not_32, u32, u32, ~a)
OP1(not_64, u64, u64, ~a)
OP1(cnot_16, u16, u16, a == 0)
OP1(cnot_32, u32, u32, a == 0)
OP1(cnot_64, u64, u64, a == 0)

HANDLER(and_pred) {
    put_predicate(w, i->op[0], m, get_predicate(w, i->op[1]) & get_predicate(w, i->op[2]));
}
HANDLER(or_pred) {
    put_predicate(w, i->op[0], m, get_predicate(w, i->op[1]) | get_predicate(w, i->op[2]));
}
HANDLER(xor_pred) {
    put_predicate(w, i->op[0], m, get_predicate(w, i->op[1]) ^ get_predicate(w, i->op[2]));
}
HANDLER(not_pred) {
    put_predicate(w, i->op[0], m, ~get_predicate(w, i->op[1]));
}

/* The table is an immediate, the same in all lanes: bit (a << 2 | b << 1 | c). */
HANDLER(lop3) {
    const uint32_t *a = operand(w, i->op[1]), *b = operand(w, i->op[2]), *c = operand(w, i->op[3]);
    const uint32_t *table = operand(w, i->op[4]);
    uint32_t on[8];
    for (unsigned k = 0; k < 8; k++) {
        on[k] = table[0] >> k & 1 ? UINT32_MAX : 0;
    }
    LANE_ARRAY uint32_t t[WARP_SIZE];
    EACH_LANE {
        const uint32_t x = a[l], y = b[l], z = c[l];
        t[l] = (~x & ((~y & ((~z & on[0]) | (z & on[1]))) | (y & ((~z & on[2]) | (z & on[3]))))) |
               (x & ((~y & ((~z & on[4]) | (z & on[5]))) | (y & ((~z & on[6]) | (z & on[7])))));
    }
    put_u32(w, i->op[0], m, t);
}

/* ---- shifts: amounts past the width clamp ---- */

OP2(shl_16, u16, u16, u32, b > 15 ? 0 : (uint32_t)a << b)
OP2(shl_32, u32, u32, u32, b > 31 ? 0 : a << (b & 31))
OP2(shl_64, u64, u64, u32, b > 63 ? 0 : a << (b & 63))
OP2(shr_u16, u16, u16, u32, b > 15 ? 0 : a >> b)
OP2(shr_u32, u32, u32, u32, b > 31 ? 0 : a >> (b & 31))
OP2(shr_u64, u64, u64, u32, b > 63 ? 0 : a >> (b & 63))
OP2(shr_s16, s16, s16, u32, a >> (b > 15 ? 15 : b))
OP2(shr_s32, s32, s32, u32, a >> (b > 31 ? 31 : b))
OP2(shr_s64, s64, s64, u32, a >> (b > 63 ? 63 : b))

static inline uint32_t funnel(uint32_t low, uint32_t high, unsigned shift, bool left) {
    const uint64_t both = (uint64_t)high << 32 | low;
    return left ? (uint32_t)(both << shift >> 32) : (uint32_t)(both >> shift);
}

/* Shift by exactly 32 (clamped) moves the other word in whole. */
OP3(shf_l_wrap, u32, u32, u32, u32, funnel(a, b, c & 31, true))
OP3(shf_r_wrap, u32, u32, u32, u32, funnel(a, b, c & 31, false))
OP3(shf_l_clamp, u32, u32, u32, u32, funnel(a, b, c > 32 ? 32 : c, true))
OP3(shf_r_clamp, u32, u32, u32, u32, funnel(a, b, c > 32 ? 32 : c, false))

/* ---- bits ---- */

OP1(popc_32, u32, u32, __builtin_popcount(a))
OP1(popc_64, u32, u64, __builtin_popcountll(a))
OP1(clz_32, u32, u32, a ? __builtin_clz(a) : 32)
OP1(clz_64, u32, u64, a ? __builtin_clzll(a) : 64)

static inline uint32_t top_bit(uint64_t a) {
    return a ? 63 - (uint32_t)__builtin_clzll(a) : UINT32_MAX;
}

static inline uint32_t shift_amount(uint64_t a, uint32_t width) {
    return a ? width - 1 - top_bit(a) : UINT32_MAX;
}

OP1(bfind_u32, u32, u32, top_bit(a))
OP1(bfind_s32, u32, s32, top_bit((uint32_t)(a < 0 ? ~a : a)))
OP1(bfind_u64, u32, u64, top_bit(a))
OP1(bfind_s64, u32, s64, top_bit((uint64_t)(a < 0 ? ~a : a)))
OP1(bfindshift_u32, u32, u32, shift_amount(a, 32))
OP1(bfindshift_s32, u32, s32, shift_amount((uint32_t)(a < 0 ? ~a : a), 32))
OP1(bfindshift_u64, u32, u64, shift_amount(a, 64))
OP1(bfindshift_s64, u32, s64, shift_amount((uint64_t)(a < 0 ? ~a : a), 64))

static inline uint64_t reverse(uint64_t a) {
    a = (a >> 1 & 0x5555555555555555u) | (a & 0x5555555555555555u) << 1;
    a = (a >> 2 & 0x3333333333333333u) | (a & 0x3333333333333333u) << 2;
    a = (a >> 4 & 0x0f0f0f0f0f0f0f0fu) | (a & 0x0f0f0f0f0f0f0f0fu) << 4;
    return __builtin_bswap64(a);
}

OP1(brev_32, u32, u32, reverse(a) >> 32)
OP1(brev_64, u64, u64, reverse(a))

/* PTX's own definition of bfe: bits past the top are the sign (signed) or zero. */
static inline uint64_t extract(uint64_t a, uint32_t position, uint32_t length, unsigned width,
                               bool is_signed) {
    position &= 255;
    length &= 255;
    const unsigned top = width - 1;
    unsigned last = position + length - 1 > top ? top : position + length - 1;
    const uint64_t sign = !is_signed || length == 0 ? 0 : a >> last & 1;
    uint64_t r = 0;
    if (length) {
        const uint64_t shifted = position > top ? 0 : a >> position;
        const unsigned valid = position > top ? 0 : last - position + 1;
        const uint64_t keep = valid >= 64 ? UINT64_MAX : ((uint64_t)1 << valid) - 1;
        r = (shifted & keep) | (sign ? ~keep : 0);
    }
    return r;
}

static inline uint64_t insert(uint64_t a, uint64_t b, uint32_t position, uint32_t length, unsigned width) {
    position &= 255;
    length &= 255;
    if (position >= width || !length) {
        return b;
    }
    const uint64_t keep = (length >= 64 ? UINT64_MAX : ((uint64_t)1 << length) - 1) << position;
    return (b & ~keep) | (a << position & keep);
}

OP3(bfe_u32, u32, u32, u32, u32, extract(a, b, c, 32, false))
OP3(bfe_s32, u32, u32, u32, u32, extract(a, b, c, 32, true))
OP3(bfe_u64, u64, u64, u32, u32, extract(a, b, c, 64, false))
OP3(bfe_s64, u64, u64, u32, u32, extract(a, b, c, 64, true))
OP4(bfi_32, u32, u32, u32, u32, u32, insert(a, b, c, e, 32))
OP4(bfi_64, u64, u64, u64, u32, u32, insert(a, b, c, e, 64))

static inline uint32_t mask_bits(uint32_t position, uint32_t length, bool wrap) {
    if (wrap) {
        position &= 31;
        length &= 31;
    }
    if (position > 31) {
        return 0;
    }
    return (length > 31 ? UINT32_MAX : (1u << length) - 1) << position;
}

OP2(bmsk_clamp, u32, u32, u32, mask_bits(a, b, false))
OP2(bmsk_wrap, u32, u32, u32, mask_bits(a, b, true))

static inline uint32_t dot4(uint32_t a, uint32_t b, uint32_t c, bool sa, bool sb) {
    for (unsigned k = 0; k < 32; k += 8) {
        const int32_t x = sa ? (int8_t)(a >> k) : (uint8_t)(a >> k);
        const int32_t y = sb ? (int8_t)(b >> k) : (uint8_t)(b >> k);
        c += (uint32_t)(x * y);
    }
    return c;
}

OP3(dp4a_uu, u32, u32, u32, u32, dot4(a, b, c, false, false))
OP3(dp4a_us, u32, u32, u32, u32, dot4(a, b, c, false, true))
OP3(dp4a_su, u32, u32, u32, u32, dot4(a, b, c, true, false))
OP3(dp4a_ss, u32, u32, u32, u32, dot4(a, b, c, true, true))

static inline uint32_t permute(uint32_t a, uint32_t b, uint32_t selector) {
    const uint64_t both = (uint64_t)b << 32 | a;
    uint32_t r = 0;
    for (unsigned k = 0; k < 4; k++) {
        const unsigned s = selector >> (4 * k) & 15;
        uint8_t byte = (uint8_t)(both >> (8 * (s & 7)));
        if (s & 8) {
            byte = byte & 0x80 ? 0xff : 0;
        }
        r |= (uint32_t)byte << (8 * k);
    }
    return r;
}

static inline uint32_t permute_mode(uint32_t a, uint32_t b, uint32_t c, unsigned mode) {
    static const uint16_t selectors[6][4] = {
        {0x3210, 0x4321, 0x5432, 0x6543}, /* f4e */
        {0x5670, 0x6701, 0x7012, 0x0123}, /* b4e */
        {0x0000, 0x1111, 0x2222, 0x3333}, /* rc8 */
        {0x3210, 0x3211, 0x3222, 0x3333}, /* ecl */
        {0x0000, 0x1110, 0x2210, 0x3210}, /* ecr */
        {0x1010, 0x3232, 0x1010, 0x3232}, /* rc16 */
    };
    return permute(a, b, selectors[mode][c & 3]);
}

OP3(prmt, u32, u32, u32, u32, permute(a, b, c))
OP3(prmt_mode, u32, u32, u32, u32, permute_mode(a, b, c, i->sub))

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
CARRY_MAD(madlocc_64, uint64_t, uint128, uint64_t, false, false)
CARRY_MAD(madloc_64, uint64_t, uint128, uint64_t, false, true)
CARRY_MAD(madhicc_u64, uint64_t, uint128, uint64_t, true, false)
CARRY_MAD(madhic_u64, uint64_t, uint128, uint64_t, true, true)

/* ---- selection ---- */

HANDLER(selp_32) {
    const uint32_t *a = operand(w, i->op[1]), *b = operand(w, i->op[2]);
    const uint32_t p = get_predicate(w, i->op[3]);
    LANE_ARRAY uint32_t t[WARP_SIZE];
    EACH_LANE {
        t[l] = p >> l & 1 ? a[l] : b[l];
    }
    put_u32(w, i->op[0], m, t);
}
HANDLER(selp_64) {
    const uint64_t *a = operand(w, i->op[1]), *b = operand(w, i->op[2]);
    const uint32_t p = get_predicate(w, i->op[3]);
    LANE_ARRAY uint64_t t[WARP_SIZE];
    EACH_LANE {
        t[l] = p >> l & 1 ? a[l] : b[l];
    }
    put_u64(w, i->op[0], m, t);
}
OP3(slct_32_s, u32, u32, u32, s32, c >= 0 ? a : b)
OP3(slct_64_s, u64, u64, u64, s32, c >= 0 ? a : b)
OP3(slct_32_f, u32, u32, u32, f32, c >= 0 ? a : b)
OP3(slct_64_f, u64, u64, u64, f32, c >= 0 ? a : b)

#define I32 "{u32,s32}"
#define B32 "{b32,u32,s32,f32}"
#define B64 "{b64,u64,s64,f64}"
#define B16 "{b16,u16,s16}"

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
    {"min.relu.s32", "w:ww", minrelu_s32, PIPE_ALU, 0},
    {"max.relu.s32", "w:ww", maxrelu_s32, PIPE_ALU, 0},
    {"min.u16x2", "w:ww", min_u16x2, PIPE_ALU, 0},
    {"min.s16x2", "w:ww", min_s16x2, PIPE_ALU, 0},
    {"max.u16x2", "w:ww", max_u16x2, PIPE_ALU, 0},
    {"max.s16x2", "w:ww", max_s16x2, PIPE_ALU, 0},
    {"sad.u32", "w:www", sad_u32, PIPE_ALU, 0},
    {"sad.s32", "w:www", sad_s32, PIPE_ALU, 0},
    {"and.b16", "h:hh", and_32, PIPE_ALU, 0},
    {"and.b32", "w:ww", and_32, PIPE_ALU, 0},
    {"and.b64", "d:dd", and_64, PIPE_ALU, 0},
    {"and.pred", "p:pp", and_pred, PIPE_ALU, 0},
    {"or.b16", "h:hh", or_32, PIPE_ALU, 0},
    {"or.b32", "w:ww", or_32, PIPE_ALU, 0},
    {"or.b64", "d:dd", or_64, PIPE_ALU, 0},
    {"or.pred", "p:pp", or_pred, PIPE_ALU, 0},
    {"xor.b16", "h:hh", xor_32, PIPE_ALU, 0},
    {"xor.b32", "w:ww", xor_32, PIPE_ALU, 0},
    {"xor.b64", "d:dd", xor_64, PIPE_ALU, 0},
    {"xor.pred", "p:pp", xor_pred, PIPE_ALU, 0},
    {"not.b16", "h:h", not_16, PIPE_ALU, 0},
    {"not.b32", "w:w", not_32, PIPE_ALU, 0},
    {"not.b64", "d:d", not_64, PIPE_ALU, 0},
    {"not.pred", "p:p", not_pred, PIPE_ALU, 0},
    {"cnot.b16", "h:h", cnot_16, PIPE_ALU, 0},
    {"cnot.b32", "w:w", cnot_32, PIPE_ALU, 0},
    {"cnot.b64", "d:d", cnot_64, PIPE_ALU, 0},
    {"lop3.b32", "w:wwww", lop3, PIPE_ALU, 0},
    {"shl.b16", "h:hw", shl_16, PIPE_ALU, 0},
    {"shl.b32", "w:ww", shl_32, PIPE_ALU, 0},
    {"shl.b64", "d:dw", shl_64, PIPE_ALU, 0},
    {"shr.{b16,u16}", "h:hw", shr_u16, PIPE_ALU, 0},
    {"shr.{b32,u32}", "w:ww", shr_u32, PIPE_ALU, 0},
    {"shr.{b64,u64}", "d:dw", shr_u64, PIPE_ALU, 0},
    {"shr.s16", "h:hw", shr_s16, PIPE_ALU, 0},
    {"shr.s32", "w:ww", shr_s32, PIPE_ALU, 0},
    {"shr.s64", "d:dw", shr_s64, PIPE_ALU, 0},
    {"shf.l.wrap.b32", "w:www", shf_l_wrap, PIPE_ALU, 0},
    {"shf.r.wrap.b32", "w:www", shf_r_wrap, PIPE_ALU, 0},
    {"shf.l.clamp.b32", "w:www", shf_l_clamp, PIPE_ALU, 0},
    {"shf.r.clamp.b32", "w:www", shf_r_clamp, PIPE_ALU, 0},
    {"popc.b32", "w:w", popc_32, PIPE_SFU, 0},
    {"popc.b64", "w:d", popc_64, PIPE_SFU, 0},
    {"clz.b32", "w:w", clz_32, PIPE_SFU, 0},
    {"clz.b64", "w:d", clz_64, PIPE_SFU, 0},
    {"bfind.u32", "w:w", bfind_u32, PIPE_SFU, 0},
    {"bfind.s32", "w:w", bfind_s32, PIPE_SFU, 0},
    {"bfind.u64", "w:d", bfind_u64, PIPE_SFU, 0},
    {"bfind.s64", "w:d", bfind_s64, PIPE_SFU, 0},
    {"bfind.shiftamt.u32", "w:w", bfindshift_u32, PIPE_SFU, 0},
    {"bfind.shiftamt.s32", "w:w", bfindshift_s32, PIPE_SFU, 0},
    {"bfind.shiftamt.u64", "w:d", bfindshift_u64, PIPE_SFU, 0},
    {"bfind.shiftamt.s64", "w:d", bfindshift_s64, PIPE_SFU, 0},
    {"brev.b32", "w:w", brev_32, PIPE_ALU, 0},
    {"brev.b64", "d:d", brev_64, PIPE_ALU, 0},
    {"bfe.u32", "w:www", bfe_u32, PIPE_ALU, 0},
    {"bfe.s32", "w:www", bfe_s32, PIPE_ALU, 0},
    {"bfe.u64", "d:dww", bfe_u64, PIPE_ALU, 0},
    {"bfe.s64", "d:dww", bfe_s64, PIPE_ALU, 0},
    {"bfi.b32", "w:wwww", bfi_32, PIPE_ALU, 0},
    {"bfi.b64", "d:ddww", bfi_64, PIPE_ALU, 0},
    {"bmsk.clamp.b32", "w:ww", bmsk_clamp, PIPE_ALU, 0},
    {"bmsk.wrap.b32", "w:ww", bmsk_wrap, PIPE_ALU, 0},
    {"dp4a.u32.u32", "w:www", dp4a_uu, PIPE_FMA, 0},
    {"dp4a.u32.s32", "w:www", dp4a_us, PIPE_FMA, 0},
    {"dp4a.s32.u32", "w:www", dp4a_su, PIPE_FMA, 0},
    {"dp4a.s32.s32", "w:www", dp4a_ss, PIPE_FMA, 0},
    {"prmt.b32", "w:www", prmt, PIPE_ALU, 0},
    {"prmt.b32.f4e", "w:www", prmt_mode, PIPE_ALU, 0},
    {"prmt.b32.b4e", "w:www", prmt_mode, PIPE_ALU, 1},
    {"prmt.b32.rc8", "w:www", prmt_mode, PIPE_ALU, 2},
    {"prmt.b32.ecl", "w:www", prmt_mode, PIPE_ALU, 3},
    {"prmt.b32.ecr", "w:www", prmt_mode, PIPE_ALU, 4},
    {"prmt.b32.rc16", "w:www", prmt_mode, PIPE_ALU, 5},
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
    {"mad.lo.cc.{u64,s64}", "d:ddd", madlocc_64, PIPE_FMA, 1},
    {"madc.lo.{u64,s64}", "d:ddd", madloc_64, PIPE_FMA, 0},
    {"madc.lo.cc.{u64,s64}", "d:ddd", madloc_64, PIPE_FMA, 1},
    {"mad.hi.cc.u64", "d:ddd", madhicc_u64, PIPE_FMA, 1},
    {"madc.hi.u64", "d:ddd", madhic_u64, PIPE_FMA, 0},
    {"madc.hi.cc.u64", "d:ddd", madhic_u64, PIPE_FMA, 1},
    {"selp." B16, "h:hhp", selp_32, PIPE_ALU, 0},
    {"selp." B32, "w:wwp", selp_32, PIPE_ALU, 0},
    {"selp." B64, "d:ddp", selp_64, PIPE_ALU, 0},
    {"slct." B32 ".s32", "w:www", slct_32_s, PIPE_ALU, 0},
    {"slct." B64 ".s32", "d:ddw", slct_64_s, PIPE_ALU, 0},
    {"slct." B32 ".f32", "w:www", slct_32_f, PIPE_ALU, 0},
    {"slct." B64 ".f32", "d:ddw", slct_64_f, PIPE_ALU, 0},
};

const struct op_table EXEC_NAME(ops_int);
const struct op_table EXEC_NAME(ops_int) = {rows, sizeof rows / sizeof *rows};
