/* bspline_bwd_scalar: one element at a time, gradients of coefficients by bins of its interval.
   The plain loop, for any CPU. Loses to the vector variants wherever those run. */
#include "simd/bspline_bwd.h"
#include "variant.h"

enum { THREADS, BLOCK };

static size_t scratch(const struct problem *p, const struct point *pt, int threads) {
    return bspline_bwd_scratch(p, pt->value[BLOCK], threads);
}

static void work(const struct problem *p, const struct call *call, const void *plan, int64_t block,
                 int thread) {
    bspline_bwd_any(p, call, plan, block, thread, LOOKUP_GATHER);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    const struct bspline_bwd plan =
        bspline_bwd_plan(p, pt->value[BLOCK], STORE_PLAIN, 0, call->threads, call->scratch);
    bspline_bwd_tables(p, call, &plan);
    team_blocks(p, call, &plan, plan.blocks, work);
    bspline_bwd_finish(p, call, &plan);
}

VARIANT(bspline_bwd_scalar, .op = BSPLINE_BWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_BLOCK}, .scratch = scratch, .run = run);
