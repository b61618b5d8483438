/* rational_bwd_cuda_tilesum: a block of 128 threads takes 64 rows of one group in tiles of 64 x 64; each coefficient's
   terms are summed over the tile, and the block adds its sums to global memory with one atomic a coefficient: the
   design of FlashKAT.
   Kept to compare with. Wins against all atomics an element; loses to sums that stay in registers over many rows
   (H100, f32: 24.4 us against 16.5 at 3152x768, 40.5 against 8.5 at 197x3072, 185 against 168 at 12608x3072): it divides
   for every coefficient, reduces across the block for every tile, and leaves lanes idle where a group's channels are not
   a multiple of 64 (24: 37.5% busy). */
#include "variant.h"

enum { TILE = 64, TILE_THREADS = 128, TILE_VEC = 4 };

#ifndef __CUDACC__
static void launch(const struct problem *p, const struct point *pt, const struct device_info *d, struct launch *l) {
    (void)pt;
    (void)d;
    l->zero = 1u << T_DNUM | 1u << T_DDEN;
    l->steps = 1;
    l->step[0] = (struct launch_step){.grid = {(unsigned)((p->rows + TILE - 1) / TILE), (unsigned)p->groups},
                                      .block = {TILE_THREADS}};
}

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)pt;
    (void)d;
    if (p->groups > 65535) return "more groups than a grid may have in y";
    return p->rows / TILE >= INT32_MAX ? "more blocks than a grid may have" : NULL;
}
#endif

VARIANT(rational_bwd_cuda_tilesum, .op = RATIONAL_BWD, .dtypes = F32 | F16 | BF16, .min_sm = 75,
        .flags = BASELINE | ORDER_DEPENDENT, .reject = reject, .launch = launch);

#ifdef __CUDACC__
#include "rational_terms.cuh"
#include "warp.cuh"

enum { TILE_WARPS = TILE_THREADS / 32, TILE_LANES = TILE / TILE_VEC, TILE_ROWS = TILE_THREADS / TILE_LANES };

/* A thread's part of a tile: TILE_VEC columns of every TILE_ROWS-th row. Lanes beyond the rows or the group's
   channels compute with zeros and store nothing. */
template <bool Vectors>
__device__ __forceinline__ void tile_part(const rational_coefs &c, const float (&sign_b)[N], const ELEM *x,
                                          const ELEM *dy, ELEM *dx, long long first, long long rows, int column,
                                          float (&sum)[TERMS]) {
#pragma unroll 4
    for (int r = 0; r < TILE / TILE_ROWS; r++) {
        const long long row = first + r * TILE_ROWS, at = row * CHANNELS + column;
        float v[TILE_VEC] = {}, g[TILE_VEC] = {};
        const bool inside = row < rows && column < GROUP_CHANNELS;
        if (Vectors && inside) {
            load_vec<TILE_VEC, LOAD_CA>(x + at, v);
            load_vec<TILE_VEC, LOAD_CA>(dy + at, g);
        }
        if (!Vectors && row < rows) {
#pragma unroll
            for (int i = 0; i < TILE_VEC; i++) {
                if (column + i >= GROUP_CHANNELS) continue;
                v[i] = elem_to_float(x[at + i]);
                g[i] = elem_to_float(dy[at + i]);
            }
        }
#pragma unroll
        for (int i = 0; i < TILE_VEC; i++) {
            const rational_terms t = rational_terms_of(c, sign_b, v[i], g[i]);
            v[i] = t.dx;
#pragma unroll
            for (int k = 0; k < TERMS; k++) sum[k] += k <= M ? t.num[k] : t.den[k - M - 1];
        }
        if (Vectors && inside) store_vec<TILE_VEC, STORE_WB>(dx + at, v);
        if (!Vectors && row < rows) {
#pragma unroll
            for (int i = 0; i < TILE_VEC; i++)
                if (column + i < GROUP_CHANNELS) dx[at + i] = elem_from_float(v[i]);
        }
    }
}

extern "C" __global__ void __launch_bounds__(TILE_THREADS) rational_bwd_cuda_tilesum(RATIONAL_BWD_ARGS) {
    __shared__ float warp_sums[TERMS][TILE_WARPS];
    const int group = blockIdx.y, offset = group * GROUP_CHANNELS, lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const rational_coefs c = rational_load(num_at(num, group), den_at(den, group));
    float sign_b[N], total = 0; /* thread k < TERMS: coefficient k's sum */
    rational_signs(den_at(den, group), sign_b);
    const bool vectors = GROUP_CHANNELS % TILE_VEC == 0 && aligned_to<TILE_VEC>(x) && aligned_to<TILE_VEC>(dy) &&
                         aligned_to<TILE_VEC>(dx);
    const long long first = (long long)blockIdx.x * TILE + threadIdx.x / TILE_LANES;
#pragma unroll 1
    for (int tile = 0; tile < GROUP_CHANNELS; tile += TILE) {
        const int column = tile + threadIdx.x % TILE_LANES * TILE_VEC;
        float sum[TERMS] = {};
        if (vectors)
            tile_part<true>(c, sign_b, x + offset, dy + offset, dx + offset, first, rows, column, sum);
        else
            tile_part<false>(c, sign_b, x + offset, dy + offset, dx + offset, first, rows, column, sum);
#pragma unroll
        for (int k = 0; k < TERMS; k++) sum[k] = warp_sum(sum[k]);
        if (lane == 0) {
#pragma unroll
            for (int k = 0; k < TERMS; k++) warp_sums[k][warp] = sum[k];
        }
        __syncthreads();
        if (threadIdx.x < TERMS) {
#pragma unroll
            for (int w = 0; w < TILE_WARPS; w++) total += warp_sums[threadIdx.x][w];
        }
        __syncthreads();
    }
    if (threadIdx.x < M + 1) atomicAdd(num_at(dnum, group) + threadIdx.x, total);
    else if (threadIdx.x < TERMS) atomicAdd(den_at(dden, group) + threadIdx.x - (M + 1), total);
}
#endif
