/* Elementwise kernels: y[i] = f(x[i]) or dx[i] = f(x[i], dy[i]) over all elements. A block takes tiles of
   BLOCK x UNROLL groups of VEC elements; all loads of a tile are issued before the first result is needed.
   Where the tensors are not all aligned to the accesses, the grid goes element by element. */
#pragma once

#include "elem.cuh"

enum { tile_groups = BLOCK * UNROLL };

/* The groups of VEC from i on in steps of BLOCK, as many as there are before the end. */
template <int inputs, typename F>
__device__ __forceinline__ void map_tile(const ELEM *__restrict__ x, const ELEM *__restrict__ dy,
                                         ELEM *__restrict__ y, long long i, long long end, F f) {
    float v[UNROLL][VEC], d[inputs > 1 ? UNROLL : 1][VEC];
#pragma unroll
    for (int u = 0; u < UNROLL; u++) {
        if (i + u * BLOCK >= end) continue;
        load_vec<VEC, LOAD>(x + (i + u * BLOCK) * VEC, v[u]);
        if constexpr (inputs > 1) load_vec<VEC, LOAD>(dy + (i + u * BLOCK) * VEC, d[u]);
    }
#pragma unroll
    for (int u = 0; u < UNROLL; u++) {
        if (i + u * BLOCK >= end) continue;
#pragma unroll
        for (int j = 0; j < VEC; j++) v[u][j] = f(v[u][j], inputs > 1 ? d[inputs > 1 ? u : 0][j] : 0.0f);
        store_vec<VEC, STORE>(y + (i + u * BLOCK) * VEC, v[u]);
    }
}

/* dy is not read where inputs is 1. */
template <int inputs, typename F>
__device__ __forceinline__ void map(const ELEM *__restrict__ x, const ELEM *__restrict__ dy,
                                    ELEM *__restrict__ y, long long count, F f) {
    const bool aligned = aligned_to<VEC>(x, y) && (inputs == 1 || aligned_to<VEC>(dy));
    const long long whole = aligned ? count / VEC : 0;
    for (long long tile = (long long)blockIdx.x * tile_groups; tile < whole;
         tile += (long long)gridDim.x * tile_groups) {
        if (tile + tile_groups <= whole)
            map_tile<inputs>(x, dy, y, tile + threadIdx.x, tile + tile_groups, f);
        else
            map_tile<inputs>(x, dy, y, tile + threadIdx.x, whole, f);
    }
    const long long stride = (long long)gridDim.x * BLOCK;
    for (long long i = whole * VEC + (long long)blockIdx.x * BLOCK + threadIdx.x; i < count; i += stride)
        y[i] = elem_from_float(f(elem_to_float(x[i]), inputs > 1 ? elem_to_float(dy[i]) : 0.0f));
}
