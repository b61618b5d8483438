/* bspline_bwd_cuda_sharedatomics: bins that COPIES parts of a block share, added to by atomics in shared
   memory; then one global atomic a coefficient and block. Needs little shared memory however many coefficients
   there are, so it runs where bins for every thread do not fit, or leave few threads. Wins with many intervals: on an
   H100 in f32 at 3152x768 25.9 us with 64 (bspline_bwd_cuda_lastblock 30.5), 30.5 with 256 (76.4); in bf16 24.8 with 64
   (26.5). With 8 it loses: 26.9, bspline_bwd_cuda_bins 19.4. An addition of float32 in shared memory is a loop
   there, 3 clocks a warp where each lane has a word of its own and 15 where warps share 32: hence many copies. */
#include "variant.h"
#ifndef __CUDACC__
#include "spline_launch.h"

enum { POINT_COPIES = POINT_OWN };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    if (!spline_bins_fit(p, pt->value[POINT_COPIES], d))
        return "COPIES of the bins exceed the device's shared memory";
    return vector_reject(p, pt->value[POINT_VEC]);
}

static void launch(const struct problem *p, const struct point *pt, const struct device_info *d,
                   struct launch *l) {
    (void)d;
    l->steps = p->rows > 0;
    l->zero = 1u << T_DCOEF | 1u << T_DWBASE | 1u << T_DWSPLINE;
    l->step[0] = spline_tiles_step(p, pt, spline_bins_bytes(p, pt->value[POINT_COPIES]));
}
#endif
VARIANT(bspline_bwd_cuda_sharedatomics, .op = BSPLINE_BWD, .dtypes = F32 | F16 | BF16,
        .flags = ORDER_DEPENDENT, .min_sm = 75,
        .params = {{"BLOCK", {256, 128}}, {"VEC", {8, 4, 2, 1}}, {"ROWS", {64, 256}}, {"COPIES", {32, 8, 1}}},
        .reject = reject, .launch = launch);
#ifdef __CUDACC__
#include "args.cuh"
#include "spline_bins.cuh"

extern "C" __global__ void __launch_bounds__(BLOCK) bspline_bwd_cuda_sharedatomics(BSPLINE_BWD_ARGS) {
    extern __shared__ float bins[]; /* [bin][copy]: copies lie in different banks */
    __shared__ float slopes[SLOPE_TABLE], base_of_warps[WARPS], spline_of_warps[WARPS];
    const int group = (int)(blockIdx.x % GROUPS), tile = (int)(blockIdx.x / GROUPS);
    for (int i = (int)threadIdx.x; i < BINS * COPIES; i += BLOCK) bins[i] = 0;
    slope_table_fill(slopes, coef + group * BASES, wspline[group]);
    __syncthreads();
    float *const own = bins + threadIdx.x % COPIES;
    const float base_sum =
        tile_backward(x, wbase[group], dy, dx, rows, group, tile, slopes, [&](const spline_grad &g) {
#pragma unroll
            for (int k = 0; k <= ORDER; k++) atomicAdd(&own[(g.bin + k) * COPIES], g.part[k]);
        });
    block_sum_begin(base_sum, base_of_warps);
    __syncthreads();
    float spline = 0;
    for (int m = (int)threadIdx.x; m < BASES; m += BLOCK) {
        float raw = 0;
#pragma unroll
        for (int i = 0; i < COPIES; i++) raw += bins[(m + BIN_FIRST + BEYOND) * COPIES + i];
        atomicAdd(&dcoef[group * BASES + m], wspline[group] * raw);
        spline = fmaf(coef[group * BASES + m], raw, spline);
    }
    block_sum_begin(spline, spline_of_warps);
    __syncthreads();
    if (threadIdx.x) return;
    atomicAdd(&dwspline[group], block_sum(spline_of_warps));
    atomicAdd(&dwbase[group], block_sum(base_of_warps));
}
#endif
