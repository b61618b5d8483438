/* exec_float: f32 and f64 arithmetic (PTX ISA, section 9.7.3).
 *
 * To nearest even the host's own IEEE arithmetic is what PTX asks for; this file is compiled without
 * contraction. NaN results of f32 are the canonical NaN 0x7fffffff, those of f64 keep a payload. .ftz flushes
 * subnormal operands and results to zero of the same sign. Other roundings switch the host's rounding mode
 * for the instruction. */
#include <fenv.h>
#include <math.h>

#include "exec.h"
#include "soft.h"

static inline float flush(float x) {
    return fabsf(x) < 0x1p-126f ? float_of(bits_of(x) & 0x80000000u) : x;
}

static inline float canonical(float x) {
    return x == x ? x : float_of(0x7fffffff);
}

static inline float saturate(float x) {
    return x > 0 ? (x < 1 ? x : 1) : 0; /* NaN gives +0 */
}

OP2(add_f32, f32, f32, f32, canonical(a + b))
OP2(sub_f32, f32, f32, f32, canonical(a - b))
OP2(mul_f32, f32, f32, f32, canonical(a *b))
OP3(fma_f32, f32, f32, f32, f32, canonical(__builtin_fmaf(a, b, c)))
OP2(add_ftz, f32, f32, f32, flush(canonical(flush(a) + flush(b))))
OP2(sub_ftz, f32, f32, f32, flush(canonical(flush(a) - flush(b))))
OP2(mul_ftz, f32, f32, f32, flush(canonical(flush(a) * flush(b))))
OP3(fma_ftz, f32, f32, f32, f32, flush(canonical(__builtin_fmaf(flush(a), flush(b), flush(c)))))
OP2(add_sat, f32, f32, f32, saturate(a + b))
OP2(sub_sat, f32, f32, f32, saturate(a - b))
OP2(mul_sat, f32, f32, f32, saturate(a *b))
OP3(fma_sat, f32, f32, f32, f32, saturate(__builtin_fmaf(a, b, c)))
OP2(add_ftz_sat, f32, f32, f32, flush(saturate(flush(a) + flush(b))))
OP2(sub_ftz_sat, f32, f32, f32, flush(saturate(flush(a) - flush(b))))
OP2(mul_ftz_sat, f32, f32, f32, flush(saturate(flush(a) * flush(b))))
OP3(fma_ftz_sat, f32, f32, f32, f32, flush(saturate(__builtin_fmaf(flush(a), flush(b), flush(c)))))
OP2(div_f32, f32, f32, f32, canonical(a / b))
OP2(div_ftz, f32, f32, f32, flush(canonical(flush(a) / flush(b))))
OP1(rcp_f32, f32, f32, canonical(1 / a))
OP1(rcp_ftz, f32, f32, flush(canonical(1 / flush(a))))
OP1(sqrt_f32, f32, f32, canonical(__builtin_sqrtf(a)))
OP1(sqrt_ftz, f32, f32, canonical(__builtin_sqrtf(flush(a))))
OP1(abs_f32, f32, f32, float_of(bits_of(a) & INT32_MAX))
OP1(abs_ftz, f32, f32, flush(float_of(bits_of(a) & INT32_MAX)))
OP1(neg_f32, f32, f32, float_of(bits_of(a) ^ 0x80000000u))
OP1(neg_ftz, f32, f32, flush(float_of(bits_of(a) ^ 0x80000000u)))
OP2(copysign_f32, f32, f32, f32, float_of((bits_of(a) & 0x80000000u) | (bits_of(b) & INT32_MAX)))

/* -0 is less than +0, and a NaN gives way to a number unless .NaN asks for it. */
static inline float least(float a, float b) {
    const float both = a < b || (a == b && bits_of(a) >> 31) ? a : b;
    return a != a ? canonical(b) : b != b ? a : both;
}

static inline float most(float a, float b) {
    const float both = a > b || (a == b && !(bits_of(a) >> 31)) ? a : b;
    return a != a ? canonical(b) : b != b ? a : both;
}

