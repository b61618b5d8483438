/* bspline_bwd_cuda_registers: a thread keeps the sums of all coefficients in registers, and every interval adds to
   its ORDER + 1 of them under a predicate. No shared memory in the loop and nothing that depends on where x lies;
   instructions grow with intervals x (ORDER + 1), so it is for few coefficients (at most 16). On the modeled H100 2
   to 8% behind bspline_bwd_cuda_bins with 8 intervals; needs no shared memory beyond a table of slopes. */
#include "variant.h"
#ifndef __CUDACC__
#include "spline.h"
#include "walk.h"

enum { BLOCK, VEC, ROWS };

enum { COEFS_MAX = 16 };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    if (coef_count(p) > COEFS_MAX) return "more than 16 coefficients a group: too many for registers";
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
        step++;
    }
    step->function = "bspline_bwd_cuda_registers_finish";
    step->grid[0] = (unsigned)p->groups;
    step->block[0] = (unsigned)pt->value[BLOCK];
    l->steps = (int)(step - l->step) + 1;
    l->scratch = (size_t)(tiles * p->groups * spline_sums(p)) * sizeof(float);
}
#endif
VARIANT(bspline_bwd_cuda_registers, .op = BSPLINE_BWD, .dtypes = F32 | F16 | BF16, .min_sm = 75,
        .params = {{"BLOCK", {128, 256, 64}}, {"VEC", {8, 4, 2, 1}}, {"ROWS", {64, 16, 256}}},
        .reject = reject, .launch = launch);
#ifdef __CUDACC__
#include "args.cuh"
#include "spline_bins.cuh"
#include "spline_grad.cuh"
#include "walk.cuh"

extern "C" __global__ void __launch_bounds__(BLOCK) bspline_bwd_cuda_registers(BSPLINE_BWD_ARGS) {
    __shared__ float slopes[SLOPE_TABLE], of_warps[SUMS * WARPS];
    const int group = (int)(blockIdx.x % GROUPS), tile = (int)(blockIdx.x / GROUPS);
    const float base = wbase[group];
    slope_table_fill(slopes, coef + group * BASES, wspline[group]);
    __syncthreads();
    float sums[SUMS] = {};
    const bool wide = aligned_to<VEC>(x) && aligned_to<VEC>(dy) && aligned_to<VEC>(dx);
    for (walk w(group, tile, rows); w.left > 0; w.next()) {
        float vx[VEC], vdy[VEC];
        walk_load(x + w.at, vx, wide);
        walk_load(dy + w.at, vdy, wide);
#pragma unroll
        for (int i = 0; i < VEC; i++) {
            const spline_grad g = spline_backward(vx[i], vdy[i], slopes, base);
            vx[i] = g.dx;
            sums[BASES] += g.base;
            registers_add(sums, g);
        }
        walk_store(dx + w.at, vx, wide);
    }
    block_sums(sums, of_warps, scratch, group, tile, (int)(gridDim.x / GROUPS));
}

extern "C" __global__ void __launch_bounds__(BLOCK) bspline_bwd_cuda_registers_finish(BSPLINE_BWD_ARGS) {
    __shared__ double raw[SUMS];
    const int group = (int)blockIdx.x;
    tile_sums_add<SUMS, false>(scratch, group, (int)((rows + ROWS - 1) / ROWS), raw);
    __syncthreads();
    group_finish(coef, wspline, dcoef, dwbase, dwspline, group, raw, raw[BASES]);
}
#endif
