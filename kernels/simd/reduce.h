/* Reductions over rows whose result does not depend on the number of threads: the rows are cut into blocks by
   the problem and the point alone, each block leaves one partial sum of every value, and the partial sums are
   added in the order of the blocks, in double. */
#ifndef KATUNE_REDUCE_H
#define KATUNE_REDUCE_H

#include <stddef.h>
#include <stdint.h>

#include "problem.h"
#include "team.h"

/* Rows a block: the values of the parameter BLOCK. */
#define PARAM_BLOCK                                                                                          \
    {                                                                                                        \
        "BLOCK", {                                                                                           \
            32, 8, 128                                                                                       \
        }                                                                                                    \
    }

struct blocks {
    int64_t rows; /* of a block; the last may have fewer */
    int64_t count;
};

/* Blocks of `rows` rows, or more where the partial sums (`values` doubles a block) would outgrow 32 MiB. */
static inline struct blocks blocks_of(const struct problem *p, int rows, int64_t values) {
    const int64_t fit = ((int64_t)4 << 20) / values, most = fit < 1 ? 1 : fit;
    const int64_t least_rows = (p->rows + most - 1) / most;
    const int64_t height = least_rows > rows ? least_rows : rows;
    return (struct blocks){height, (p->rows + height - 1) / height};
}

static inline struct span block_rows(const struct problem *p, struct blocks blocks, int64_t block) {
    const int64_t lo = block * blocks.rows, hi = lo + blocks.rows;
    return (struct span){lo, hi < p->rows ? hi : p->rows};
}

/* partials[0][i] += partials[1][i] + partials[2][i] + ...; with no block at all the sums are 0. */
static inline void partials_combine(double *partials, int64_t count, int64_t values) {
    for (int64_t i = 0; count == 0 && i < values; i++) partials[i] = 0;
    for (int64_t b = 1; b < count; b++)
        for (int64_t i = 0; i < values; i++) partials[i] += partials[b * values + i];
}

/* Bytes of scratch for the partial sums of all blocks; never none. */
static inline size_t partials_bytes(struct blocks blocks, int64_t values) {
    return (size_t)(blocks.count ? blocks.count : 1) * (size_t)values * sizeof(double);
}

/* Parts of a scratch area start at multiples of a cache line; those that different threads write lie a page
   apart, or prefetching of adjacent lines would pull one thread's sums into the other's cache row by row. */
static inline size_t thread_round(size_t bytes) {
    return (bytes + 4095) / 4096 * 4096 + 4096;
}

static inline size_t line_round(size_t bytes) {
    return (bytes + 63) / 64 * 64;
}

/* Has the team work through the blocks, a contiguous range a thread. `plan` is the operation's own. */
typedef void block_fn(const struct problem *p, const struct call *call, const void *plan, int64_t block,
                      int thread);

static inline void team_blocks(const struct problem *p, const struct call *call, const void *plan,
                               struct blocks blocks, block_fn *work) {
#pragma omp parallel for num_threads(call->threads) schedule(static)
    for (int64_t block = 0; block < blocks.count; block++) work(p, call, plan, block, omp_get_thread_num());
}

#endif
