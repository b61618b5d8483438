/* A rational's gradients as the released kernels compute them, term by term: every power by itself, dx by the
   quotient rule over Q and Q^2, and a division for every coefficient of the numerator. What the baselines share. */
#pragma once

#include "rational.cuh"

/* Off by 2 ulp at most over the whole range of float32. */
__device__ __forceinline__ float divide(float a, float b) {
    float r;
    asm("div.full.f32 %0, %1, %2;" : "=f"(r) : "f"(a), "f"(b));
    return r;
}

__device__ __forceinline__ float sign_of(float v) {
    return v < 0 ? -1.0f : 1.0f;
}

struct rational_terms {
    float dx, num[M + 1], den[N];
};

/* b: the denominator's coefficients with their signs, c.b without them in form A. */
__device__ __forceinline__ rational_terms rational_terms_of(const rational_coefs &c, const float (&sign_b)[N], float x,
                                                            float dy) {
    rational_terms t;
    float power[(M > N ? M : N) + 1], z[N + 1];
    power[0] = z[0] = 1;
#pragma unroll
    for (int i = 1; i <= M || i <= N; i++) power[i] = i == 1 ? x : power[i - 1] * x;
#pragma unroll
    for (int i = 1; i <= N; i++) z[i] = !FORM_A ? power[i] : i == 1 ? fabsf(x) : z[i - 1] * z[1];
    float p = c.a[0], inner = 0, r = M ? c.a[M > 0] : 0, s = c.b[0];
#pragma unroll
    for (int i = 1; i <= M; i++) p = fmaf(c.a[i], power[i], p);
#pragma unroll
    for (int i = 1; i <= N; i++) inner = i == 1 ? c.b[0] * z[1] : fmaf(c.b[i - 1], z[i], inner);
#pragma unroll
    for (int i = 2; i <= M; i++) r = fmaf(i * c.a[i], power[i - 1], r);
#pragma unroll
    for (int i = 2; i <= N; i++) s = fmaf(i * c.b[i - 1], z[i - 1], s);
    const float q = 1.0f + (FORM_A ? inner : fabsf(inner)), sign = sign_of(FORM_A ? x : inner);
    s *= sign;
    const float minus_p_q2 = divide(-p, q * q);
    t.dx = fmaf(s, minus_p_q2, divide(r, q)) * dy;
#pragma unroll
    for (int i = 0; i <= M; i++) t.num[i] = divide(i ? power[i] * dy : dy, q);
#pragma unroll
    for (int i = 1; i <= N; i++) t.den[i - 1] = minus_p_q2 * (FORM_A ? sign_b[i - 1] : sign) * z[i] * dy;
    return t;
}

/* The signs of the denominator's coefficients; 1 where the form has none. */
__device__ __forceinline__ void rational_signs(const float *b, float (&sign_b)[N]) {
#pragma unroll
    for (int i = 0; i < N; i++) sign_b[i] = FORM_A ? sign_of(b[i]) : 1.0f;
}