static inline float least_nan(float a, float b) {
    return a != a || b != b ? float_of(0x7fffffff) : least(a, b);
}

static inline float most_nan(float a, float b) {
    return a != a || b != b ? float_of(0x7fffffff) : most(a, b);
}

/* .xorsign.abs: of the magnitudes, with the sign of the product */
static inline float with_sign(float r, float a, float b) {
    return r != r ? r : float_of((bits_of(r) & INT32_MAX) | ((bits_of(a) ^ bits_of(b)) & 0x80000000u));
}

/* sub: bit 0 .ftz, 1 .NaN, 2 .xorsign.abs, 3 .abs of three operands */
static inline float extreme(float a, float b, bool least_of, unsigned sub) {
    const float x = sub & 1 ? flush(a) : a, y = sub & 1 ? flush(b) : b;
    const float u = sub & 12 ? fabsf(x) : x, v = sub & 12 ? fabsf(y) : y;
    const float r = sub & 2    ? (least_of ? least_nan(u, v) : most_nan(u, v))
                    : least_of ? least(u, v)
                               : most(u, v);
    return sub & 4 ? with_sign(r, a, b) : r;
}

OP2(min_xor, f32, f32, f32, extreme(a, b, true, i->sub))
OP2(max_xor, f32, f32, f32, extreme(a, b, false, i->sub))
OP3(min_three, f32, f32, f32, f32, extreme(extreme(a, b, true, i->sub), c, true, i->sub))
OP3(max_three, f32, f32, f32, f32, extreme(extreme(a, b, false, i->sub), c, false, i->sub))
OP2(min_f32, f32, f32, f32, least(a, b))
OP2(max_f32, f32, f32, f32, most(a, b))
OP2(min_ftz, f32, f32, f32, least(flush(a), flush(b)))
OP2(max_ftz, f32, f32, f32, most(flush(a), flush(b)))
OP2(minnan_f32, f32, f32, f32, least_nan(a, b))
OP2(maxnan_f32, f32, f32, f32, most_nan(a, b))
OP2(minnan_ftz, f32, f32, f32, least_nan(flush(a), flush(b)))
OP2(maxnan_ftz, f32, f32, f32, most_nan(flush(a), flush(b)))

OP2(add_f64, f64, f64, f64, a + b)
OP2(sub_f64, f64, f64, f64, a - b)
OP2(mul_f64, f64, f64, f64, a *b)
OP3(fma_f64, f64, f64, f64, f64, __builtin_fma(a, b, c))
OP2(div_f64, f64, f64, f64, a / b)
OP1(rcp_f64, f64, f64, 1 / a)
OP1(sqrt_f64, f64, f64, __builtin_sqrt(a))
OP1(abs_f64, f64, f64, double_of(bits_of_double(a) & INT64_MAX))
OP1(neg_f64, f64, f64, double_of(bits_of_double(a) ^ (uint64_t)1 << 63))
OP2(copysign_f64, f64, f64, f64,
    double_of((bits_of_double(a) & (uint64_t)1 << 63) | (bits_of_double(b) & INT64_MAX)))
OP2(min_f64, f64, f64, f64, a != a ? b : b != b ? a : a < b || (a == b && bits_of_double(a) >> 63) ? a : b)
OP2(max_f64, f64, f64, f64, a != a ? b : b != b ? a : a > b || (a == b && !(bits_of_double(a) >> 63)) ? a : b)

/* Two f32 in a 64-bit register. */
static inline uint64_t two(float low, float high) {
    return (uint64_t)bits_of(high) << 32 | bits_of(low);
}
#define LOW(x) float_of((uint32_t)(x))
#define HIGH(x) float_of((uint32_t)((x) >> 32))
OP2(add_f32x2, u64, u64, u64, two(canonical(LOW(a) + LOW(b)), canonical(HIGH(a) + HIGH(b))))
OP2(sub_f32x2, u64, u64, u64, two(canonical(LOW(a) - LOW(b)), canonical(HIGH(a) - HIGH(b))))
OP2(mul_f32x2, u64, u64, u64, two(canonical(LOW(a) * LOW(b)), canonical(HIGH(a) * HIGH(b))))
OP3(fma_f32x2, u64, u64, u64, u64,
    two(canonical(__builtin_fmaf(LOW(a), LOW(b), LOW(c))),
        canonical(__builtin_fmaf(HIGH(a), HIGH(b), HIGH(c)))))

