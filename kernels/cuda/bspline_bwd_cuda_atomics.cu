/* bspline_bwd_cuda_atomics: one element a thread, and an atomic addition to global memory for every basis of
   every element. The plain way, to measure the others by: 4.7 ms on an H100 in f32 at 3152x768, where bins
   take 19.4 us. */
#include "variant.h"
#ifndef __CUDACC__
#include "flat.h"
#endif
VARIANT(bspline_bwd_cuda_atomics, .op = BSPLINE_BWD, .dtypes = F32 | F16 | BF16,
        .flags = BASELINE | ORDER_DEPENDENT, .min_sm = 75, .params = {{"BLOCK", {256, 128}}},
        .reject = flat_reject, .launch = flat_launch_atomics);
#ifdef __CUDACC__
#include "args.cuh"
#include "spline_grad.cuh"

extern "C" __global__ void __launch_bounds__(BLOCK) bspline_bwd_cuda_atomics(BSPLINE_BWD_ARGS) {
    const long long at = (long long)blockIdx.x * BLOCK + threadIdx.x;
    if (at >= rows * CHANNELS) return;
    const int group = (int)(at % CHANNELS) / GROUP_CHANNELS;
    const float *const coefs = coef + group * BASES;
    const float v = elem_to_float(x[at]), g = elem_to_float(dy[at]), ws = wspline[group];
    const spline_terms t = spline_terms_of(v, g);
    float spline = 0, slope = 0;
#pragma unroll
    for (int i = 0; i <= ORDER; i++) {
        const int m = bin_basis(t.bin + i);
        if (m < 0 || m >= BASES) continue;
        spline = fmaf(coefs[m], t.part[i], spline);
        slope = fmaf(coefs[m], t.slope[i], slope);
        atomicAdd(&dcoef[group * BASES + m], ws * t.part[i]);
    }
    const silu_pair base = silu_both(v);
    atomicAdd(&dwspline[group], spline);
    atomicAdd(&dwbase[group], g * base.silu);
    dx[at] = elem_from_float(g * fmaf(wbase[group], silu_pair_slope(base), ws * slope));
}
#endif
