/* exec_math: the approximate functions of the special-function unit.
 *
 * PTX bounds their errors and leaves the bits open; here each is computed in double and rounded once, so the
 * results are within half a unit in the last place, well inside every bound, and the same on every host.
 * Special values follow the tables of PTX ISA section 9.7.3. .ftz flushes subnormal operands and results. */
#include <math.h>

#include "exec.h"
#include "soft.h"

static inline float flush(float x) {
    return fabsf(x) < 0x1p-126f ? float_of(bits_of(x) & 0x80000000u) : x;
}

static inline float canonical(float x) {
    return x == x ? x : float_of(0x7fffffff);
}

/* 2^x for |x| <= 1100: 2^n by the exponent, the rest by a Taylor series of exp on |r| <= ln(2)/2, error below
 * 2^-40. */
static inline double exp2_double(double x) {
    x = x > 1000 ? 1000 : x < -1000 ? -1000 : x;
    const double shifted = x + 0x1.8p52;
    const double n = shifted - 0x1.8p52;
    const double r = (x - n) * 0.69314718055994530942;
    double p = 1.0 / 39916800;
    p = p * r + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    p = p * r + 1;
    p = p * r + 1;
    return p * double_of((bits_of_double(shifted) - 0x4338000000000000u + 1023) << 52);
}

/* log2 of a positive normal double: 2 atanh((m - 1)/(m + 1)) / ln 2 with m in [sqrt(1/2), sqrt(2)). */
static inline double log2_double(double x) {
    const uint64_t u = bits_of_double(x) - 0x3fe6a09e667f3bcdu;
    const int64_t n = (int64_t)u >> 52;
    const double m = double_of((u & 0x000fffffffffffffu) + 0x3fe6a09e667f3bcdu);
    const double s = (m - 1) / (m + 1), q = s * s;
    double p = 1.0 / 19;
    p = p * q + 1.0 / 17;
    p = p * q + 1.0 / 15;
    p = p * q + 1.0 / 13;
    p = p * q + 1.0 / 11;
    p = p * q + 1.0 / 9;
    p = p * q + 1.0 / 7;
    p = p * q + 1.0 / 5;
    p = p * q + 1.0 / 3;
    p = p * q + 1;
    return (double)(int32_t)n + s * p * 2.8853900817779268147;
}

static inline float exp2_float(float x) {
    const double clamped = x != x ? 0 : (double)x;
    const float r = (float)exp2_double(clamped);
    return x != x ? float_of(0x7fffffff) : r;
}

static inline float log2_float(float x) {
    const float r = (float)log2_double(x > 0 && x < INFINITY ? (double)x : 1.0);
    const float zero = -INFINITY;
    return x > 0 ? (x == INFINITY ? x : r) : x == 0 ? zero : float_of(0x7fffffff);
}

static inline float tanh_float(float x) {
    const double y = x > 20 ? 20 : x < -20 ? -20 : x == x ? (double)x : 0;
    const double magnitude = y < 0 ? -y : y;
    /* near zero (e - 1) cancels; there the series is exact enough */
    const double e = exp2_double(2 * magnitude * 1.4426950408889634074);
    const double q = y * y;
    const double series = y * (1 - q * (1.0 / 3 - q * (2.0 / 15 - q * (17.0 / 315))));
    const double direct = (e - 1) / (e + 1);
    const float r = (float)(magnitude < 0.02 ? series : y < 0 ? -direct : direct);
    return x != x ? float_of(0x7fffffff) : r;
}

/* sin and cos: reduction by pi/2 in two parts, good to 2^-50 for |x| < 2^20. Beyond that the hardware's own
 * error is unbounded; see near_zero(). */
static inline float sine(float x, unsigned shift) {
    const double y = x - x == 0 ? (double)x : 0;
    const double turns = y * 0.63661977236758134308 + 0x1.8p52;
    const double n = turns - 0x1.8p52;
    const uint64_t quadrant = bits_of_double(turns) + shift;
    const double r = (y - n * 1.5707963267948966192) - n * 6.123233995736766036e-17;
    const double q = r * r;
    const double s =
        r * (1 + q * (-1.0 / 6 + q * (1.0 / 120 + q * (-1.0 / 5040 + q * (1.0 / 362880 - q / 39916800)))));
    const double c =
        1 + q * (-0.5 + q * (1.0 / 24 + q * (-1.0 / 720 + q * (1.0 / 40320 - q * (1.0 / 3628800)))));
    const double both = quadrant & 1 ? c : s;
    const float result = (float)(quadrant & 2 ? -both : both);
    return x - x == 0 ? (x == 0 && shift == 0 ? x : result) : float_of(0x7fffffff);
}