/* ---- directed rounding: sub = rounding | ftz << 2 | sat << 3 ---- */

static void set_rounding(unsigned rounding) {
    static const int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};
    fesetround(modes[rounding & 3]);
}

#define ROUNDED(name, T, ST, count, compute)                                                                 \
    HANDLER(name) {                                                                                          \
        const T *pa = operand(w, i->op[1]);                                                                  \
        const T *pb = count > 1 ? operand(w, i->op[2]) : pa;                                                 \
        const T *pc = count > 2 ? operand(w, i->op[3]) : pa;                                                 \
        const bool ftz = i->sub & 4, sat = i->sub & 8;                                                       \
        LANE_ARRAY T t[WARP_SIZE];                                                                           \
        set_rounding(i->sub & 3);                                                                            \
        EACH_LANE {                                                                                          \
            volatile T a = pa[l], b = pb[l], c = pc[l];                                                      \
            if (ftz) {                                                                                       \
                a = (T)flush((float)a);                                                                      \
                b = (T)flush((float)b);                                                                      \
                c = (T)flush((float)c);                                                                      \
            }                                                                                                \
            volatile T r = compute;                                                                          \
            t[l] = r;                                                                                        \
        }                                                                                                    \
        set_rounding(0);                                                                                     \
        EACH_LANE {                                                                                          \
            t[l] = sizeof(T) == 4 ? (T)canonical((float)t[l]) : t[l];                                        \
            t[l] = sat ? (T)saturate((float)t[l]) : t[l];                                                    \
            t[l] = ftz ? (T)flush((float)t[l]) : t[l];                                                       \
        }                                                                                                    \
        PUT(w, i->op[0], m, t);                                                                              \
    }
ROUNDED(add_f32_rounded, float, f32, 2, a + b)
ROUNDED(sub_f32_rounded, float, f32, 2, a - b)
ROUNDED(mul_f32_rounded, float, f32, 2, a *b)
ROUNDED(div_f32_rounded, float, f32, 2, a / b)
ROUNDED(fma_f32_rounded, float, f32, 3, fmaf(a, b, c))
ROUNDED(rcp_f32_rounded, float, f32, 1, 1 / a)
ROUNDED(sqrt_f32_rounded, float, f32, 1, sqrtf(a))
ROUNDED(add_f64_rounded, double, f64, 2, a + b)
ROUNDED(sub_f64_rounded, double, f64, 2, a - b)
ROUNDED(mul_f64_rounded, double, f64, 2, a *b)
ROUNDED(div_f64_rounded, double, f64, 2, a / b)
ROUNDED(fma_f64_rounded, double, f64, 3, fma(a, b, c))
ROUNDED(rcp_f64_rounded, double, f64, 1, 1 / a)
ROUNDED(sqrt_f64_rounded, double, f64, 1, sqrt(a))

/* Both halves of 64-bit registers, one float after the other. */
#define ROUNDED_PAIR(name, compute)                                                                          \
    HANDLER(name) {                                                                                          \
        const float *pa = operand(w, i->op[1]), *pb = operand(w, i->op[2]);                                  \
        const float *pc = i->used > 3 ? operand(w, i->op[3]) : pa;                                           \
        LANE_ARRAY float t[2 * WARP_SIZE];                                                                   \
        LANE_ARRAY uint64_t r[WARP_SIZE];                                                                    \
        const bool ftz = i->sub & 4;                                                                         \
        set_rounding(i->sub & 3);                                                                            \
        for (unsigned k = 0; k < 2 * WARP_SIZE; k++) {                                                       \
            volatile float a = ftz ? flush(pa[k]) : pa[k], b = ftz ? flush(pb[k]) : pb[k],                   \
                           c = ftz ? flush(pc[k]) : pc[k];                                                   \
            (void)c;                                                                                         \
            volatile float v = compute;                                                                      \
            t[k] = v;                                                                                        \
        }                                                                                                    \
        set_rounding(0);                                                                                     \
        EACH_LANE {                                                                                          \
            const float low = canonical(t[2 * l]), high = canonical(t[2 * l + 1]);                           \
            r[l] = ftz ? two(flush(low), flush(high)) : two(low, high);                                      \
        }                                                                                                    \
        put_u64(w, i->op[0], m, r);                                                                          \
    }
