/* bspline_bwd_avx2_moments: 8 lanes, slopes in registers by permutation or by rows, and moments by half
   interval in bins of memory. Serves every grid; loses to avx512 where that runs. */
#include "simd/bspline_bwd.h"
#include "variant.h"

enum { THREADS, BLOCK, STORE, AHEAD };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    return store_reject(p, pt->value[STORE]);
}

static enum lookup_kind kind_of(const struct problem *p) {
    return spline_knots(p) <= lookup_entries(LOOKUP_ONE) ? LOOKUP_ONE : LOOKUP_ROWS;
}

static size_t scratch(const struct problem *p, const struct point *pt, int threads) {
    return bspline_bwd_scratch(p, pt->value[BLOCK], threads, SUMS_BINS, kind_of(p));
}

static void work(const struct problem *p, const struct call *call, const void *plan, int64_t block,
                 int thread) {
    if (kind_of(p) == LOOKUP_ONE)
        bspline_bwd_any(p, call, plan, block, thread, LOOKUP_ONE, SUMS_BINS, 0);
    else
        bspline_bwd_any(p, call, plan, block, thread, LOOKUP_ROWS, SUMS_BINS, 0);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    const struct bspline_bwd plan = bspline_bwd_plan(p, pt->value[BLOCK], pt->value[STORE], pt->value[AHEAD],
                                                     call->threads, SUMS_BINS, kind_of(p), call->scratch);
    bspline_bwd_run(p, call, &plan, work);
}

VARIANT(bspline_bwd_avx2_moments, .op = BSPLINE_BWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_BLOCK, PARAM_STORE, PARAM_AHEAD}, .reject = reject,
        .scratch = scratch, .run = run);
