/* exec_convert: cvt, mov and cvta (PTX ISA, sections 9.7.9.21 and others).
 *
 * The conversions that kernels lean on (f32 with f16, bf16, s32, u32) have handlers that vectorise; all
 * others take the one lane at a time, which is exact for every pair of types, rounding, .sat, .ftz, .relu and
 * .satfinite.
 */
#include <math.h>

#include "convert.h"
#include "exec.h"
#include "soft.h"

static double to_integral(double x, unsigned rounding) {
    switch (rounding) {
    case ROUND_ZERO: return trunc(x);
    case ROUND_DOWN: return floor(x);
    case ROUND_UP: return ceil(x);
    default: {
        const double down = floor(x), rest = x - down;
        if (rest < 0.5 || (rest == 0.5 && fmod(down, 2) == 0)) {
            return copysign(down, x);
        }
        return copysign(down + 1, x);
    }
    }
}

static double flushed(double x, bool ftz) {
    return ftz && fabs(x) < 0x1p-126 ? copysign(0, x) : x;
}

static double source_real(uint64_t bits, unsigned type) {
    switch (type) {
    case CVT_F16: return (double)half_to_float((uint32_t)bits & 0xffff);
    case CVT_BF16: return (double)bf16_to_float((uint32_t)bits & 0xffff);
    case CVT_F32: return (double)float_of((uint32_t)bits);
    default: return double_of(bits);
    }
}

/* Sign- or zero-extended. */
static uint64_t source_integer(uint64_t bits, unsigned type) {
    switch (type) {
    case CVT_U8: return (uint8_t)bits;
    case CVT_S8: return (uint64_t)(int8_t)bits;
    case CVT_U16: return (uint16_t)bits;
    case CVT_S16: return (uint64_t)(int16_t)bits;
    case CVT_U32: return (uint32_t)bits;
    case CVT_S32: return (uint64_t)(int32_t)bits;
    default: return bits;
    }
}

static unsigned width_of(unsigned type) {
    static const uint8_t widths[] = {8, 8, 16, 16, 32, 32, 64, 64, 16, 16, 32, 64, 32};
    return widths[type];
}

static bool is_signed(unsigned type) {
    return type < CVT_F16 && (type & 1);
}

/* Out of range clamps, NaN becomes 0. */
static uint64_t real_to_integer(double x, unsigned type, unsigned rounding) {
    const unsigned width = width_of(type);
    if (isnan(x)) {
        return 0;
    }
    const double r = to_integral(x, rounding);
    if (is_signed(type)) {
        const double limit = ldexp(1, (int)width - 1);
        const int64_t most = (int64_t)(((uint64_t)1 << (width - 1)) - 1);
        return r >= limit ? (uint64_t)most : r < -limit ? (uint64_t)(-most - 1) : (uint64_t)(int64_t)r;
    }
    const uint64_t most = width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
    return r >= ldexp(1, (int)width) ? most : r < 0 ? 0 : (uint64_t)r;
}

/* A 64-bit integer as the double that is nearest to odd, so that rounding once more is right. */
static double integer_to_odd(uint64_t value, bool negative) {
    const uint64_t magnitude = negative ? 0 - value : value;
    double r;
    if (magnitude >> 53) {
        const unsigned drop = 11 - (unsigned)__builtin_clzll(magnitude);
        uint64_t kept = magnitude >> drop;
        kept |= (magnitude & (((uint64_t)1 << drop) - 1)) != 0;
        r = ldexp((double)kept, (int)drop);
    } else {
        r = (double)magnitude;
    }
    return negative ? -r : r;
}

static uint64_t integer_to_f64(uint64_t value, bool negative, unsigned rounding) {
    const uint64_t magnitude = negative ? 0 - value : value;
    if (!(magnitude >> 53)) {
        return bits_of_double(negative ? -(double)magnitude : (double)magnitude);
    }
    const unsigned drop = 11 - (unsigned)__builtin_clzll(magnitude);
    uint64_t kept = magnitude >> drop;
    const uint64_t rest = magnitude & (((uint64_t)1 << drop) - 1), half = (uint64_t)1 << (drop - 1);
    kept += rounding == ROUND_NEAREST
                ? rest > half || (rest == half && (kept & 1))
                : rest && ((rounding == ROUND_UP && !negative) || (rounding == ROUND_DOWN && negative));
    const double r = ldexp((double)kept, (int)drop);
    return bits_of_double(negative ? -r : r);
}