ROUNDED_PAIR(add_f32x2_rounded, a + b)
ROUNDED_PAIR(sub_f32x2_rounded, a - b)
ROUNDED_PAIR(mul_f32x2_rounded, a *b)
ROUNDED_PAIR(fma_f32x2_rounded, fmaf(a, b, c))

/* f32 with f16 or bf16 factors or first terms: sub = rounding | sat << 3 | bf16 << 4. */
#define ROUNDED_MIXED(name, narrow, compute)                                                                 \
    HANDLER(name) {                                                                                          \
        const uint32_t *pa = operand(w, i->op[1]), *pb = operand(w, i->op[2]);                               \
        const float *pc = operand(w, i->op[narrow + 1]);                                                     \
        LANE_ARRAY float t[WARP_SIZE];                                                                       \
        set_rounding(i->sub & 3);                                                                            \
        EACH_LANE {                                                                                          \
            volatile float a = i->sub & 16 ? bf16_to_float(pa[l]) : half_to_float(pa[l]);                    \
            volatile float b = narrow < 2 ? 0 : i->sub & 16 ? bf16_to_float(pb[l]) : half_to_float(pb[l]);   \
            volatile float c = pc[l];                                                                        \
            (void)b;                                                                                         \
            volatile float v = compute;                                                                      \
            t[l] = v;                                                                                        \
        }                                                                                                    \
        set_rounding(0);                                                                                     \
        EACH_LANE {                                                                                          \
            t[l] = i->sub & 8 ? saturate(t[l]) : canonical(t[l]);                                            \
        }                                                                                                    \
        put_f32(w, i->op[0], m, t);                                                                          \
    }
ROUNDED_MIXED(add_mixed, 1, a + c)
ROUNDED_MIXED(sub_mixed, 1, a - c)
ROUNDED_MIXED(fma_mixed, 2, fmaf(a, b, c))

/* ---- testp ---- */

#define TEST(name, T, expr)                                                                                  \
    HANDLER(name) {                                                                                          \
        const T *pa = operand(w, i->op[1]);                                                                  \
        uint32_t r = 0;                                                                                      \
        EACH_LANE {                                                                                          \
            const T a = pa[l];                                                                               \
            r |= (uint32_t)((expr) != 0) << l;                                                               \
        }                                                                                                    \
        put_predicate(w, i->op[0], m, r);                                                                    \
    }
TEST(finite_f32, float, isfinite(a))
TEST(infinite_f32, float, isinf(a))
TEST(number_f32, float, !isnan(a))
TEST(nan_f32, float, isnan(a))
TEST(normal_f32, float, isnormal(a))
TEST(subnormal_f32, float, fpclassify(a) == FP_SUBNORMAL)
TEST(finite_f64, double, isfinite(a))
TEST(infinite_f64, double, isinf(a))
TEST(number_f64, double, !isnan(a))
TEST(nan_f64, double, isnan(a))
TEST(normal_f64, double, isnormal(a))
TEST(subnormal_f64, double, fpclassify(a) == FP_SUBNORMAL)

#define DIRECTED_ONE(op, mode, sub, run, signature)                                                          \
    {op "." mode ".f32", signature, run, PIPE_FMA, sub}, {                                                   \
        op "." mode ".ftz.f32", signature, run, PIPE_FMA, (sub) | 4                                          \
    }
#define DIRECTED(op, run, signature)                                                                         \
    DIRECTED_ONE(op, "rz", 1, run, signature), DIRECTED_ONE(op, "rm", 2, run, signature),                    \
        DIRECTED_ONE(op, "rp", 3, run, signature)
