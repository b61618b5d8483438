/* bspline_bwd_avx2_gather: 8 lanes, coefficients by gather, their gradients by 16-byte additions to bins of
   the interval. The gathers cost more than the bins; loses to avx512 where that runs. */
#include "simd/bspline_bwd.h"
#include "variant.h"

enum { THREADS, BLOCK, STORE, AHEAD };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    return store_reject(p, pt->value[STORE]);
}

static size_t scratch(const struct problem *p, const struct point *pt, int threads) {
    return bspline_bwd_scratch(p, pt->value[BLOCK], threads);
}

static void work(const struct problem *p, const struct call *call, const void *plan, int64_t block,
                 int thread) {
    bspline_bwd_any(p, call, plan, block, thread, LOOKUP_GATHER);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    const struct bspline_bwd plan = bspline_bwd_plan(p, pt->value[BLOCK], pt->value[STORE], pt->value[AHEAD],
                                                     call->threads, call->scratch);
    bspline_bwd_tables(p, call, &plan);
    team_blocks(p, call, &plan, plan.blocks, work);
    bspline_bwd_finish(p, call, &plan);
}

VARIANT(bspline_bwd_avx2_gather, .op = BSPLINE_BWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_BLOCK, PARAM_STORE, PARAM_AHEAD}, .reject = reject,
        .scratch = scratch, .run = run);
