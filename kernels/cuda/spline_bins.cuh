/* Gradients of a spline's coefficients: from a block's sums to dcoef, dwbase and dwspline.

   raw_m = sum dy B_m over a group; then dcoef_m = wspline raw_m, dwspline = sum c_m raw_m, dwbase = sum dy
   silu(x). A block leaves its sums of a tile in scratch; who comes last, or a second kernel, adds the tiles'
   up in double precision and in a fixed order, so that a result does not depend on the order of blocks. */
#pragma once

#include "series.cuh"
#include "spline_grad.cuh"
#include "walk.cuh"

/* Sums of a group: BASES of raw_m, then dwbase. */
constexpr int SUMS = BASES + 1;
constexpr int WARPS = BLOCK / 32;

/* Where the sums of a tile lie: tiles side by side, so that adding them up reads whole sectors. */
__device__ __forceinline__ float *tile_sum_at(void *scratch, int group, int sum, int tile, int tiles) {
    return (float *)scratch + ((long long)group * SUMS + sum) * tiles + tile;
}

/* One tile: dx and what is added to sums, which element(x, dy) works out. Returns the thread's sum for dwbase.
 */
template <class ELEMENT>
__device__ __forceinline__ float tile_walk(const ELEM *x, const ELEM *dy, ELEM *dx, long long rows, int group,
                                           int tile, ELEMENT element) {
    float base_sum = 0;
    walk_map2(x, dy, dx, rows, group, tile, [&](float vx, float vdy) {
        const auto g = element(vx, vdy);
        base_sum += g.base;
        return g.dx;
    });
    return base_sum;
}

/* The same with what add(element) makes of every element's bases. */
template <class ADD>
__device__ __forceinline__ float tile_backward(const ELEM *x, float wbase, const ELEM *dy, ELEM *dx,
                                               long long rows, int group, int tile, const float *slopes,
                                               ADD add) {
    return tile_walk(x, dy, dx, rows, group, tile, [&](float vx, float vdy) {
        const spline_grad g = spline_backward(vx, vdy, slopes, wbase);
        add(g);
        return g;
    });
}

/* The same with bins of every thread's own, bins[bin * BLOCK + thread], a bank for every lane. All of the
   block's threads take part. */
__device__ __forceinline__ float tile_in_bins(const ELEM *x, const float *coef, float wbase, float wspline,
                                              const ELEM *dy, ELEM *dx, long long rows, int group, int tile,
                                              float *bins, float *slopes) {
    float *const own = bins + threadIdx.x;
#pragma unroll 4
    for (int bin = 0; bin < BINS; bin++) own[bin * BLOCK] = 0;
    slope_table_fill(slopes, coef, wspline);
    __syncthreads();
    return tile_backward(x, wbase, dy, dx, rows, group, tile, slopes, [&](const spline_grad &g) {
#pragma unroll
        for (int k = 0; k <= ORDER; k++) own[(g.bin + k) * BLOCK] += g.part[k];
    });
}

/* Sums that every thread keeps in registers, into the tile's sums. of_warps: shared memory for SUMS x WARPS.
 */
__device__ __forceinline__ void block_sums(const float *sums, float *of_warps, void *scratch, int group,
                                           int tile, int tiles) {
    const int warp = (int)threadIdx.x / 32, lane = (int)threadIdx.x % 32;
#pragma unroll
    for (int s = 0; s < SUMS; s++) {
        const float sum = warp_sum(sums[s]);
        if (lane == 0) of_warps[s * WARPS + warp] = sum;
    }
    __syncthreads();
    for (int s = (int)threadIdx.x; s < SUMS; s += BLOCK) {
        float sum = 0;
#pragma unroll
        for (int i = 0; i < WARPS; i++) sum += of_warps[s * WARPS + i];
        *tile_sum_at(scratch, group, s, tile, tiles) = sum;
    }
}

/* Begins the block's sum of a value that every thread has; of_warps: shared memory for WARPS. After a barrier
   block_sum() tells it. */
__device__ __forceinline__ void block_sum_begin(float value, float *of_warps) {
    const float sum = warp_sum(value);
    if (threadIdx.x % 32 == 0) of_warps[threadIdx.x / 32] = sum;
}

__device__ __forceinline__ float block_sum(const float *of_warps) {
    float sum = 0;
    for (int i = 0; i < WARPS; i++) sum += of_warps[i];
    return sum;
}

/* Every thread's own bins and its sum for dwbase, into the tile's sums. */
__device__ __forceinline__ void bins_fold(const float *bins, float base, float *base_of_warps, void *scratch,
                                          int group, int tile, int tiles) {
    const int warp = (int)threadIdx.x / 32, lane = (int)threadIdx.x % 32;
    block_sum_begin(base, base_of_warps);
    __syncthreads();
    for (int m = warp; m < BASES; m += WARPS) {
        const float *const bin = bins + (m + BIN_FIRST + BEYOND) * BLOCK;
        float sum = 0;
#pragma unroll
        for (int i = 0; i < WARPS; i++) sum += bin[i * 32 + lane];
        sum = warp_sum(sum);
        if (lane == 0) *tile_sum_at(scratch, group, m, tile, tiles) = sum;
    }
    if (threadIdx.x == 0) *tile_sum_at(scratch, group, BASES, tile, tiles) = block_sum(base_of_warps);
}

/* The whole block adds a group's sums up over its tiles, in double precision and in a fixed order, and writes
   the group's gradients. */
__device__ __forceinline__ void group_finish(const float *coef, const float *wspline, float *dcoef,
                                             float *dwbase, float *dwspline, void *scratch, int group,
                                             int tiles) {
    __shared__ double raw[SUMS]; /* raw_m, then dwbase */
    const int lane = (int)threadIdx.x % 32;
    series_sums<SUMS, WARPS>(tile_sum_at(scratch, group, 0, 0, tiles), tiles, tiles,
                             [&](int s, double sum) { raw[s] = sum; });
    __syncthreads();
#pragma unroll 1
    for (int m = (int)threadIdx.x; m < BASES; m += BLOCK)
        dcoef[group * BASES + m] = (float)((double)wspline[group] * raw[m]);
    if (threadIdx.x >= 32) return;
    double sum = 0;
#pragma unroll 1
    for (int m = lane; m < BASES; m += 32) sum += (double)coef[group * BASES + m] * raw[m];
    sum = warp_sum(sum);
    if (lane == 0) {
        dwspline[group] = (float)sum;
        dwbase[group] = (float)raw[BASES];
    }
}
