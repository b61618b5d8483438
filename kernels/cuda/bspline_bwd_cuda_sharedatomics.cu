/* bspline_bwd_cuda_sharedatomics: bins that COPIES parts of a block share, added to by atomics in shared memory; then
   one global atomic a coefficient and block. Needs little shared memory however many coefficients there are: on the
   modeled H100 fastest with 64 intervals (24.0 us at 1024x768), 1.3 times as long as bspline_bwd_cuda_bins with 8. */
#include "variant.h"
#ifndef __CUDACC__
#include "spline.h"
#include "walk.h"

enum { BLOCK, VEC, ROWS, COPIES };

static size_t bins_bytes(const struct problem *p, const struct point *pt) {
    return (size_t)spline_bins(p) * (size_t)pt->value[COPIES] * sizeof(float);
}

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    if (bins_bytes(p, pt) + spline_static_bytes(p) > d->shared_block)
        return "COPIES of the bins exceed the device's shared memory";
    return walk_reject(p, pt->value[VEC]);
}

static void launch(const struct problem *p, const struct point *pt, const struct device_info *d,
                   struct launch *l) {
    (void)d;
    l->steps = p->rows > 0;
    l->zero = 1u << T_DCOEF | 1u << T_DWBASE | 1u << T_DWSPLINE;
    l->step[0].grid[0] = (unsigned)(walk_tiles(p, pt->value[ROWS]) * p->groups);
    l->step[0].block[0] = (unsigned)pt->value[BLOCK];
    l->step[0].shared = (unsigned)bins_bytes(p, pt);
}
#endif
VARIANT(bspline_bwd_cuda_sharedatomics, .op = BSPLINE_BWD, .dtypes = F32 | F16 | BF16,
        .flags = ORDER_DEPENDENT, .min_sm = 75,
        .params = {{"BLOCK", {256, 128}}, {"VEC", {8, 4, 2, 1}}, {"ROWS", {64, 256}}, {"COPIES", {8, 32, 1}}},
        .reject = reject, .launch = launch);
#ifdef __CUDACC__
#include "args.cuh"
#include "spline_bins.cuh"
#include "spline_grad.cuh"
#include "walk.cuh"

extern "C" __global__ void __launch_bounds__(BLOCK) bspline_bwd_cuda_sharedatomics(BSPLINE_BWD_ARGS) {
    extern __shared__ float bins[]; /* [bin][copy]: copies lie in different banks */
    __shared__ float slopes[SLOPE_TABLE], base_of_warps[WARPS];
    const int group = (int)(blockIdx.x % GROUPS), tile = (int)(blockIdx.x / GROUPS);
    const float base = wbase[group];
    for (int i = (int)threadIdx.x; i < BINS * COPIES; i += BLOCK) bins[i] = 0;
    slope_table_fill(slopes, coef + group * BASES, wspline[group]);
    __syncthreads();
    const bool wide = aligned_to<VEC>(x) && aligned_to<VEC>(dy) && aligned_to<VEC>(dx);
    float *const own = bins + threadIdx.x % COPIES;
    float base_sum = 0;
    for (walk w(group, tile, rows); w.left > 0; w.next()) {
        float vx[VEC], vdy[VEC];
        walk_load(x + w.at, vx, wide);
        walk_load(dy + w.at, vdy, wide);
#pragma unroll
        for (int i = 0; i < VEC; i++) {
            const spline_grad g = spline_backward(vx[i], vdy[i], slopes, base);
            vx[i] = g.dx;
            base_sum += g.base;
#pragma unroll
            for (int k = 0; k <= ORDER; k++) atomicAdd(&own[(g.bin + k) * COPIES], g.part[k]);
        }
        walk_store(dx + w.at, vx, wide);
    }
    base_sum = warp_sum(base_sum);
    if (threadIdx.x % 32 == 0) base_of_warps[threadIdx.x / 32] = base_sum;
    __syncthreads();
    float spline = 0;
    for (int m = (int)threadIdx.x; m < BASES; m += BLOCK) {
        float raw = 0;
#pragma unroll
        for (int i = 0; i < COPIES; i++) raw += bins[(m + BIN_FIRST + BEYOND) * COPIES + i];
        atomicAdd(&dcoef[group * BASES + m], wspline[group] * raw);
        spline = fmaf(coef[group * BASES + m], raw, spline);
    }
    spline = warp_sum(spline);
    if (threadIdx.x % 32 == 0) atomicAdd(&dwspline[group], spline);
    if (threadIdx.x == 0) {
        float sum = 0;
        for (int i = 0; i < WARPS; i++) sum += base_of_warps[i];
        atomicAdd(&dwbase[group], sum);
    }
}
#endif
