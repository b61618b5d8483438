/* rational_fwd_cuda_columns: a thread stays on its own VEC columns, with their group's coefficients in registers, and
   walks down the rows, ROWS at a time: a load and a store of 16 bytes for every VEC elements, and one reciprocal
   an element.
   BLOCKS: as many to a multiprocessor, each walking down all rows (a persistent grid); 0: a block to every ROWS rows.
   On an H100 in f32 evict-first loads and stores are part of the best point of every shape, 3 to 9% ahead of any other
   policies; a persistent grid never gains more than 1%; ROWS 1 is level with 4 at 197x192 and 197x384, else behind.
   Wins wherever a group's channels are a multiple of 16 bytes (there: 9.3 us against rational_fwd_cuda_flat's 11.8 at
   3152x768, 28.3 against 38.1 at 3152x3072); with fewer bytes an access, down to single elements where they are odd, it
   comes down to rational_fwd_cuda_flat's traffic without its loads of coefficients. At 197x192 no point of its is ahead
   of it: 2.82 us against 2.77. */
#include "variant.h"

#ifndef __CUDACC__
#include "rational_launch.h"

enum { BLOCK, VEC, ROWS, BLOCKS, LOAD, STORE };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    const int64_t threads = p->channels / pt->value[VEC] * (p->rows / pt->value[ROWS] + 1);
    if (!pt->value[BLOCKS] && threads / pt->value[BLOCK] >= INT32_MAX) return "more blocks than a grid may have";
    return vector_reject(p, pt->value[VEC]);
}

/* Whole rows of threads: each one's column is the same at every step. */
static void launch(const struct problem *p, const struct point *pt, const struct device_info *d, struct launch *l) {
    const int64_t columns = p->channels / pt->value[VEC], most = ceil_div(p->rows, pt->value[ROWS]);
    int64_t thread_rows = ceil_div((int64_t)d->units * pt->value[BLOCKS] * pt->value[BLOCK], columns);
    if (!pt->value[BLOCKS] || thread_rows > most) thread_rows = most;
    l->steps = 1;
    l->step[0] = (struct launch_step){.grid = {(unsigned)ceil_div(thread_rows * columns, pt->value[BLOCK])},
                                      .block = {(unsigned)pt->value[BLOCK]}};
}
#endif

VARIANT(rational_fwd_cuda_columns, .op = RATIONAL_FWD, .dtypes = F32 | F16 | BF16, .min_sm = 75,
        .params = {{"BLOCK", {128, 256}},
                   {"VEC", {8, 4, 2, 1}},
                   {"ROWS", {4, 1}},
                   {"BLOCKS", {0, 4, 8}},
                   {"LOAD", {2, 3}},
                   {"STORE", {2, 0, PARAM_END}}},
        .reject = reject, .launch = launch);

#ifdef __CUDACC__
#include "rational_exact.cuh"

/* Elements of large |x| once more. */
__device__ __forceinline__ void columns_redo(const float *a, const float *b, const ELEM *x, ELEM *y, int rows) {
#pragma unroll 1
    for (int r = 0; r < rows; r++) {
#pragma unroll 1
        for (int i = 0; i < VEC; i++) {
            const float v = elem_to_float(x[(long long)r * CHANNELS + i]);
            if (fabsf(v) > RATIONAL_LARGE)
                y[(long long)r * CHANNELS + i] = elem_from_float(rational_value_exact(a, b, v));
        }
    }
}

template <int R, bool Aligned>
__device__ __forceinline__ void columns_step(const rational_coefs &c, const float *a, const float *b, const ELEM *x,
                                             ELEM *y) {
    float v[R][VEC];
#pragma unroll
    for (int r = 0; r < R; r++) {
        if constexpr (Aligned)
            load_vec<VEC, LOAD>(x + r * CHANNELS, v[r]);
        else
            load_each<VEC>(x + r * CHANNELS, v[r]);
    }
    float largest = 0;
#pragma unroll
    for (int r = 0; r < R; r++) {
#pragma unroll
        for (int i = 0; i < VEC; i++) {
            largest = fmaxf(largest, fabsf(v[r][i]));
            v[r][i] = rational_value(c, v[r][i]);
        }
        if constexpr (Aligned)
            store_vec<VEC, STORE>(y + r * CHANNELS, v[r]);
        else
            store_each<VEC>(y + r * CHANNELS, v[r]);
    }
    if (largest > RATIONAL_LARGE) columns_redo(a, b, x, y, R);
}

template <bool Aligned>
__device__ __forceinline__ void columns_walk(const float *a, const float *b, const ELEM *x, ELEM *y, long long row,
                                             long long rows, long long stride) {
    const rational_coefs c = rational_load(a, b);
#pragma unroll 1
    for (; row + ROWS <= rows; row += stride) {
        columns_step<ROWS, Aligned>(c, a, b, x, y);
        x += stride * CHANNELS;
        y += stride * CHANNELS;
    }
#pragma unroll 1
    for (; row < rows; row++) { /* less than ROWS: the last ones */
        columns_step<1, Aligned>(c, a, b, x, y);
        x += CHANNELS;
        y += CHANNELS;
    }
}

/* 64 registers a thread, where coefficients leave room; for sm_100, in blocks of 128, that is too few for 16-bit elements. */
constexpr int blocks_wanted = TERMS > 10 ? 1 : __CUDA_ARCH__ == 1000 && BLOCK == 128 ? 7 : 1024 / BLOCK;

extern "C" __global__ void __launch_bounds__(BLOCK, blocks_wanted) rational_fwd_cuda_columns(RATIONAL_FWD_ARGS) {
    constexpr unsigned COLUMNS = CHANNELS / VEC;
    const long long thread = (long long)blockIdx.x * BLOCK + threadIdx.x, threads = (long long)gridDim.x * BLOCK;
    const long long thread_rows = threads / COLUMNS, row = thread / COLUMNS * ROWS; /* beyond whole rows: idle */
    if (thread >= thread_rows * COLUMNS) return;
    const int column = (int)(thread % COLUMNS) * VEC;
    const float *const a = num_at(num, column / GROUP_CHANNELS), *const b = den_at(den, column / GROUP_CHANNELS);
    const long long at = row * CHANNELS + column, stride = thread_rows * ROWS;
    if (aligned_to<VEC>(x, y))
        columns_walk<true>(a, b, x + at, y + at, row, rows, stride);
    else
        columns_walk<false>(a, b, x + at, y + at, row, rows, stride);
}
#endif