static uint64_t integer_to_integer(uint64_t value, unsigned from, unsigned to, bool sat) {
    const unsigned width = width_of(to);
    if (!sat) {
        return value;
    }
    const bool negative = is_signed(from) && (int64_t)value < 0;
    if (is_signed(to)) {
        const uint64_t most = ((uint64_t)1 << (width - 1)) - 1;
        if (negative) {
            return (int64_t)value < -(int64_t)most - 1 ? 0 - most - 1 : value;
        }
        return value > most ? most : value;
    }
    const uint64_t most = width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
    return negative ? 0 : value > most ? most : value;
}

/* .satfinite: what is beyond the format's largest finite number becomes that; NaN stays NaN. */
static double within_finite(double x, unsigned type) {
    const double most = type == CVT_F16    ? 0x1.ffcp+15
                        : type == CVT_BF16 ? 0x1.fep+127
                                           : 0x1.ffcp+127; /* tf32 */
    return fabs(x) > most ? copysign(most, x) : x;
}

static uint64_t real_to_real(double x, unsigned from, unsigned to, unsigned sub) {
    unsigned rounding = sub & CVT_ROUNDING;
    if (sub & CVT_INTEGER) {
        x = isnan(x) || isinf(x) ? x : to_integral(x, rounding);
        rounding = ROUND_NEAREST;
    }
    if (sub & CVT_SAT) {
        x = isnan(x) || !(x > 0) ? 0 : x > 1 ? 1 : x;
    }
    if ((sub & CVT_RELU) && !isnan(x) && (x < 0 || (x == 0 && signbit(x)))) {
        x = 0;
    }
    if (sub & CVT_SATFINITE) {
        x = within_finite(x, to);
    }
    switch (to) {
    case CVT_F16: return soft_narrow(x, 5, 10, rounding);
    case CVT_BF16: return soft_narrow(x, 8, 7, rounding);
    case CVT_TF32: return (uint64_t)soft_narrow(x, 8, 10, rounding) << 13;
    case CVT_F32:
        if (isnan(x)) {
            return 0x7fffffff;
        }
        return bits_of((float)flushed((double)float_of(soft_narrow(x, 8, 23, rounding)), sub & CVT_FTZ));
    default: (void)from; return bits_of_double(x);
    }
}

static uint64_t convert(uint64_t bits, unsigned from, unsigned to, unsigned sub) {
    const bool ftz = sub & CVT_FTZ;
    if (from >= CVT_F16) {
        double x = source_real(bits, from);
        if (from == CVT_F32) {
            x = flushed(x, ftz);
        }
        return to < CVT_F16 ? real_to_integer(x, to, sub & CVT_ROUNDING) : real_to_real(x, from, to, sub);
    }
    const uint64_t value = source_integer(bits, from);
    if (to < CVT_F16) {
        return integer_to_integer(value, from, to, sub & CVT_SAT);
    }
    const bool negative = is_signed(from) && (int64_t)value < 0;
    if (to == CVT_F64) {
        return integer_to_f64(value, negative, sub & CVT_ROUNDING);
    }
    return real_to_real(integer_to_odd(value, negative), CVT_F64, to, sub);
}

static uint64_t truncated(uint64_t value, unsigned type) {
    /* narrow integers fill a wider register with their sign or zeros */
    return type < CVT_F16 ? source_integer(value, type) : value;
}

#define GENERIC(name, S, D)                                                                                  \
    HANDLER(name) {                                                                                          \
        const S *a = operand(w, i->op[1]);                                                                   \
        LANE_ARRAY D t[WARP_SIZE];                                                                           \
        EACH_LANE {                                                                                          \
            t[l] = (D)truncated(convert(a[l], i->bytes, i->aux, i->sub), i->aux);                            \
            t[l] = i->flags & FLAG_WIDE_DATA ? (D)(uint16_t)t[l] : t[l];                                     \
        }                                                                                                    \
        PUT(w, i->op[0], m, t);                                                                              \
    }
