/* silu(x) = x sigma(x) and its slope, relative error a few units in the last place down to the denormals. */
#pragma once

/* Relative error 2^-23; d is a normal number well inside the range. */
__device__ __forceinline__ float reciprocal(float d) {
    float r;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(d));
    return r;
}

/* exp(-|x|) = half * half, so that a product can be rounded once, at its end; upper = 1 / (1 + exp(-|x|)). */
struct sigmoid {
    float half, upper;
};

__device__ __forceinline__ sigmoid sigmoid_of(float x) {
    const float half = expf(-0.5f * fabsf(x));
    return {half, reciprocal(1.0f + half * half)};
}

__device__ __forceinline__ float silu(float x) {
    const sigmoid s = sigmoid_of(x);
    const float product = x * s.upper;
    return x < 0 ? product * s.half * s.half : product;
}

/* g (sigma + x sigma (1 - sigma)): for x >= 0 g u (1 + x e u), else g u e (1 + x u), with e = exp(-|x|) and
   u = 1 / (1 + e). */
__device__ __forceinline__ float silu_slope(float x, float g) {
    const sigmoid s = sigmoid_of(x);
    const float bounded = fmaxf(x, -220.0f); /* below, the result is 0, however large a factor x is */
    const float e = s.half * s.half, rest = x < 0 ? s.upper : e * s.upper;
    const float product = g * s.upper * fmaf(bounded, rest, 1.0f);
    return x < 0 ? product * s.half * s.half : product;
}

/* silu and sigmoid together. Down to -11 the rounding of x log2(e) costs exp(-x) less than 2^-21; inputs of an
   activation are seldom below, and go the long way. */
struct silu_pair {
    float silu, sigmoid;
};

static __device__ __noinline__ silu_pair silu_far(float x) {
    const sigmoid s = sigmoid_of(x);
    return {silu(x), x < 0 ? s.upper * s.half * s.half : s.upper};
}

__device__ __forceinline__ silu_pair silu_both(float x) {
    float e;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(e) : "f"(x * -1.44269504f));
    silu_pair p;
    p.sigmoid = reciprocal(1 + e);
    p.silu = x * p.sigmoid;
    if (x < -11) p = silu_far(x);
    return p;
}

/* sigma + x sigma (1 - sigma) */
__device__ __forceinline__ float silu_pair_slope(const silu_pair &p) {
    return fmaf(p.silu, 1 - p.sigmoid, p.sigmoid);
}
