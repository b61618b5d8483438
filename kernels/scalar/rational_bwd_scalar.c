/* rational_bwd_scalar: one element at a time, a true division, sums by blocks of rows.
   The plain loop, for any CPU. Loses to the vector variants wherever those run. */
#include "simd/rational_bwd.h"
#include "variant.h"

enum { THREADS, BLOCK };

static int64_t sums(const struct problem *p) {
    return (int64_t)p->groups * (p->m + 1 + p->n) * LANES;
}

static size_t scratch(const struct problem *p, const struct point *pt, int threads) {
    return rational_bwd_scratch(p, pt->value[BLOCK], sums(p), threads, rational_table_bytes(p));
}

static void work(const struct problem *p, const struct call *call, const void *plan, int64_t block,
                 int thread) {
    rational_bwd_block(p, call, plan, block, thread, SEGMENTS, 0);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    const struct rational_bwd plan =
        rational_bwd_plan(p, pt->value[BLOCK], 1, STORE_PLAIN, 0, sums(p), call->threads, call->scratch);
    rational_table_fill(p, call, plan.table);
    rational_table_divide(p, plan.table);
    team_blocks(p, call, &plan, plan.blocks, work);
    rational_bwd_finish(p, call, &plan);
}

VARIANT(rational_bwd_scalar, .op = RATIONAL_BWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_BLOCK}, .scratch = scratch, .run = run);