OP1(rcp, f32, f32, canonical((float)(1.0 / (double)a)))
OP1(rcp_ftz, f32, f32, flush(canonical((float)(1.0 / (double)flush(a)))))
OP1(root, f32, f32, canonical((float)__builtin_sqrt((double)a)))
OP1(root_ftz, f32, f32, flush(canonical((float)__builtin_sqrt((double)flush(a)))))
OP1(rsqrt, f32, f32, canonical((float)(1.0 / __builtin_sqrt((double)a))))
OP1(rsqrt_ftz, f32, f32, flush(canonical((float)(1.0 / __builtin_sqrt((double)flush(a))))))
OP1(ex2, f32, f32, exp2_float(a))
OP1(ex2_ftz, f32, f32, flush(exp2_float(flush(a))))
OP1(lg2, f32, f32, log2_float(a))
OP1(lg2_ftz, f32, f32, flush(log2_float(flush(a))))
OP1(tanh_op, f32, f32, tanh_float(a))

/* Brings large arguments near zero by whole periods of the double that is nearest to 2 pi; rare, so lane by
 * lane. */
static const float *near_zero(const float *a, float *t) {
    uint32_t large = 0;
    EACH_LANE {
        large |= fabsf(a[l]) >= 0x1p20f;
    }
    if (!large) {
        return a;
    }
    EACH_LANE {
        t[l] = fabsf(a[l]) >= 0x1p20f && a[l] - a[l] == 0 ? (float)fmod((double)a[l], 6.283185307179586477)
                                                          : a[l];
    }
    return t;
}

#define SINE(name, expr)                                                                                     \
    HANDLER(name) {                                                                                          \
        LANE_ARRAY float near[WARP_SIZE], t[WARP_SIZE];                                                      \
        const float *pa = near_zero(operand(w, i->op[1]), near);                                             \
        EACH_LANE {                                                                                          \
            const float a = pa[l];                                                                           \
            t[l] = expr;                                                                                     \
        }                                                                                                    \
        put_f32(w, i->op[0], m, t);                                                                          \
    }
SINE(sin_op, sine(a, 0))
SINE(sin_ftz, flush(sine(flush(a), 0)))
SINE(cos_op, sine(a, 1))
SINE(cos_ftz, flush(sine(flush(a), 1)))

/* div.approx is a * (1/b), and gives 0 for |b| in [2^126, 2^128]; div.full scales that away. */
static inline float divide_approx(float a, float b) {
    const float size = fabsf(b);
    const float r = canonical((float)((double)a / (double)b));
    const float beyond =
        a - a == 0 ? float_of((bits_of(a) ^ bits_of(b)) & 0x80000000u) : float_of(0x7fffffff);
    return size > 0x1p126f && size < INFINITY ? beyond : r;
}

OP2(div_approx, f32, f32, f32, divide_approx(a, b))
OP2(div_approx_ftz, f32, f32, f32, flush(divide_approx(flush(a), flush(b))))
OP2(div_full, f32, f32, f32, canonical((float)((double)a / (double)b)))
OP2(div_full_ftz, f32, f32, f32, flush(canonical((float)((double)flush(a) / (double)flush(b)))))

/* f64: the upper 32 bits of the operand are used and the lower 32 of the result are zero; always flushes. */
static inline double upper(double x) {
    const double y = double_of(bits_of_double(x) & 0xffffffff00000000u);
    return fabs(y) < 0x1p-1022 ? double_of(bits_of_double(y) & (uint64_t)1 << 63) : y;
}
OP1(rcp_f64, f64, f64, upper(1 / upper(a)))
OP1(rsqrt_f64, f64, f64, upper(1 / __builtin_sqrt(upper(a))))
OP1(rsqrt_f64_full, f64, f64, 1 / __builtin_sqrt(a))