/* FLAG_WIDE_DATA here: the destination register has 16 bits */
GENERIC(convert_32_32, uint32_t, uint32_t)
GENERIC(convert_32_64, uint32_t, uint64_t)
GENERIC(convert_64_32, uint64_t, uint32_t)
GENERIC(convert_64_64, uint64_t, uint64_t)

/* d = a in the upper half, b in the lower. */
HANDLER(convert_pair) {
    const uint32_t *a = operand(w, i->op[1]), *b = operand(w, i->op[2]);
    LANE_ARRAY uint32_t t[WARP_SIZE];
    EACH_LANE {
        t[l] = (uint32_t)convert(a[l], CVT_F32, i->aux, i->sub) << 16 |
               (uint32_t)convert(b[l], CVT_F32, i->aux, i->sub);
    }
    put_u32(w, i->op[0], m, t);
}

static inline float canonical(float x) {
    return x == x ? x : float_of(0x7fffffff);
}

OP1(f32_f16, f32, u32, canonical(half_to_float(a)))
OP1(f32_bf16, f32, u32, canonical(bf16_to_float(a)))
OP1(f16_f32, u32, f32, float_to_half(a))
OP1(bf16_f32, u32, f32, float_to_bf16(a))
OP2(f16x2_f32, u32, f32, f32, float_to_half(a) << 16 | float_to_half(b))
OP2(bf16x2_f32, u32, f32, f32, float_to_bf16(a) << 16 | float_to_bf16(b))
OP1(f32_s32, f32, s32, (float)a)
OP1(f32_u32, f32, u32, (float)a)
OP1(u64_u32, u64, u32, a)
OP1(s64_s32, s64, s32, a)
OP1(u32_u64, u32, u64, (uint32_t)a)
OP1(f64_f32, f64, f32, a)

/* ---- mov ---- */

HANDLER(mov_32) {
    const uint32_t *a = operand(w, i->op[1]);
    put_u32(w, i->op[0], m, a);
}
HANDLER(mov_64) {
    const uint64_t *a = operand(w, i->op[1]);
    put_u64(w, i->op[0], m, a);
}
HANDLER(mov_pred) {
    put_predicate(w, i->op[0], m, get_predicate(w, i->op[1]));
}
HANDLER(mov_pred_constant) {
    const uint32_t *value = operand(w, i->op[1]);
    put_predicate(w, i->op[0], m, value[0] ? UINT32_MAX : 0);
}
OP2(pack_16, u32, u32, u32, (a & 0xffff) | b << 16)
OP2(pack_32, u64, u32, u32, (uint64_t)b << 32 | a)
OP4(pack_4x16, u64, u32, u32, u32, u32,
    (uint64_t)(a & 0xffff) | (uint64_t)(b & 0xffff) << 16 | (uint64_t)(c & 0xffff) << 32 | (uint64_t)e << 48)

/* list holds the parts' registers */
#define UNPACK(name, S, put, part, bits)                                                                     \
    HANDLER(name) {                                                                                          \
        const S *a = operand(w, i->op[0]);                                                                   \
        LANE_ARRAY S whole[WARP_SIZE];                                                                       \
        LANE_ARRAY uint32_t t[WARP_SIZE];                                                                    \
        memcpy(whole, a, sizeof whole);                                                                      \
        for (unsigned k = 0; k < i->count; k++) {                                                            \
            EACH_LANE {                                                                                      \
                t[l] = (uint32_t)(part)(whole[l] >> (k * (bits)));                                           \
            }                                                                                                \
            put(w, i->list[k], m, t);                                                                        \
        }                                                                                                    \
    }
UNPACK(unpack_32_16, uint32_t, put_u32, uint16_t, 16)
UNPACK(unpack_64_32, uint64_t, put_u32, uint32_t, 32)
UNPACK(unpack_64_16, uint64_t, put_u32, uint16_t, 16)

