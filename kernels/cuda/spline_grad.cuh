/* One element of a spline's backward pass: dx, and what it adds to the gradients of coefficients. */
#pragma once

#include "silu.cuh"
#include "spline.cuh"

__device__ __forceinline__ void spline_parts(float x, float clamped, const spline_knot &knot, float dy,
                                             int &bin, float *part) {
    const spline_place at = spline_place_of(knot);
    bin = at.interval + BIN_FIRST;
    spline_bases<ORDER>(at.u, at.w, part);
    if (LINEARISED && x != clamped) {
        float d[ORDER + 1];
        spline_slopes<ORDER>(at.u, at.w, d);
#pragma unroll
        for (int i = 0; i <= ORDER; i++) part[i] = fmaf(d[i], (x - clamped) * INVERSE_STEP, part[i]);
    }
#pragma unroll
    for (int i = 0; i <= ORDER; i++) part[i] *= dy;
}

struct spline_grad {
    float dx, base;        /* base: dy silu(x) */
    int bin;               /* of the first basis: it and the ORDER bins after it take part[] */
    float part[ORDER + 1]; /* dy B_i(x) */
};

/* Rows 1 .. ORDER of the power table, times their exponents and wspline / h. */
constexpr int SLOPE_TABLE = ORDER * HALVES;

__device__ __forceinline__ void slope_table_fill(float *table, const float *coef, float wspline) {
    spline_power_table<true>(table, coef, wspline * INVERSE_STEP);
}

/* wspline S'(x); the knot is the one nearest to x. */
__device__ __forceinline__ float spline_slope_at(float x, const spline_knot &knot, const float *slopes) {
    const float slope = spline_horner<ORDER>(slopes, spline_half_at(knot), knot.v);
    return CLAMPED && x != spline_clamp(x) ? 0 : slope;
}

/* What all elements have: dx, their part of dwbase, and where they lie. */
struct spline_slope {
    float dx, base, clamped;
    spline_knot knot;
};

__device__ __forceinline__ spline_slope spline_backward_slope(float x, float dy, const float *slopes,
                                                              float wbase) {
    spline_slope s;
    s.clamped = spline_clamp(x);
    s.knot = spline_nearest(s.clamped);
    const silu_pair base = silu_both(x);
    s.base = dy * base.silu;
    s.dx = dy * fmaf(wbase, silu_pair_slope(base), spline_slope_at(x, s.knot, slopes));
    return s;
}

__device__ __forceinline__ spline_grad spline_backward(float x, float dy, const float *slopes, float wbase) {
    spline_grad g;
    const spline_slope s = spline_backward_slope(x, dy, slopes, wbase);
    g.base = s.base;
    g.dx = s.dx;
    spline_parts(x, s.clamped, s.knot, dy, g.bin, g.part);
    return g;
}

/* The same without tables, for who has no block to share them with: also B_i'(x). */
struct spline_terms {
    int bin;
    float part[ORDER + 1], slope[ORDER + 1];
};

__device__ __forceinline__ spline_terms spline_terms_of(float x, float dy) {
    spline_terms t;
    const float clamped = spline_clamp(x);
    const spline_knot knot = spline_nearest(clamped);
    const spline_place at = spline_place_of(knot);
    spline_slopes<ORDER>(at.u, at.w, t.slope);
#pragma unroll
    for (int i = 0; i <= ORDER; i++) t.slope[i] = CLAMPED && x != clamped ? 0 : t.slope[i] * INVERSE_STEP;
    spline_parts(x, clamped, knot, dy, t.bin, t.part);
    return t;
}

/* Adds an element to sums of all coefficients that a thread keeps in registers: every interval under a
   predicate of its own, so that no index is looked up at run time. */
__device__ __forceinline__ void registers_add(float *sums, const spline_grad &g) {
#pragma unroll
    for (int bin = 0; bin < INTERVALS; bin++) {
        const bool here = g.bin == bin;
#pragma unroll
        for (int i = 0; i <= ORDER; i++) {
            const int m = bin_basis(bin + i);
            if (m >= 0 && m < BASES && here) sums[m] += g.part[i];
        }
    }
}
