/* gelu(x) = x Phi(x) and its slope. */
#pragma once

__device__ __forceinline__ float normal_cdf(float x) {
    return fmaf(0.5f, erff(x * 0.707106781f), 0.5f);
}

__device__ __forceinline__ float gelu(float x) {
    return x * normal_cdf(x);
}

/* g (Phi(x) + x phi(x)), phi(x) = exp(-x^2/2) / sqrt(2 pi) */
__device__ __forceinline__ float gelu_slope(float x, float g) {
    const float density = 0.398942280f * expf(-0.5f * x * x);
    return g * fmaf(x, density, normal_cdf(x));
}
