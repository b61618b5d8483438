/* Gradients of a spline's coefficients by moments: on an interval every basis is a sum of Bernstein's products
   w^(ORDER-s) u^s of the distances to its ends with factors that are not negative, so that sums of dy w^(ORDER-s)
   u^s, s = 0 .. ORDER, tell the sums of dy B_i without cancellation. */
#pragma once

#include "spline_bins.cuh"

/* A row an interval; where no taper runs out, one more at either end for x beyond the grid: dy, and dy times the
   distance in steps, of which a linear continuation is made. */
constexpr int MOMENT_ROWS = TAPERED ? INTERVALS : GRID + 2, ROW_FIRST = 1;

/* As wide as shared memory is read in one access or three. */
constexpr int ROW_LENGTH = ORDER == 1 ? 2 : ORDER <= 3 ? 4 : 6;
struct __align__(ROW_LENGTH == 4 ? 16 : 8) moment_row {
    float m[ROW_LENGTH];
};

/* factor[i][s]: B_i = sum of factor[i][s] w^(ORDER-s) u^s. */
struct spline_bernstein {
    double factor[ORDER + 1][ORDER + 1];
};

/* Cox and de Boor's recursion, of which w + i = (i + 1) w + i u and u + d - 1 - i = (d - i) u + (d - 1 - i) w. */
constexpr __host__ __device__ spline_bernstein spline_bernstein_make() {
    spline_bernstein all{};
    auto &t = all.factor;
    t[0][0] = 1;
    for (int d = 1; d <= ORDER; d++) {
        double saved[ORDER + 1]{};
        for (int i = 0; i < d; i++) {
            double part[ORDER + 1]{};
            for (int s = 0; s <= ORDER; s++) part[s] = t[i][s] / d;
            for (int s = 0; s <= ORDER; s++) {
                const double before = s ? part[s - 1] : 0;
                t[i][s] = saved[s] + (i + 1) * part[s] + i * before;
                saved[s] = (d - i) * before + (d - 1 - i) * part[s];
            }
        }
        for (int s = 0; s <= ORDER; s++) t[d][s] = saved[s];
    }
    return all;
}

/* The row of an element and its moments. */
__device__ __forceinline__ int spline_moments_of(float x, float dy, const spline_slope &at, float *part) {
    const spline_place place = spline_place_of(at.knot);
    part[0] = dy;
    if (LINEARISED && x != at.clamped) {
        part[1] = dy * ((x - at.clamped) * INVERSE_STEP);
#pragma unroll
        for (int s = 2; s <= ORDER; s++) part[s] = 0;
        return x < at.clamped ? 0 : MOMENT_ROWS - 1;
    }
    float power = place.w;
#pragma unroll
    for (int s = 1; s <= ORDER; s++) part[s] = part[s - 1] * place.u;
#pragma unroll
    for (int s = ORDER - 1; s >= 0; s--) {
        part[s] *= power;
        if (s) power *= place.w;
    }
    return place.interval + ROW_FIRST;
}

/* One tile, with rows of every thread's own, rows[row * BLOCK + thread]. All of the block's threads take part. */
__device__ __forceinline__ float tile_in_moments(const ELEM *x, const float *coef, float wbase, float wspline,
                                                 const ELEM *dy, ELEM *dx, long long rows, int group, int tile,
                                                 moment_row *moments, float *slopes) {
    moment_row *const own = moments + threadIdx.x;
#pragma unroll 4
    for (int row = 0; row < MOMENT_ROWS; row++) own[row * BLOCK] = moment_row{};
    slope_table_fill(slopes, coef, wspline);
    __syncthreads();
    return tile_walk(x, dy, dx, rows, group, tile, [&](float vx, float vdy) {
        const spline_slope at = spline_backward_slope(vx, vdy, slopes, wbase);
        float part[ORDER + 1];
        moment_row *const row = own + spline_moments_of(vx, vdy, at, part) * BLOCK;
        moment_row sums = *row;
#pragma unroll
        for (int s = 0; s <= ORDER; s++) sums.m[s] += part[s];
        *row = sums;
        return at;
    });
}

/* Adds the threads' rows up: total[row][s]. */
__device__ __forceinline__ void moments_add(const moment_row *moments, float (*total)[ORDER + 1]) {
    const int warp = (int)threadIdx.x / 32, lane = (int)threadIdx.x % 32;
    for (int row = warp; row < MOMENT_ROWS; row += WARPS) {
        moment_row sum{};
#pragma unroll
        for (int i = 0; i < WARPS; i++) {
            const moment_row one = moments[row * BLOCK + i * 32 + lane];
#pragma unroll
            for (int s = 0; s <= ORDER; s++) sum.m[s] += one.m[s];
        }
#pragma unroll
        for (int s = 0; s <= ORDER; s++) {
            const float whole = warp_sum(sum.m[s]);
            if (lane == 0) total[row][s] = whole;
        }
    }
}

/* What x beyond an end of the grid adds to the sums of the ORDER + 1 bases there. */
__device__ __forceinline__ void moments_beyond(const float *beyond, bool upper, float *of) {
    float slope[ORDER + 1];
    spline_bases<ORDER>(upper, !upper, of);
    spline_slopes<ORDER>(upper, !upper, slope);
#pragma unroll
    for (int i = 0; i <= ORDER; i++) of[i] = fmaf(of[i], beyond[0], slope[i] * beyond[1]);
}

/* sum dy B_m of the tile. */
__device__ __forceinline__ float moments_raw(const float (*total)[ORDER + 1], int m) {
    constexpr spline_bernstein bernstein = spline_bernstein_make();
    float raw = 0;
#pragma unroll
    for (int i = 0; i <= ORDER; i++) {
        const int interval = m - i; /* whose basis i it is; a taper has some beyond the grid, too */
        if (!TAPERED && (interval < 0 || interval >= GRID)) continue;
        const float *const of = total[interval + BEYOND + ROW_FIRST];
#pragma unroll
        for (int s = 0; s <= ORDER; s++) raw = fmaf((float)bernstein.factor[i][s], of[s], raw);
    }
    if constexpr (!TAPERED) {
        float lower[ORDER + 1], upper[ORDER + 1];
        moments_beyond(total[0], false, lower);
        moments_beyond(total[MOMENT_ROWS - 1], true, upper);
#pragma unroll
        for (int i = 0; i <= ORDER; i++) raw += (m == i ? lower[i] : 0) + (m == GRID - 1 + i ? upper[i] : 0);
    }
    return raw;
}

/* Every thread's rows and its sum for dwbase, into the tile's sums. */
__device__ __forceinline__ void moments_fold(const moment_row *moments, float base, float *base_of_warps,
                                             void *scratch, int group, int tile, int tiles) {
    __shared__ float total[MOMENT_ROWS][ORDER + 1];
    block_sum_begin(base, base_of_warps);
    __syncthreads();
    moments_add(moments, total);
    __syncthreads();
    for (int m = (int)threadIdx.x; m < BASES; m += BLOCK)
        *tile_sum_at(scratch, group, m, tile, tiles) = moments_raw(total, m);
    if (threadIdx.x == 0) *tile_sum_at(scratch, group, BASES, tile, tiles) = block_sum(base_of_warps);
}
