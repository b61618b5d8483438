/* bspline_fwd_cuda_power: the polynomial of the half interval around the nearest knot, its ORDER + 1 factors
   looked up in shared memory by as many four-byte reads, which never conflict while the table has at most 32
   halves. A block works its table out once and keeps it over all the tiles of its group. Fewest instructions
   an element of the spline forwards. Wins on an H100 in f32 from 197x1536 on: 10.2 us at 3152x768, where
   bspline_fwd_cuda_local takes 10.6 and one element a thread 14.6. Loses at 197x192 to 197x768 to one element a
   thread (2.8 us, 3.3 here), which has no table to fill. */
#include "variant.h"
#ifndef __CUDACC__
#include "spline_launch.h"
#endif
VARIANT(bspline_fwd_cuda_power, .op = BSPLINE_FWD, .dtypes = F32 | F16 | BF16, .flags = PREFERRED,
        .min_sm = 75, .params = SPLINE_FWD_PARAMS, .reject = spline_fwd_reject, .launch = spline_fwd_launch);
#ifdef __CUDACC__
#include "args.cuh"
#include "silu.cuh"
#include "spline.cuh"
#include "walk.cuh"

extern "C" __global__ void __launch_bounds__(BLOCK) bspline_fwd_cuda_power(BSPLINE_FWD_ARGS) {
    __shared__ float table[(ORDER + 1) * HALVES];
    const int group = (int)(blockIdx.x % GROUPS);
    const float base = wbase[group];
    spline_power_table<false>(table, coef + group * BASES, wspline[group]);
    __syncthreads();
    walk_map(x, y, rows, group, [&](float v) {
        const spline_knot k = spline_nearest(LINEARISED ? v : spline_clamp(v));
        return fmaf(base, silu_both(v).silu, spline_horner<ORDER + 1>(table, spline_half_at(k), k.v));
    });
}
#endif
