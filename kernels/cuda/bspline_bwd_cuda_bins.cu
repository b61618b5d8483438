/* bspline_bwd_cuda_bins: every thread has bins of its own in shared memory, a bank to itself, so that adding to them
   needs no atomics and never conflicts; a tile's sums go to scratch and a second kernel adds the tiles up. Results
   do not depend on the order of blocks. Fastest on the modeled H100 with 8 intervals, from 197x192 to 3152x768, in
   float32 and bfloat16; with 64 intervals its bins leave room for few threads, and shared atomics overtake it. */
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
    struct launch_step *step = l->step;
    if (tiles > 0) {
        step->grid[0] = (unsigned)(tiles * p->groups);
        step->block[0] = (unsigned)pt->value[BLOCK];
        step->shared = (unsigned)bins_bytes(p, pt);
        step++;
    }
    step->function = "bspline_bwd_cuda_bins_finish";
    step->grid[0] = (unsigned)p->groups;
    step->block[0] = (unsigned)pt->value[BLOCK];
    l->steps = (int)(step - l->step) + 1;
    l->scratch = (size_t)(tiles * p->groups * spline_sums(p)) * sizeof(float);
}
#endif
VARIANT(bspline_bwd_cuda_bins, .op = BSPLINE_BWD, .dtypes = F32 | F16 | BF16, .min_sm = 75,
        .params = {{"BLOCK", {128, 256, 64}}, {"VEC", {8, 4, 2, 1}}, {"ROWS", {64, 16, 256}}},
        .reject = reject, .launch = launch);
#ifdef __CUDACC__
#include "args.cuh"
#include "spline_bins.cuh"
#include "spline_grad.cuh"
#include "walk.cuh"

extern "C" __global__ void __launch_bounds__(BLOCK) bspline_bwd_cuda_bins(BSPLINE_BWD_ARGS) {
    extern __shared__ float bins[];
    __shared__ float slopes[SLOPE_TABLE], base_of_warps[WARPS];
    const int group = (int)(blockIdx.x % GROUPS), tile = (int)(blockIdx.x / GROUPS);
    const float sum = tile_in_bins(x, coef + group * BASES, wbase[group], wspline[group], dy, dx, rows, group,
                                   tile, bins, slopes);
    bins_fold<BIN_FIRST + BEYOND, BASES>(bins, sum, base_of_warps, scratch, group, tile,
                                         (int)(gridDim.x / GROUPS));
}

extern "C" __global__ void __launch_bounds__(BLOCK) bspline_bwd_cuda_bins_finish(BSPLINE_BWD_ARGS) {
    __shared__ double raw[SUMS];
    const int group = (int)blockIdx.x;
    tile_sums_add<SUMS, false>(scratch, group, (int)((rows + ROWS - 1) / ROWS), raw);
    __syncthreads();
    group_finish(coef, wspline, dcoef, dwbase, dwspline, group, raw, raw[BASES]);
}
#endif
