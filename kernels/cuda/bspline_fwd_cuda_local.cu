/* bspline_fwd_cuda_local: the ORDER + 1 bases of the interval in closed form, times coefficients from shared
   memory. A block only copies a group's coefficients, so it starts sooner than with a table of powers; an
   element takes more instructions. On an H100 in f32 with 8 intervals level with bspline_fwd_cuda_power at
   3152x3072 (30.4 us) and 1 to 4% behind it below (10.6 us against 10.2 at 3152x768; with 64 intervals 10.8 against
   10.5, with 256 of order 5 13.6 against 11.7; in bf16 9.2 against 8.1). It needs a coefficient an interval where that
   one needs 2 (ORDER + 1). */
#include "variant.h"
#ifndef __CUDACC__
#include "spline_launch.h"
#endif
VARIANT(bspline_fwd_cuda_local, .op = BSPLINE_FWD, .dtypes = F32 | F16 | BF16, .min_sm = 75,
        .params = SPLINE_FWD_PARAMS, .reject = spline_fwd_reject, .launch = spline_fwd_launch);
#ifdef __CUDACC__
#include "args.cuh"
#include "silu.cuh"
#include "spline.cuh"
#include "walk.cuh"

extern "C" __global__ void __launch_bounds__(BLOCK) bspline_fwd_cuda_local(BSPLINE_FWD_ARGS) {
    __shared__ float coefs[BINS];
    const int group = (int)(blockIdx.x % GROUPS);
    const float base = wbase[group];
    spline_coef_bins(coefs, coef + group * BASES, wspline[group]);
    __syncthreads();
    walk_map(x, y, rows, group, [&](float v) {
        return fmaf(base, silu_both(v).silu, spline_local(v, [&](int bin) { return coefs[bin]; }));
    });
}
#endif
