/* A block's walk over its share of a group: a tile of rows of the group's channels, in vectors of VEC
   elements.

   Threads take the tile's vectors in turn, so that every thread stays in one group, none idles whatever the
   number of channels a group has, and neighbours read neighbouring vectors. */
#pragma once

#include "elem.cuh"

struct walk {
    static constexpr int VECTORS = GROUP_CHANNELS / VEC; /* of a group in a row */
    static constexpr int ROW_STEP = BLOCK / VECTORS, COLUMN_STEP = BLOCK % VECTORS;
    long long at; /* element */
    int column;   /* vector within the group's part of a row */
    int left;     /* vectors that this thread has still to take, this one included */

    /* Tile 0, 1, ... of ROWS rows; the last one ends with the rows there are. ROWS x VECTORS fits an int. */
    __device__ __forceinline__ walk(int group, long long tile, long long all_rows) {
        const int first = (int)threadIdx.x;
        const long long row = tile * ROWS;
        const int rows = all_rows - row < ROWS ? (int)(all_rows - row) : ROWS;
        column = first % VECTORS;
        at = (row + first / VECTORS) * CHANNELS + group * GROUP_CHANNELS + column * VEC;
        const int total = rows * VECTORS - first;
        left = total > 0 ? (total + BLOCK - 1) / BLOCK : 0;
    }

    __device__ __forceinline__ void next() {
        left--;
        at += (long long)ROW_STEP * CHANNELS + COLUMN_STEP * VEC;
        if constexpr (COLUMN_STEP != 0) {
            column += COLUMN_STEP;
            if (column >= VECTORS) {
                column -= VECTORS;
                at += CHANNELS - GROUP_CHANNELS;
            }
        }
    }
};

/* VEC elements, in wide accesses or one by one: which of the two must be the same for the whole grid. */
__device__ __forceinline__ void walk_load(const ELEM *p, float (&v)[VEC], bool wide) {
    if (wide)
        load_vec<VEC, LOAD_CA>(p, v);
    else
        load_each<VEC>(p, v);
}

__device__ __forceinline__ void walk_store(ELEM *p, const float (&v)[VEC], bool wide) {
    if (wide)
        store_vec<VEC, STORE_WB>(p, v);
    else
        store_each<VEC>(p, v);
}

/* y = f(x) over this block's tiles of a group, of a grid that walks over them. */
template <class F>
__device__ __forceinline__ void walk_map(const ELEM *x, ELEM *y, long long rows, int group, F f) {
    const bool wide = aligned_to<VEC>(x, y);
    for (long long tile = blockIdx.x / GROUPS; tile * ROWS < rows; tile += gridDim.x / GROUPS) {
        for (walk w(group, tile, rows); w.left > 0; w.next()) {
            float v[VEC];
            walk_load(x + w.at, v, wide);
#pragma unroll
            for (int i = 0; i < VEC; i++) v[i] = f(v[i]);
            walk_store(y + w.at, v, wide);
        }
    }
}

/* dx = f(x, dy) over one tile of a group. */
template <class F>
__device__ __forceinline__ void walk_map2(const ELEM *x, const ELEM *dy, ELEM *dx, long long rows, int group,
                                          long long tile, F f) {
    const bool wide = aligned_to<VEC>(x, dy, dx);
    for (walk w(group, tile, rows); w.left > 0; w.next()) {
        float vx[VEC], vdy[VEC];
        walk_load(x + w.at, vx, wide);
        walk_load(dy + w.at, vdy, wide);
#pragma unroll
        for (int i = 0; i < VEC; i++) vx[i] = f(vx[i], vdy[i]);
        walk_store(dx + w.at, vx, wide);
    }
}
