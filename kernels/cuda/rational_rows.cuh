/* The backward pass of a block: dx of a chunk of rows of one group's columns, and the block's sums of the gradients
   of that group's coefficients. A thread walks down its own columns; its sums meet those of others once, at the
   end. */
#pragma once

#include "cp_async.cuh"
#include "rational_exact.cuh"
#include "rational_plan.cuh"
#include "warp.cuh"

constexpr int VECTORS = GROUP_CHANNELS / VEC;
constexpr int TILES = plan_tiles(VECTORS, BLOCK), COLUMNS = plan_columns(VECTORS, BLOCK);
constexpr int BLOCK_ROWS = plan_rows(VECTORS, BLOCK), THREADS = plan_threads(COLUMNS, BLOCK_ROWS);
constexpr int WARPS = THREADS / 32;
constexpr int PARTS = GROUPS * TILES; /* blocks side by side in a chunk of rows */

/* Blocks that a multiprocessor should hold at once: up to half of 2048 threads, which leaves 64 registers for each: with
   fewer, default points would spill. */
constexpr int RESIDENT = TERMS <= 10 && THREADS <= 1024 ? 1024 / THREADS : 1;

struct rows_part {
    int part, group, column; /* column: the block's first vector in the group */
    long long chunk;
};

/* From a thread's row to its next. */
constexpr long long ROW_STRIDE = (long long)BLOCK_ROWS * CHANNELS;

__device__ __forceinline__ rows_part rows_part_of_block(void) {
    rows_part p;
    p.chunk = blockIdx.x / PARTS;
    p.part = (int)(blockIdx.x % PARTS);
    p.group = p.part / TILES;
    p.column = p.part % TILES * COLUMNS;
    return p;
}

/* dx of a vector, whose x and dy are given in v and g. */
__device__ __forceinline__ void rows_grad(const rational_coefs &c, float (&v)[VEC], const float (&g)[VEC],
                                          rational_sums &s, float &largest) {
#pragma unroll
    for (int i = 0; i < VEC; i++) v[i] = rational_grad(c, v[i], g[i], s, largest);
}

/* A step of U rows: all loads first. `Aligned`: accesses of VEC elements. */
template <int U, bool Aligned>
__device__ __forceinline__ void rows_step(const rational_coefs &c, const ELEM *x, const ELEM *dy, ELEM *dx,
                                          rational_sums &s, float &largest) {
    float v[U][VEC], g[U][VEC];
#pragma unroll
    for (int u = 0; u < U; u++) {
        if (Aligned) {
            load_vec<VEC, LOAD>(x + u * ROW_STRIDE, v[u]);
            load_vec<VEC, LOAD>(dy + u * ROW_STRIDE, g[u]);
        } else {
            load_each<VEC>(x + u * ROW_STRIDE, v[u]);
            load_each<VEC>(dy + u * ROW_STRIDE, g[u]);
        }
    }
#pragma unroll
    for (int u = 0; u < U; u++) {
        rows_grad(c, v[u], g[u], s, largest);
        if (Aligned)
            store_vec<VEC, STORE>(dx + u * ROW_STRIDE, v[u]);
        else
            store_each<VEC>(dx + u * ROW_STRIDE, v[u]);
    }
}

template <int U, bool Aligned>
__device__ __forceinline__ void rows_walk(const rational_coefs &c, const ELEM *x, const ELEM *dy, ELEM *dx, long long count,
                                          rational_sums &s, float &largest) {
#pragma unroll 1
    for (; count >= U; count -= U) {
        rows_step<U, Aligned>(c, x, dy, dx, s, largest);
        x += U * ROW_STRIDE;
        dy += U * ROW_STRIDE;
        dx += U * ROW_STRIDE;
    }
    if constexpr (U > 1) rows_walk<1, Aligned>(c, x, dy, dx, count, s, largest);
}

/* The U rows that a thread has on their way while it computes: in shared memory, where they need no registers. */
template <int U> struct rows_ring {
    packed<VEC> x[U][THREADS], dy[U][THREADS];

    /* Row `ahead` from x and dy on, to place u. */
    __device__ __forceinline__ void copy(int u, const ELEM *from_x, const ELEM *from_dy, int ahead) {
        copy_async<access<VEC>::bytes, LOAD == LOAD_CS>(&x[u][threadIdx.x], from_x + ahead * ROW_STRIDE);
        copy_async<access<VEC>::bytes, LOAD == LOAD_CS>(&dy[u][threadIdx.x], from_dy + ahead * ROW_STRIDE);
    }
};

/* Row u of U, once it is there; with `more` the row U further takes its place. */
template <int U>
__device__ __forceinline__ void ring_step(rows_ring<U> &ring, int u, bool more, const rational_coefs &c, const ELEM *x,
                                          const ELEM *dy, ELEM *dx, rational_sums &s, float &largest) {
    float v[VEC], g[VEC];
    copy_async_wait<U - 1>();
    const packed<VEC> at_x = ring.x[u][threadIdx.x], at_dy = ring.dy[u][threadIdx.x]; /* whole accesses */
    unpack(at_x, v);
    unpack(at_dy, g);
    if (more) ring.copy(u, x, dy, u + U);
    copy_async_commit();
    rows_grad(c, v, g, s, largest);
    store_vec<VEC, STORE>(dx + u * ROW_STRIDE, v);
}