#define SATURATED_ONE(op, mode, sub, run, signature)                                                         \
    {op "." mode ".sat.f32", signature, run, PIPE_FMA, (sub) | 8}, {                                         \
        op "." mode ".ftz.sat.f32", signature, run, PIPE_FMA, (sub) | 12                                     \
    }
#define SATURATED(op, run, signature)                                                                        \
    SATURATED_ONE(op, "rz", 1, run, signature), SATURATED_ONE(op, "rm", 2, run, signature),                  \
        SATURATED_ONE(op, "rp", 3, run, signature)
#define DIRECTED_F64(op, run, signature)                                                                     \
    {op ".rz.f64", signature, run, PIPE_FP64, 1}, {op ".rm.f64", signature, run, PIPE_FP64, 2}, {            \
        op ".rp.f64", signature, run, PIPE_FP64, 3                                                           \
    }

/* "#3": as the opcode without it, with three sources */
#define THREE(op, run)                                                                                       \
    {op ".f32#3", "w:www", run, PIPE_ALU, 0}, {op ".ftz.f32#3", "w:www", run, PIPE_ALU, 1},                  \
        {op ".NaN.f32#3", "w:www", run, PIPE_ALU, 2}, {op ".ftz.NaN.f32#3", "w:www", run, PIPE_ALU, 3},      \
        {op ".abs.f32#3", "w:www", run, PIPE_ALU, 8}, {op ".ftz.abs.f32#3", "w:www", run, PIPE_ALU, 9},      \
        {op ".NaN.abs.f32#3", "w:www", run, PIPE_ALU, 10}, {                                                 \
        op ".ftz.NaN.abs.f32#3", "w:www", run, PIPE_ALU, 11                                                  \
    }
#define MIXED_MODE(op, mode, sub, run, signature)                                                            \
    {op mode ".f32.f16", signature, run, PIPE_FMA, sub},                                                     \
        {op mode ".sat.f32.f16", signature, run, PIPE_FMA, (sub) | 8},                                       \
        {op mode ".f32.bf16", signature, run, PIPE_FMA, (sub) | 16}, {                                       \
        op mode ".sat.f32.bf16", signature, run, PIPE_FMA, (sub) | 24                                        \
    }
#define MIXED(op, run, signature)                                                                            \
    MIXED_MODE(op, ".rn", 0, run, signature), MIXED_MODE(op, ".rz", 1, run, signature),                      \
        MIXED_MODE(op, ".rm", 2, run, signature), MIXED_MODE(op, ".rp", 3, run, signature)
#define PAIRED(op, run, signature)                                                                           \
    {op ".rn.ftz.f32x2", signature, run, PIPE_FMA, 4}, {op ".rz.f32x2", signature, run, PIPE_FMA, 1},        \
        {op ".rz.ftz.f32x2", signature, run, PIPE_FMA, 5}, {op ".rm.f32x2", signature, run, PIPE_FMA, 2},    \
        {op ".rm.ftz.f32x2", signature, run, PIPE_FMA, 6}, {op ".rp.f32x2", signature, run, PIPE_FMA, 3}, {  \
        op ".rp.ftz.f32x2", signature, run, PIPE_FMA, 7                                                      \
    }
#define XORSIGN(op, run)                                                                                     \
    {op ".xorsign.abs.f32", "w:ww", run, PIPE_ALU, 4},                                                       \
        {op ".ftz.xorsign.abs.f32", "w:ww", run, PIPE_ALU, 5},                                               \
        {op ".NaN.xorsign.abs.f32", "w:ww", run, PIPE_ALU, 6}, {                                             \
        op ".ftz.NaN.xorsign.abs.f32", "w:ww", run, PIPE_ALU, 7                                              \
    }

