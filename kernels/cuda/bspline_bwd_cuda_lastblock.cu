/* bspline_bwd_cuda_lastblock: bins of every thread's own, as in bspline_bwd_cuda_bins, but the block that is
   last to leave its tile's sums of a group adds the group's tiles up itself, in the same fixed order: one
   launch instead of two. On an H100 in f32 with 8 intervals ahead of all: 7.9 us at 197x768
   (bspline_bwd_cuda_bins 9.2), 18.4 at 3152x768 (19.4), 49.5 at 3152x3072 (49.7); at 12608x3072 169.0 against
   168.0. Bins for every thread take shared memory: with many intervals few threads fit. */
#include "variant.h"
#ifndef __CUDACC__
#include "spline_launch.h"

static void launch(const struct problem *p, const struct point *pt, const struct device_info *d,
                   struct launch *l) {
    (void)d;
    spline_lastblock_launch(p, pt, spline_bins_bytes(p, pt->value[POINT_BLOCK]), l);
}
#endif
VARIANT(bspline_bwd_cuda_lastblock, .op = BSPLINE_BWD, .dtypes = F32 | F16 | BF16, .flags = PREFERRED,
        .min_sm = 75, .params = SPLINE_BWD_PARAMS, .reject = spline_bins_reject, .launch = launch);
#ifdef __CUDACC__
#include "args.cuh"
#include "last_block.cuh"
#include "spline_bins.cuh"

extern "C" __global__ void __launch_bounds__(BLOCK) bspline_bwd_cuda_lastblock(BSPLINE_BWD_ARGS) {
    extern __shared__ float bins[];
    __shared__ float slopes[SLOPE_TABLE], base_of_warps[WARPS];
    const int group = (int)(blockIdx.x % GROUPS), tile = (int)(blockIdx.x / GROUPS);
    const int tiles = (int)(gridDim.x / GROUPS);
    unsigned *const counters = (unsigned *)scratch;
    float *const sums = (float *)(counters + GROUPS);
    const float sum = tile_in_bins(x, coef + group * BASES, wbase[group], wspline[group], dy, dx, rows, group,
                                   tile, bins, slopes);
    bins_fold(bins, sum, base_of_warps, sums, group, tile, tiles);
    if (block_is_last(&counters[group], (unsigned)tiles))
        group_finish(coef, wspline, dcoef, dwbase, dwspline, sums, group, tiles);
}
#endif