/* Half-precision ex2 and tanh. */
static inline uint32_t pair(uint32_t low, uint32_t high) {
    return (low & 0xffff) | high << 16;
}
#define H(x) half_to_float((x)&0xffff)
#define B(x) bf16_to_float((x)&0xffff)
OP1(ex2_f16, u16, u16, float_to_half(exp2_float(H(a))))
OP1(ex2_f16x2, u32, u32, pair(float_to_half(exp2_float(H(a))), float_to_half(exp2_float(H(a >> 16)))))
OP1(tanh_f16, u16, u16, float_to_half(tanh_float(H(a))))
OP1(tanh_f16x2, u32, u32, pair(float_to_half(tanh_float(H(a))), float_to_half(tanh_float(H(a >> 16)))))
OP1(ex2_bf16, u16, u16, float_to_bf16(flush(exp2_float(B(a)))))
OP1(ex2_bf16x2, u32, u32,
    pair(float_to_bf16(flush(exp2_float(B(a)))), float_to_bf16(flush(exp2_float(B(a >> 16))))))
OP1(tanh_bf16, u16, u16, float_to_bf16(tanh_float(B(a))))
OP1(tanh_bf16x2, u32, u32, pair(float_to_bf16(tanh_float(B(a))), float_to_bf16(tanh_float(B(a >> 16)))))

static const struct op_row rows[] = {
    {"rcp.approx.f32", "w:w", rcp, PIPE_SFU, 0},
    {"rcp.approx.ftz.f32", "w:w", rcp_ftz, PIPE_SFU, 0},
    {"sqrt.approx.f32", "w:w", root, PIPE_SFU, 0},
    {"sqrt.approx.ftz.f32", "w:w", root_ftz, PIPE_SFU, 0},
    {"rsqrt.approx.f32", "w:w", rsqrt, PIPE_SFU, 0},
    {"rsqrt.approx.ftz.f32", "w:w", rsqrt_ftz, PIPE_SFU, 0},
    {"ex2.approx.f32", "w:w", ex2, PIPE_SFU, 0},
    {"ex2.approx.ftz.f32", "w:w", ex2_ftz, PIPE_SFU, 0},
    {"lg2.approx.f32", "w:w", lg2, PIPE_SFU, 0},
    {"lg2.approx.ftz.f32", "w:w", lg2_ftz, PIPE_SFU, 0},
    {"tanh.approx.f32", "w:w", tanh_op, PIPE_SFU, 0},
    {"sin.approx.f32", "w:w", sin_op, PIPE_SFU, 0},
    {"sin.approx.ftz.f32", "w:w", sin_ftz, PIPE_SFU, 0},
    {"cos.approx.f32", "w:w", cos_op, PIPE_SFU, 0},
    {"cos.approx.ftz.f32", "w:w", cos_ftz, PIPE_SFU, 0},
    {"div.approx.f32", "w:ww", div_approx, PIPE_SFU, 0},
    {"div.approx.ftz.f32", "w:ww", div_approx_ftz, PIPE_SFU, 0},
    {"div.full.f32", "w:ww", div_full, PIPE_SFU, 0},
    {"div.full.ftz.f32", "w:ww", div_full_ftz, PIPE_SFU, 0},
    {"rcp.approx.ftz.f64", "d:d", rcp_f64, PIPE_SFU, 0},
    {"rsqrt.approx.ftz.f64", "d:d", rsqrt_f64, PIPE_SFU, 0},
    {"rsqrt.approx.f64", "d:d", rsqrt_f64_full, PIPE_SFU, 0},
    {"ex2.approx.f16", "h:h", ex2_f16, PIPE_SFU, 0},
    {"ex2.approx.f16x2", "w:w", ex2_f16x2, PIPE_SFU, 0},
    {"tanh.approx.f16", "h:h", tanh_f16, PIPE_SFU, 0},
    {"tanh.approx.f16x2", "w:w", tanh_f16x2, PIPE_SFU, 0},
    {"ex2.approx.ftz.bf16", "h:h", ex2_bf16, PIPE_SFU, 0},
    {"ex2.approx.ftz.bf16x2", "w:w", ex2_bf16x2, PIPE_SFU, 0},
    {"tanh.approx.bf16", "h:h", tanh_bf16, PIPE_SFU, 0},
    {"tanh.approx.bf16x2", "w:w", tanh_bf16x2, PIPE_SFU, 0},
};

const struct op_table EXEC_NAME(ops_math);
const struct op_table EXEC_NAME(ops_math) = {rows, sizeof rows / sizeof *rows};