static const struct op_row rows[] = {
    {"add{,.rn}.f32", "w:ww", add_f32, PIPE_FMA, 0},
    {"sub{,.rn}.f32", "w:ww", sub_f32, PIPE_FMA, 0},
    {"mul{,.rn}.f32", "w:ww", mul_f32, PIPE_FMA, 0},
    {"{fma,mad}.rn.f32", "w:www", fma_f32, PIPE_FMA, 0},
    {"add{,.rn}.ftz.f32", "w:ww", add_ftz, PIPE_FMA, 0},
    {"sub{,.rn}.ftz.f32", "w:ww", sub_ftz, PIPE_FMA, 0},
    {"mul{,.rn}.ftz.f32", "w:ww", mul_ftz, PIPE_FMA, 0},
    {"{fma,mad}.rn.ftz.f32", "w:www", fma_ftz, PIPE_FMA, 0},
    {"add{,.rn}.sat.f32", "w:ww", add_sat, PIPE_FMA, 0},
    {"sub{,.rn}.sat.f32", "w:ww", sub_sat, PIPE_FMA, 0},
    {"mul{,.rn}.sat.f32", "w:ww", mul_sat, PIPE_FMA, 0},
    {"{fma,mad}.rn.sat.f32", "w:www", fma_sat, PIPE_FMA, 0},
    {"add{,.rn}.ftz.sat.f32", "w:ww", add_ftz_sat, PIPE_FMA, 0},
    {"sub{,.rn}.ftz.sat.f32", "w:ww", sub_ftz_sat, PIPE_FMA, 0},
    {"mul{,.rn}.ftz.sat.f32", "w:ww", mul_ftz_sat, PIPE_FMA, 0},
    {"{fma,mad}.rn.ftz.sat.f32", "w:www", fma_ftz_sat, PIPE_FMA, 0},
    {"div.rn.f32", "w:ww", div_f32, PIPE_FMA, 0},
    {"div.rn.ftz.f32", "w:ww", div_ftz, PIPE_FMA, 0},
    {"rcp.rn.f32", "w:w", rcp_f32, PIPE_FMA, 0},
    {"rcp.rn.ftz.f32", "w:w", rcp_ftz, PIPE_FMA, 0},
    {"sqrt.rn.f32", "w:w", sqrt_f32, PIPE_FMA, 0},
    {"sqrt.rn.ftz.f32", "w:w", sqrt_ftz, PIPE_FMA, 0},
    {"abs.f32", "w:w", abs_f32, PIPE_ALU, 0},
    {"abs.ftz.f32", "w:w", abs_ftz, PIPE_ALU, 0},
    {"neg.f32", "w:w", neg_f32, PIPE_ALU, 0},
    {"neg.ftz.f32", "w:w", neg_ftz, PIPE_ALU, 0},
    {"copysign.f32", "w:ww", copysign_f32, PIPE_ALU, 0},
    {"min.f32", "w:ww", min_f32, PIPE_ALU, 0},
    {"max.f32", "w:ww", max_f32, PIPE_ALU, 0},
    {"min.ftz.f32", "w:ww", min_ftz, PIPE_ALU, 0},
    {"max.ftz.f32", "w:ww", max_ftz, PIPE_ALU, 0},
    {"min.NaN.f32", "w:ww", minnan_f32, PIPE_ALU, 0},
    {"max.NaN.f32", "w:ww", maxnan_f32, PIPE_ALU, 0},
    {"min.ftz.NaN.f32", "w:ww", minnan_ftz, PIPE_ALU, 0},
    {"max.ftz.NaN.f32", "w:ww", maxnan_ftz, PIPE_ALU, 0},
    THREE("min", min_three),
    THREE("max", max_three),
    MIXED("add", add_mixed, "w:hw"),
    MIXED("sub", sub_mixed, "w:hw"),
    MIXED("fma", fma_mixed, "w:hhw"),
    PAIRED("add", add_f32x2_rounded, "d:dd"),
    PAIRED("sub", sub_f32x2_rounded, "d:dd"),
    PAIRED("mul", mul_f32x2_rounded, "d:dd"),
    PAIRED("fma", fma_f32x2_rounded, "d:ddd"),
    XORSIGN("min", min_xor),
    XORSIGN("max", max_xor),
    DIRECTED("add", add_f32_rounded, "w:ww"),
    DIRECTED("sub", sub_f32_rounded, "w:ww"),
    DIRECTED("mul", mul_f32_rounded, "w:ww"),
    SATURATED("add", add_f32_rounded, "w:ww"),
    SATURATED("sub", sub_f32_rounded, "w:ww"),
    SATURATED("mul", mul_f32_rounded, "w:ww"),
    SATURATED("{fma,mad}", fma_f32_rounded, "w:www"),
    DIRECTED("div", div_f32_rounded, "w:ww"),
    DIRECTED("{fma,mad}", fma_f32_rounded, "w:www"),
    DIRECTED("rcp", rcp_f32_rounded, "w:w"),
    DIRECTED("sqrt", sqrt_f32_rounded, "w:w"),
    {"add{,.rn}.f64", "d:dd", add_f64, PIPE_FP64, 0},
    {"sub{,.rn}.f64", "d:dd", sub_f64, PIPE_FP64, 0},
    {"mul{,.rn}.f64", "d:dd", mul_f64, PIPE_FP64, 0},
    {"{fma,mad}.rn.f64", "d:ddd", fma_f64, PIPE_FP64, 0},
    {"div.rn.f64", "d:dd", div_f64, PIPE_FP64, 0},
    {"rcp.rn.f64", "d:d", rcp_f64, PIPE_FP64, 0},
    {"sqrt.rn.f64", "d:d", sqrt_f64, PIPE_FP64, 0},
    {"abs.f64", "d:d", abs_f64, PIPE_ALU, 0},
    {"neg.f64", "d:d", neg_f64, PIPE_ALU, 0},
    {"copysign.f64", "d:dd", copysign_f64, PIPE_ALU, 0},
    {"min.f64", "d:dd", min_f64, PIPE_FP64, 0},
    {"max.f64", "d:dd", max_f64, PIPE_FP64, 0},
    DIRECTED_F64("add", add_f64_rounded, "d:dd"),
    DIRECTED_F64("sub", sub_f64_rounded, "d:dd"),
    DIRECTED_F64("mul", mul_f64_rounded, "d:dd"),
    DIRECTED_F64("div", div_f64_rounded, "d:dd"),
    DIRECTED_F64("{fma,mad}", fma_f64_rounded, "d:ddd"),
    DIRECTED_F64("rcp", rcp_f64_rounded, "d:d"),
    DIRECTED_F64("sqrt", sqrt_f64_rounded, "d:d"),
    {"add{,.rn}.f32x2", "d:dd", add_f32x2, PIPE_FMA, 0},
    {"sub{,.rn}.f32x2", "d:dd", sub_f32x2, PIPE_FMA, 0},
    {"mul{,.rn}.f32x2", "d:dd", mul_f32x2, PIPE_FMA, 0},
    {"fma.rn.f32x2", "d:ddd", fma_f32x2, PIPE_FMA, 0},
    {"testp.finite.f32", "p:w", finite_f32, PIPE_ALU, 0},
    {"testp.infinite.f32", "p:w", infinite_f32, PIPE_ALU, 0},
    {"testp.number.f32", "p:w", number_f32, PIPE_ALU, 0},
    {"testp.notanumber.f32", "p:w", nan_f32, PIPE_ALU, 0},
    {"testp.normal.f32", "p:w", normal_f32, PIPE_ALU, 0},
    {"testp.subnormal.f32", "p:w", subnormal_f32, PIPE_ALU, 0},
    {"testp.finite.f64", "p:d", finite_f64, PIPE_ALU, 0},
    {"testp.infinite.f64", "p:d", infinite_f64, PIPE_ALU, 0},
    {"testp.number.f64", "p:d", number_f64, PIPE_ALU, 0},
    {"testp.notanumber.f64", "p:d", nan_f64, PIPE_ALU, 0},
    {"testp.normal.f64", "p:d", normal_f64, PIPE_ALU, 0},
    {"testp.subnormal.f64", "p:d", subnormal_f64, PIPE_ALU, 0},
};

const struct op_table EXEC_NAME(ops_float);
const struct op_table EXEC_NAME(ops_float) = {rows, sizeof rows / sizeof *rows};
