/* bspline_bwd_scalar: one element at a time, moments by half interval in bins.
   The plain loop, for any CPU. Loses to the vector variants wherever those run. */
#include "simd/bspline_bwd.h"
#include "variant.h"

enum { THREADS, BLOCK };

static size_t scratch(const struct problem *p, const struct point *pt, int threads) {
    return bspline_bwd_scratch(p, pt->value[BLOCK], threads, LOOKUP_ROWS);
}

static void work(const struct problem *p, const struct call *call, const void *plan, int64_t block,
                 int thread) {
    bspline_bwd_any(p, call, plan, block, thread, LOOKUP_ROWS);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    const struct bspline_bwd plan =
        bspline_bwd_plan(p, pt->value[BLOCK], STORE_PLAIN, 0, call->threads, LOOKUP_ROWS, call->scratch);
    bspline_bwd_run(p, call, &plan, work);
}

VARIANT(bspline_bwd_scalar, .op = BSPLINE_BWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_BLOCK}, .scratch = scratch, .run = run);
