/* exec_bits: logic, shifts, bit fields, permutations of bytes and selections (PTX ISA, sections 9.7.1, 9.7.7
 * and 9.7.8). */
#include <math.h>

#include "exec.h"

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

/* The length lower bits of a, extended. */
static inline uint32_t extend_bits(uint32_t a, uint32_t length, bool is_signed, bool wrap) {
    if (!wrap && length > 31) {
        return a;
    }
    length &= 31;
    const uint32_t keep = (1u << length) - 1, sign = length ? a >> (length - 1) & 1 : 0;
    return (a & keep) | (is_signed && sign ? ~keep : 0);
}

OP2(szext_clamp_u, u32, u32, u32, extend_bits(a, b, false, false))
OP2(szext_clamp_s, u32, u32, u32, extend_bits(a, b, true, false))
OP2(szext_wrap_u, u32, u32, u32, extend_bits(a, b, false, true))
OP2(szext_wrap_s, u32, u32, u32, extend_bits(a, b, true, true))

/* The nth set bit of mask, counted from base upwards (n > 0) or downwards. */
static inline uint32_t find_nth(uint32_t mask, uint32_t base, int32_t n) {
    if (base > 31) {
        return UINT32_MAX;
    }
    if (n == 0) {
        return mask >> base & 1 ? base : UINT32_MAX;
    }
    int64_t left = n < 0 ? -(int64_t)n : n;
    for (int64_t at = base; at >= 0 && at < 32; at += n < 0 ? -1 : 1) {
        left -= mask >> at & 1;
        if (!left) {
            return (uint32_t)at;
        }
    }
    return UINT32_MAX;
}

OP3(fns, u32, u32, u32, s32, find_nth(a, b, c))

/* Two 16-bit numbers of a times two bytes of b, the lower ones or the upper ones. */
static inline uint32_t dot2(uint32_t a, uint32_t b, uint32_t c, bool sa, bool sb, bool high) {
    b = high ? b >> 16 : b;
    for (unsigned k = 0; k < 2; k++, a >>= 16, b >>= 8) {
        const int32_t x = sa ? (int16_t)a : (uint16_t)a, y = sb ? (int8_t)b : (uint8_t)b;
        c += (uint32_t)(x * y);
    }
    return c;
}

OP3(dp2a, u32, u32, u32, u32, dot2(a, b, c, i->sub & 1, i->sub & 2, i->sub & 4))

/* Absolute differences of bytes, side by side or summed up. */
static inline uint32_t differences(uint32_t a, uint32_t b, uint32_t c, bool sum) {
    uint32_t r = sum ? c : 0;
    for (unsigned k = 0; k < 32; k += 8) {
        const uint32_t x = a >> k & 255, y = b >> k & 255, d = x < y ? y - x : x - y;
        r += sum ? d : d << k;
    }
    return r;
}

OP3(vabsdiff4, u32, u32, u32, u32, differences(a, b, c, false))
OP3(vabsdiff4_add, u32, u32, u32, u32, differences(a, b, c, true))

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
OP3(slct_32_ftz, u32, u32, u32, f32, c >= 0 || fabsf(c) < 0x1p-126f ? a : b)
OP3(slct_64_ftz, u64, u64, u64, f32, c >= 0 || fabsf(c) < 0x1p-126f ? a : b)
OP3(slct_64_f, u64, u64, u64, f32, c >= 0 ? a : b)

#define B32 "{b32,u32,s32,f32}"
#define B64 "{b64,u64,s64,f64}"
#define B16 "{b16,u16,s16}"

static const struct op_row rows[] = {
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
    {"szext.clamp.u32", "w:ww", szext_clamp_u, PIPE_ALU, 0},
    {"szext.clamp.s32", "w:ww", szext_clamp_s, PIPE_ALU, 0},
    {"szext.wrap.u32", "w:ww", szext_wrap_u, PIPE_ALU, 0},
    {"szext.wrap.s32", "w:ww", szext_wrap_s, PIPE_ALU, 0},
    {"fns.b32", "w:www", fns, PIPE_ALU, 0},
    {"vabsdiff4.u32.u32.u32", "w:www", vabsdiff4, PIPE_ALU, 0},
    {"vabsdiff4.u32.u32.u32.add", "w:www", vabsdiff4_add, PIPE_ALU, 0},
    {"dp2a.lo.u32.u32", "w:www", dp2a, PIPE_FMA, 0},
    {"dp2a.lo.s32.u32", "w:www", dp2a, PIPE_FMA, 1},
    {"dp2a.lo.u32.s32", "w:www", dp2a, PIPE_FMA, 2},
    {"dp2a.lo.s32.s32", "w:www", dp2a, PIPE_FMA, 3},
    {"dp2a.hi.u32.u32", "w:www", dp2a, PIPE_FMA, 4},
    {"dp2a.hi.s32.u32", "w:www", dp2a, PIPE_FMA, 5},
    {"dp2a.hi.u32.s32", "w:www", dp2a, PIPE_FMA, 6},
    {"dp2a.hi.s32.s32", "w:www", dp2a, PIPE_FMA, 7},
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
    {"selp." B16, "h:hhp", selp_32, PIPE_ALU, 0},
    {"selp." B32, "w:wwp", selp_32, PIPE_ALU, 0},
    {"selp." B64, "d:ddp", selp_64, PIPE_ALU, 0},
    {"slct." B16 ".s32", "h:hhw", slct_32_s, PIPE_ALU, 0},
    {"slct." B16 ".f32", "h:hhw", slct_32_f, PIPE_ALU, 0},
    {"slct.ftz." B16 ".f32", "h:hhw", slct_32_ftz, PIPE_ALU, 0},
    {"slct.ftz." B32 ".f32", "w:www", slct_32_ftz, PIPE_ALU, 0},
    {"slct.ftz." B64 ".f32", "d:ddw", slct_64_ftz, PIPE_ALU, 0},
    {"slct." B32 ".s32", "w:www", slct_32_s, PIPE_ALU, 0},
    {"slct." B64 ".s32", "d:ddw", slct_64_s, PIPE_ALU, 0},
    {"slct." B32 ".f32", "w:www", slct_32_f, PIPE_ALU, 0},
    {"slct." B64 ".f32", "d:ddw", slct_64_f, PIPE_ALU, 0},
};

const struct op_table EXEC_NAME(ops_bits);
const struct op_table EXEC_NAME(ops_bits) = {rows, sizeof rows / sizeof *rows};
