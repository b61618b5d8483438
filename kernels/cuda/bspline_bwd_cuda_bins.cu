/* bspline_bwd_cuda_bins: every thread has bins of its own in shared memory, a bank to itself, so that adding
   to them needs no atomics and never conflicts; a tile's sums go to scratch and a second kernel adds the
   tiles up. Results do not depend on the order of blocks. On an H100 in f32 with 8 intervals ahead of all but
   bspline_bwd_cuda_lastblock, which saves the second launch: 19.4 us at 3152x768, where that one takes 18.3; at 3152x1536 and
   beyond it is 1 to 2% ahead (167.3 us against 168.8 at 12608x3072). With 64 intervals and more bspline_bwd_cuda_sharedatomics
   is ahead of both. */
#include "variant.h"
#ifndef __CUDACC__
#include "spline_launch.h"

static void launch(const struct problem *p, const struct point *pt, const struct device_info *d,
                   struct launch *l) {
    (void)d;
    spline_twopass_launch(p, pt, spline_bins_bytes(p, pt->value[POINT_BLOCK]), l);
}
#endif
VARIANT(bspline_bwd_cuda_bins, .op = BSPLINE_BWD, .dtypes = F32 | F16 | BF16, .min_sm = 75,
        .params = SPLINE_BWD_PARAMS, .reject = spline_bins_reject, .launch = launch);
#ifdef __CUDACC__
#include "spline_finish.cuh"

extern "C" __global__ void __launch_bounds__(BLOCK) bspline_bwd_cuda_bins(BSPLINE_BWD_ARGS) {
    extern __shared__ float bins[];
    __shared__ float slopes[SLOPE_TABLE], base_of_warps[WARPS];
    const int group = (int)(blockIdx.x % GROUPS), tile = (int)(blockIdx.x / GROUPS);
    const float sum = tile_in_bins(x, coef + group * BASES, wbase[group], wspline[group], dy, dx, rows, group,
                                   tile, bins, slopes);
    bins_fold(bins, sum, base_of_warps, scratch, group, tile, (int)(gridDim.x / GROUPS));
}
#endif
