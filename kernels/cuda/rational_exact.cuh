/* One element in double, for |x| so large that powers of it, times coefficients and gradients, may leave float32 while
   P/Q would not. Rare: coefficients come from memory and loops stay loops, to leave the registers to the other
   path. */
#pragma once

#include "rational.cuh"

#define RATIONAL_LARGE 2048.0f

/* a, b: the group's coefficients in memory. */
struct rational_double {
    double p, inner, slope_p, slope_q; /* Q = 1 + |inner| */
};

__device__ __forceinline__ rational_double rational_double_of(const float *a, const float *b, double x) {
    const double z = FORM_A ? fabs(x) : x;
    rational_double d = {0, 0, 0, 0};
#pragma unroll 1
    for (int i = M; i >= 0; i--) {
        d.slope_p = d.slope_p * x + d.p;
        d.p = d.p * x + a[i];
    }
#pragma unroll 1
    for (int i = N; i >= 0; i--) {
        d.slope_q = d.slope_q * z + d.inner;
        d.inner = d.inner * z + (i == 0 ? 0.0f : FORM_A ? fabsf(b[i - 1]) : b[i - 1]);
    }
    return d;
}

__device__ __forceinline__ float rational_value_exact(const float *a, const float *b, float x) {
    const rational_double d = rational_double_of(a, b, x);
    return (float)(d.p / (1 + fabs(d.inner)));
}

/* As rational_grad(). */
__device__ __forceinline__ float rational_grad_exact(const float *a, const float *b, float x_in, float dy,
                                                     rational_sums &s) {
    const double x = x_in, z = FORM_A ? fabs(x) : x;
    const rational_double d = rational_double_of(a, b, x);
    const double w = 1 / (1 + fabs(d.inner)), h = dy * w, y = d.p * w;
    const double minus_y = (FORM_A ? x : d.inner) < 0 ? y : -y;
    double power = h / GRAD_SCALE; /* stays small where x^i alone would not */
#pragma unroll
    for (int i = 0; i <= M; i++, power *= x) s.num[i] += (float)power;
    power = h / GRAD_SCALE * z;
#pragma unroll
    for (int i = 1; i <= N; i++, power *= z) s.den[i - 1] += (float)((FORM_A ? i % 2 ? -y : y : minus_y) * power);
    return (float)((d.slope_q * minus_y + d.slope_p) * h);
}
