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
