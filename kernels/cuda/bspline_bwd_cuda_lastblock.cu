/* bspline_bwd_cuda_lastblock: bins of every thread's own, as in bspline_bwd_cuda_bins, but the block that is last to
   leave its tile's sums of a group adds the group's tiles up itself, in the same fixed order: one launch instead of
   two. On the modeled H100 it beats bspline_bwd_cuda_bins with 64 intervals (24.1 against 25.8 us at 1024x768) and
   loses 6 to 19% with 8. */
#include "variant.h"
#ifndef __CUDACC__
#include "spline.h"
#include "walk.h"

enum { BLOCK, VEC, ROWS };

static size_t bins_bytes(const struct problem *p, const struct point *pt) {
    return (size_t)spline_bins(p) * (size_t)pt->value[BLOCK] * sizeof(float);
}

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    if (bins_bytes(p, pt) + spline_static_bytes(p) > d->shared_block)
        return "bins for every thread of a block exceed the device's shared memory";
    return walk_reject(p, pt->value[VEC]);
}

static void launch(const struct problem *p, const struct point *pt, const struct device_info *d,
                   struct launch *l) {
    (void)d;
    const int64_t tiles = walk_tiles(p, pt->value[ROWS]);
    l->steps = tiles > 0;
    l->zero = tiles > 0 ? 0 : 1u << T_DCOEF | 1u << T_DWBASE | 1u << T_DWSPLINE;
    l->step[0].grid[0] = (unsigned)(tiles * p->groups);
    l->step[0].block[0] = (unsigned)pt->value[BLOCK];
    l->step[0].shared = (unsigned)bins_bytes(p, pt);
    /* the groups' counters of tiles, then the sums */
    l->scratch_zero = (size_t)p->groups * sizeof(int);
    l->scratch = l->scratch_zero + (size_t)(tiles * p->groups * spline_sums(p)) * sizeof(float);
}
#endif
VARIANT(bspline_bwd_cuda_lastblock, .op = BSPLINE_BWD, .dtypes = F32 | F16 | BF16, .min_sm = 75,
        .params = {{"BLOCK", {128, 256, 64}}, {"VEC", {8, 4, 2, 1}}, {"ROWS", {64, 16, 256}}},
        .reject = reject, .launch = launch);
#ifdef __CUDACC__
#include "args.cuh"
#include "spline_bins.cuh"
#include "spline_grad.cuh"
#include "walk.cuh"

extern "C" __global__ void __launch_bounds__(BLOCK) bspline_bwd_cuda_lastblock(BSPLINE_BWD_ARGS) {
    extern __shared__ float bins[];
    __shared__ float slopes[SLOPE_TABLE], base_of_warps[WARPS];
    __shared__ double raw[SUMS];
    __shared__ bool is_last;
    const int group = (int)(blockIdx.x % GROUPS), tile = (int)(blockIdx.x / GROUPS);
    const int tiles = (int)(gridDim.x / GROUPS);
    int *const counters = (int *)scratch;
    float *const sums = (float *)(counters + GROUPS);
    const float sum = tile_in_bins(x, coef + group * BASES, wbase[group], wspline[group], dy, dx, rows, group,
                                   tile, bins, slopes);
    bins_fold<BIN_FIRST + BEYOND, BASES>(bins, sum, base_of_warps, sums, group, tile, tiles);
    __threadfence(); /* this block's sums before its mark */
    __syncthreads();
    if (threadIdx.x == 0) is_last = atomicAdd(&counters[group], 1) == tiles - 1;
    __syncthreads();
    if (!is_last) return;
    __threadfence();
    tile_sums_add<SUMS, true>(sums, group, tiles, raw);
    __syncthreads();
    group_finish(coef, wspline, dcoef, dwbase, dwspline, group, raw, raw[BASES]);
}
#endif