/* The warp's own clock: instructions issued. Deterministic, and it advances. */
HANDLER(clock_32) {
    LANE_ARRAY uint32_t t[WARP_SIZE];
    EACH_LANE {
        t[l] = (uint32_t)w->issued;
    }
    put_u32(w, i->op[0], m, t);
}
HANDLER(clock_64) {
    LANE_ARRAY uint64_t t[WARP_SIZE];
    EACH_LANE {
        t[l] = w->issued;
    }
    put_u64(w, i->op[0], m, t);
}

/* cvta: imm is the base of the window; sub 1 means back from generic. */
HANDLER(cvta) {
    const uint64_t *a = operand(w, i->op[1]);
    LANE_ARRAY uint64_t t[WARP_SIZE];
    const uint64_t base = i->sub ? 0 - (uint64_t)i->imm : (uint64_t)i->imm;
    EACH_LANE {
        t[l] = a[l] + base;
    }
    put_u64(w, i->op[0], m, t);
}

HANDLER(isspacep) {
    const uint64_t *a = operand(w, i->op[1]);
    const uint64_t base = (uint64_t)i->imm, bytes = i->sub ? UINT64_MAX - base : VGPU_WINDOW_BYTES;
    uint32_t r = 0;
    EACH_LANE {
        r |= (uint32_t)(a[l] >= base && a[l] - base < bytes) << l;
    }
    put_predicate(w, i->op[0], m, r);
}

HANDLER(nothing) {
    (void)w;
    (void)i;
    (void)m;
}

static const struct exec_name names[] = {
    {"cvt.32.32", convert_32_32},
    {"cvt.32.64", convert_32_64},
    {"cvt.64.32", convert_64_32},
    {"cvt.64.64", convert_64_64},
    {"cvt.pair", convert_pair},
    {"mov.32", mov_32},
    {"mov.64", mov_64},
    {"mov.pred", mov_pred},
    {"mov.pred.constant", mov_pred_constant},
    {"pack.16", pack_16},
    {"pack.32", pack_32},
    {"pack.4x16", pack_4x16},
    {"unpack.32.16", unpack_32_16},
    {"unpack.64.32", unpack_64_32},
    {"unpack.64.16", unpack_64_16},
    {"clock.32", clock_32},
    {"clock.64", clock_64},
    {"cvta", cvta},
    {"isspacep", isspacep},
    {"nothing", nothing},
};

const struct exec_names EXEC_NAME(names_convert);
const struct exec_names EXEC_NAME(names_convert) = {names, sizeof names / sizeof *names};

static const struct op_row rows[] = {
    {"cvt.f32.f16", "w:h", f32_f16, PIPE_ALU, 0},
    {"cvt.f32.bf16", "w:h", f32_bf16, PIPE_ALU, 0},
    {"cvt.rn.f16.f32", "h:w", f16_f32, PIPE_ALU, 0},
    {"cvt.rn.bf16.f32", "h:w", bf16_f32, PIPE_ALU, 0},
    {"cvt.rn.f16x2.f32", "w:ww", f16x2_f32, PIPE_ALU, 0},
    {"cvt.rn.bf16x2.f32", "w:ww", bf16x2_f32, PIPE_ALU, 0},
    {"cvt.rn.f32.s32", "w:w", f32_s32, PIPE_SFU, 0},
    {"cvt.rn.f32.u32", "w:w", f32_u32, PIPE_SFU, 0},
    {"cvt.u64.u32", "d:w", u64_u32, PIPE_ALU, 0},
    {"cvt.s64.s32", "d:w", s64_s32, PIPE_ALU, 0},
    {"cvt.u32.u64", "w:d", u32_u64, PIPE_ALU, 0},
    {"cvt.f64.f32", "d:w", f64_f32, PIPE_FP64, 0},
};

const struct op_table EXEC_NAME(ops_convert);
const struct op_table EXEC_NAME(ops_convert) = {rows, sizeof rows / sizeof *rows};
