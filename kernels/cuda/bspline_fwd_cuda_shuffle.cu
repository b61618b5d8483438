/* bspline_fwd_cuda_shuffle: the ORDER + 1 bases of the interval in closed form, times coefficients that the
   lanes of a warp hold, one each, and shuffle to who needs them. No shared memory and no barrier before the
   first element; a shuffle costs what a read of shared memory does. For at most 32 coefficients, those that
   do not exist included. Wins on an H100 with 3 intervals of order 1: 10.1 us at 3152x768 in f32
   (bspline_fwd_cuda_power 10.2). With 8 of order 3 it is 1 to 4% behind from 3152x192 on (10.5 us against 10.2 at
   3152x768; in bf16 9.3 against 8.1). */
#include "variant.h"
#ifndef __CUDACC__
#include "spline_launch.h"

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    if (spline_bins(p) > 32) return "more coefficients than a warp has lanes";
    return spline_fwd_reject(p, pt, d);
}
#endif
VARIANT(bspline_fwd_cuda_shuffle, .op = BSPLINE_FWD, .dtypes = F32 | F16 | BF16, .min_sm = 75,
        .params = SPLINE_FWD_PARAMS, .reject = reject, .launch = spline_fwd_launch);
#ifdef __CUDACC__
#include "args.cuh"
#include "silu.cuh"
#include "spline.cuh"
#include "walk.cuh"

extern "C" __global__ void __launch_bounds__(BLOCK) bspline_fwd_cuda_shuffle(BSPLINE_FWD_ARGS) {
    const int group = (int)(blockIdx.x % GROUPS);
    const float base = wbase[group];
    const float own = spline_coef_bin(coef + group * BASES, wspline[group], (int)threadIdx.x % 32);
    const bool wide = aligned_to<VEC>(x, y);
    for (long long tile = blockIdx.x / GROUPS; tile * ROWS < rows; tile += gridDim.x / GROUPS) {
        /* All lanes shuffle, those without a vector of their own too. */
        for (walk w(group, tile, rows); __any_sync(~0u, w.left > 0); w.next()) {
            float v[VEC] = {};
            if (w.left > 0) walk_load(x + w.at, v, wide);
#pragma unroll
            for (int i = 0; i < VEC; i++) {
                const float spline = spline_local(v[i], [&](int bin) { return __shfl_sync(~0u, own, bin); });
                v[i] = fmaf(base, silu_both(v[i]).silu, spline);
            }
            if (w.left > 0) walk_store(y + w.at, v, wide);
        }
    }
}
#endif
