/* Gradients of a spline's coefficients: from a block's sums to dcoef, dwbase and dwspline.

   raw_m = sum dy B_m over a group; then dcoef_m = wspline raw_m, dwspline = sum c_m raw_m, dwbase = sum dy
   silu(x). A block leaves its sums of a tile in scratch; who comes last, or a second kernel, adds the tiles'
   up in double precision and in a fixed order, so that a result does not depend on the order of blocks. */
#pragma once

#include "spline_grad.cuh"
#include "walk.cuh"

/* Sums of a group: BASES of raw_m, then dwbase. */
constexpr int SUMS = BASES + 1;
constexpr int WARPS = BLOCK / 32;

__device__ __forceinline__ float warp_sum(float value) {
#pragma unroll
    for (int step = 16; step; step /= 2) value += __shfl_xor_sync(0xffffffffu, value, step);
    return value;
}

__device__ __forceinline__ double warp_sum(double value) {
#pragma unroll
    for (int step = 16; step; step /= 2) value += __shfl_xor_sync(0xffffffffu, value, step);
    return value;
}

/* Where the sums of a tile lie, `count` of them a group: tiles side by side, so that adding them up reads
   whole sectors. */
template <int COUNT = SUMS>
__device__ __forceinline__ float *tile_sum_at(void *scratch, int group, int sum, int tile, int tiles) {
    return (float *)scratch + ((long long)group * COUNT + sum) * tiles + tile;
}

/* One tile: dx, and sums in bins of every thread's own, bins[bin * BLOCK + thread], a bank for every lane.
   Returns the thread's sum for dwbase. All of the block's threads take part. */
__device__ __forceinline__ float tile_in_bins(const ELEM *x, const float *coef, float wbase, float wspline,
                                              const ELEM *dy, ELEM *dx, long long rows, int group, int tile,
                                              float *bins, float *slopes) {
    float *const own = bins + threadIdx.x;
#pragma unroll 4
    for (int bin = 0; bin < BINS; bin++) own[bin * BLOCK] = 0;
    slope_table_fill(slopes, coef, wspline);
    __syncthreads();
    const bool wide = aligned_to<VEC>(x) && aligned_to<VEC>(dy) && aligned_to<VEC>(dx);
    float base_sum = 0;
    for (walk w(group, tile, rows); w.left > 0; w.next()) {
        float vx[VEC], vdy[VEC];
        walk_load(x + w.at, vx, wide);
        walk_load(dy + w.at, vdy, wide);
#pragma unroll
        for (int i = 0; i < VEC; i++) {
            const spline_grad g = spline_backward(vx[i], vdy[i], slopes, wbase);
            vx[i] = g.dx;
            base_sum += g.base;
#pragma unroll
            for (int k = 0; k <= ORDER; k++) own[(g.bin + k) * BLOCK] += g.part[k];
        }
        walk_store(dx + w.at, vx, wide);
    }
    return base_sum;
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
        *tile_sum_at<SUMS>(scratch, group, s, tile, tiles) = sum;
    }
}

/* Every thread's own bins, COUNT of them from bins[FIRST * BLOCK + thread] on, and its sum for dwbase, into
   the tile's COUNT + 1 sums. */
template <int FIRST, int COUNT>
__device__ __forceinline__ void bins_fold(const float *bins, float base, float *base_of_warps, void *scratch,
                                          int group, int tile, int tiles) {
    const int warp = (int)threadIdx.x / 32, lane = (int)threadIdx.x % 32;
    const float base_sum = warp_sum(base);
    if (lane == 0) base_of_warps[warp] = base_sum;
    __syncthreads();
    for (int s = warp; s < COUNT; s += WARPS) {
        float sum = 0;
#pragma unroll
        for (int i = 0; i < WARPS; i++) sum += bins[(FIRST + s) * BLOCK + i * 32 + lane];
        sum = warp_sum(sum);
        if (lane == 0) *tile_sum_at<COUNT + 1>(scratch, group, s, tile, tiles) = sum;
    }
    if (threadIdx.x == 0) {
        float sum = 0;
        for (int i = 0; i < WARPS; i++) sum += base_of_warps[i];
        *tile_sum_at<COUNT + 1>(scratch, group, COUNT, tile, tiles) = sum;
    }
}

/* The whole block adds up COUNT sums of a group over its tiles, in double precision and in a fixed order.
   OTHERS: the sums were written by other blocks of this very launch, so L1 must not answer. The caller
   synchronises. */
template <int COUNT, bool OTHERS>
__device__ __forceinline__ void tile_sums_add(void *scratch, int group, int tiles, double *added) {
    const int lane = (int)threadIdx.x % 32;
    for (int s = (int)threadIdx.x / 32; s < COUNT; s += WARPS) {
        const float *const sums = tile_sum_at<COUNT>(scratch, group, s, 0, tiles);
        double sum = 0;
#pragma unroll 4
        for (int tile = lane; tile < tiles; tile += 32)
            sum += (double)(OTHERS ? __ldcg(sums + tile) : sums[tile]);
        sum = warp_sum(sum);
        if (lane == 0) added[s] = sum;
    }
}

/* The whole block writes a group's gradients: raw[BASES] as above, and the sum for dwbase. */
__device__ __forceinline__ void group_finish(const float *coef, const float *wspline, float *dcoef,
                                             float *dwbase, float *dwspline, int group, const double *raw,
                                             double base_sum) {
    const int lane = (int)threadIdx.x % 32;
    for (int m = (int)threadIdx.x; m < BASES; m += BLOCK)
        dcoef[group * BASES + m] = (float)((double)wspline[group] * raw[m]);
    if (threadIdx.x >= 32) return;
    double sum = 0;
    for (int m = lane; m < BASES; m += 32) sum += (double)coef[group * BASES + m] * raw[m];
    sum = warp_sum(sum);
    if (lane == 0) {
        dwspline[group] = (float)sum;
        dwbase[group] = (float)base_sum;
    }
}
