/* A group's rational and its gradients, for one element in float32.

   With h = dy / Q and y = P / Q: dx = (P' - Q' y) h, da_i += x^i h, db_i -= |x|^i y h (form A, times sign(b_i)) or
   x^i sign(inner) y h (form B). One reciprocal serves all of them and Q is never squared. P' and Q' come out of
   the Horner steps of P and Q, so they need no coefficients of their own; the even powers of x serve both
   polynomials, and an odd one is one multiply-add away. The sign of x (A) or of inner (B) goes into y. */
#pragma once

#include "args.cuh"

enum { TERMS = M + 1 + N }; /* coefficients of a group: a_0 .. a_M, b_1 .. b_N */

struct rational_coefs {
    float a[M + 1], b[N]; /* form A: |b| */
};

/* What a thread adds up: gradients times a factor, which spares it operations. rational_sum_factor() undoes it. */
struct rational_sums {
    float num[M + 1], den[N];
};

/* Gradients work with a, b and Q times 2^-24, a power of two, so nothing is rounded by it: dy / Q, times 2^24, then
   stays a normal number where Q is large. */
#define GRAD_SCALE 0x1p-24f

/* Where a group's coefficients, or their gradients, are. */
template <typename Pointer>
__device__ __forceinline__ Pointer num_at(Pointer num, int group) {
    return num + (NUM_GROUPS == 1 ? 0 : (long long)group * (M + 1));
}

template <typename Pointer>
__device__ __forceinline__ Pointer den_at(Pointer den, int group) {
    return den + (DEN_GROUPS == 1 ? 0 : (long long)group * N);
}

__device__ __forceinline__ rational_coefs rational_load(const float *a, const float *b, float scale = 1.0f) {
    rational_coefs c;
#pragma unroll
    for (int i = 0; i <= M; i++) c.a[i] = scale * a[i];
#pragma unroll
    for (int i = 0; i < N; i++) c.b[i] = scale * (FORM_A ? fabsf(b[i]) : b[i]);
    return c;
}

/* 1/q for positive q, off by an ulp at most; 0 for q >= 2^126. */
__device__ __forceinline__ float reciprocal(float q) {
    float r;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(q));
    return r;
}

/* y with its sign changed unless s is negative: y ^ (~s & sign bit). */
__device__ __forceinline__ float negate_unless(float y, float s) {
    float r;
    asm("lop3.b32 %0, %1, %2, 0x80000000, 0xd2;" : "=f"(r) : "f"(y), "f"(s));
    return r;
}

struct rational_quotient {
    float p, q;
};

__device__ __forceinline__ rational_quotient rational_quotient_of(const rational_coefs &c, float x) {
    const float z = FORM_A ? fabsf(x) : x;
    float p = c.a[M], rest = c.b[N - 1];
#pragma unroll
    for (int i = M - 1; i >= 0; i--) p = fmaf(p, x, c.a[i]);
#pragma unroll
    for (int i = N - 2; i >= 0; i--) rest = fmaf(rest, z, c.b[i]);
    return {p, FORM_A ? fmaf(rest, z, 1.0f) : 1.0f + fabsf(rest * z)};
}

__device__ __forceinline__ float rational_value(const rational_coefs &c, float x) {
    const rational_quotient f = rational_quotient_of(c, x);
    return f.p * reciprocal(f.q);
}

__device__ __forceinline__ void rational_zero(rational_sums &s) {
#pragma unroll
    for (int i = 0; i <= M; i++) s.num[i] = 0;
#pragma unroll
    for (int i = 0; i < N; i++) s.den[i] = 0;
}

/* Returns dx and adds to the sums; c is of scale GRAD_SCALE, and so are p, rest, inner, q and the slopes. Raises
   largest to |x|. */
__device__ __forceinline__ float rational_grad(const rational_coefs &c, float x_in, float dy, rational_sums &s,
                                               float &largest) {
    const float x = FORM_A ? x_in + 0.0f : x_in; /* -0 becomes 0: its sign is plus */
    const float z = FORM_A ? fabsf(x) : x;
    float p = c.a[M], slope_p = M ? p : 0.0f;
#pragma unroll
    for (int i = M - 1; i >= 0; i--) {
        if (i < M - 1) slope_p = fmaf(slope_p, x, p);
        p = fmaf(p, x, c.a[i]);
    }
    float rest = c.b[N - 1], slope_q = rest; /* Q = 1 + |z rest| */
#pragma unroll
    for (int i = N - 2; i >= 0; i--) {
        if (i < N - 2) slope_q = fmaf(slope_q, z, rest);
        rest = fmaf(rest, z, c.b[i]);
    }
    if (N > 1) slope_q = fmaf(slope_q, z, rest);
    const float inner = FORM_A ? x : fmaf(rest, x, 0.0f);
    const float q = FORM_A ? fmaf(rest, z, GRAD_SCALE) : GRAD_SCALE + fabsf(inner);
    const float w = reciprocal(q), h = dy * w, y = p * w;
    const float minus_y = negate_unless(y, inner), odd = minus_y * x, even = FORM_A ? y : minus_y;
    const float dx = fmaf(slope_q, minus_y, slope_p) * h, square = x * x;
    largest = fmaxf(largest, FORM_A ? z : fabsf(x));
    float power = h;
#pragma unroll
    for (int i = 0; i <= M || i <= N; i += 2) {
        if (i) power *= square;
        if (i <= M) s.num[i] += power;
        if (i + 1 <= M) s.num[i + 1] = fmaf(power, x, s.num[i + 1]);
        if (i && i <= N) s.den[i - 1] = fmaf(power, even, s.den[i - 1]);
        if (i + 1 <= N) s.den[i] = fmaf(power, odd, s.den[i]);
    }
    return dx;
}

/* Term t (of TERMS) of a group: what its sum is multiplied by to be the gradient. Form A's even degrees were added up
   with the opposite sign. */
__device__ __forceinline__ float rational_sum_factor(const float *b, int t) {
    const int degree = t - M;
    if (degree <= 0 || !FORM_A) return GRAD_SCALE;
    return (b[degree - 1] < 0) == (degree % 2 == 0) ? GRAD_SCALE : -GRAD_SCALE;
}