/* As rows_walk, of aligned tensors. No thread reads what another has copied, so nothing is waited for but the thread's own
   copies. */
template <int U>
__device__ __forceinline__ void rows_walk_ahead(const rational_coefs &c, const ELEM *x, const ELEM *dy, ELEM *dx,
                                                long long count, rational_sums &s, float &largest) {
    __shared__ rows_ring<U> ring;
#pragma unroll
    for (int u = 0; u < U; u++) {
        if (u < count) ring.copy(u, x, dy, u);
        copy_async_commit();
    }
    const auto advance = [&] {
        count -= U;
        x += U * ROW_STRIDE;
        dy += U * ROW_STRIDE;
        dx += U * ROW_STRIDE;
    };
#pragma unroll 1
    for (; count >= 2 * U; advance()) {
#pragma unroll
        for (int u = 0; u < U; u++) ring_step<U>(ring, u, true, c, x, dy, dx, s, largest);
    }
#pragma unroll 1
    for (; count > 0; advance()) {
#pragma unroll
        for (int u = 0; u < U; u++)
            if (u < count) ring_step<U>(ring, u, u + U < count, c, x, dy, dx, s, largest);
    }
}

/* A thread's rows once more, where some |x| of theirs is large. */
__device__ __forceinline__ void rows_redo(const float *a, const float *b, const ELEM *x, const ELEM *dy, ELEM *dx,
                                          long long count, rational_sums &s) {
    rational_zero(s);
#pragma unroll 1
    for (; count > 0; count--) {
#pragma unroll 1
        for (int i = 0; i < VEC; i++)
            dx[i] = elem_from_float(rational_grad_exact(a, b, elem_to_float(x[i]), elem_to_float(dy[i]), s));
        x += ROW_STRIDE;
        dy += ROW_STRIDE;
        dx += ROW_STRIDE;
    }
}

/* Term t < TERMS of the block's gradient, in thread t. */
__device__ __forceinline__ float block_sum(rational_sums &s, const float *b) {
    constexpr int SUM_LANES = 32 / warp_room(TERMS);
    __shared__ float of_warps[TERMS][WARPS];
    float v[TERMS];
#pragma unroll
    for (int t = 0; t < TERMS; t++) v[t] = t <= M ? s.num[t] : s.den[t - M - 1];
    warp_sums(v);
    const int lane = threadIdx.x % 32, term = lane / SUM_LANES;
    if (lane % SUM_LANES == 0 && term < TERMS) of_warps[term][threadIdx.x / 32] = v[0];
    __syncthreads();
    if (threadIdx.x >= TERMS) return 0;
    float sum = 0;
#pragma unroll
    for (int w = 0; w < WARPS; w++) sum += of_warps[threadIdx.x][w];
    return sum * rational_sum_factor(b, threadIdx.x);
}

/* Walks the block's chunk of the rows; returns block_sum(). */
__device__ __forceinline__ float rows_sum(const rows_part &p, const ELEM *x, const float *num, const float *den,
                                          const ELEM *dy, ELEM *dx, long long rows) {
    const int lane_row = threadIdx.x / COLUMNS, column = p.column + threadIdx.x % COLUMNS;
    const long long chunks = gridDim.x / PARTS, passes = (rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
    const long long step = (passes + chunks - 1) / chunks; /* passes of the block over its chunk */
    const long long first = p.chunk * step * BLOCK_ROWS + lane_row;
    long long count = first < rows ? (rows - first + BLOCK_ROWS - 1) / BLOCK_ROWS : 0;
    if (count > step) count = step;
    if (lane_row >= BLOCK_ROWS || column >= VECTORS) count = 0;
    const float *const a = num_at(num, p.group), *const b = den_at(den, p.group);
    const rational_coefs c = rational_load(a, b, GRAD_SCALE);
    rational_sums s;
    rational_zero(s);
    float largest = 0;
    const long long at = first * CHANNELS + (long long)p.group * GROUP_CHANNELS + (long long)column * VEC;
    if (!aligned_to<VEC>(x, dy, dx))
        rows_walk<1, false>(c, x + at, dy + at, dx + at, count, s, largest);
    else if constexpr (AHEAD > 0)
        rows_walk_ahead<AHEAD>(c, x + at, dy + at, dx + at, count, s, largest);
    else
        rows_walk<UNROLL, true>(c, x + at, dy + at, dx + at, count, s, largest);
    if (largest > RATIONAL_LARGE) rows_redo(a, b, x + at, dy + at, dx + at, count, s);
    return block_sum(s, b);
}
