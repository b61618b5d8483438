/* bspline_bwd_cuda_moments: every thread has moments of every interval in shared memory, sums of dy w^(k-s) u^s of
   the distances to the interval's ends, of which the sums of dy B_i are made once a tile: powers in place of bases,
   and one wide access in place of k + 1. The last block of a group adds the tiles up, as in
   bspline_bwd_cuda_lastblock. Ahead of all where intervals are few, the more so of high order and in 16 bits: H100,
   12608x3072, 2 intervals of order 5 clamped 146 us against 201 in bf16 and 168 against 205 in f32, 3 of order 3 128
   against 137 in bf16. A thread's moments take k + 1 times the memory of its bins, so fewer threads fit where a taper
   or many intervals make many: with 8 cubic ones clamped 132 against 134, tapered 157 against 134 of
   bspline_bwd_cuda_bins. */
#include "variant.h"
#ifndef __CUDACC__
#include "spline_launch.h"

static size_t moments_bytes(const struct problem *p, int threads) {
    return (size_t)(spline_moment_rows(p) * spline_moments(p) * threads) * sizeof(float);
}

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    const size_t totals = (size_t)(spline_moment_rows(p) * (p->order + 1)) * sizeof(float);
    if (moments_bytes(p, pt->value[POINT_BLOCK]) + totals + spline_static_bytes(p) > d->shared_block)
        return "moments for every thread of a block exceed the device's shared memory";
    return vector_reject(p, pt->value[POINT_VEC]);
}

static void launch(const struct problem *p, const struct point *pt, const struct device_info *d,
                   struct launch *l) {
    (void)d;
    spline_lastblock_launch(p, pt, moments_bytes(p, pt->value[POINT_BLOCK]), l);
}
#endif
VARIANT(bspline_bwd_cuda_moments, .op = BSPLINE_BWD, .dtypes = F32 | F16 | BF16, .min_sm = 75,
        .params = SPLINE_BWD_PARAMS, .reject = reject, .launch = launch);
#ifdef __CUDACC__
#include "args.cuh"
#include "last_block.cuh"
#include "spline_moments.cuh"

extern "C" __global__ void __launch_bounds__(BLOCK) bspline_bwd_cuda_moments(BSPLINE_BWD_ARGS) {
    extern __shared__ moment_row moments[];
    __shared__ float slopes[SLOPE_TABLE], base_of_warps[WARPS];
    const int group = (int)(blockIdx.x % GROUPS), tile = (int)(blockIdx.x / GROUPS);
    const int tiles = (int)(gridDim.x / GROUPS);
    unsigned *const counters = (unsigned *)scratch;
    float *const sums = (float *)(counters + GROUPS);
    const float sum = tile_in_moments(x, coef + group * BASES, wbase[group], wspline[group], dy, dx, rows, group,
                                      tile, moments, slopes);
    moments_fold(moments, sum, base_of_warps, sums, group, tile, tiles);
    if (block_is_last(&counters[group], (unsigned)tiles))
        group_finish(coef, wspline, dcoef, dwbase, dwspline, sums, group, tiles);
}
#endif
