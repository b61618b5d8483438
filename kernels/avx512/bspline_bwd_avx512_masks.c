/* bspline_bwd_avx512_masks: 16 lanes, slopes in registers by permutation, and for every coefficient a
   register of partial sums that takes the lanes which reach it under a mask. Serves up to 16 coefficients and
   orders up to 3, and wins there: 75 cycles for 16 elements in cache, of which the sums are 35 (EPYC of the
   Zen 4 generation). */
#include "simd/bspline_bwd.h"
#include "variant.h"

enum { THREADS, BLOCK, STORE, AHEAD };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    if (p->order > 3) return "the bases of an interval do not fit four registers";
    if (coef_count(p) > SUM_LANES) return "the coefficients' sums do not fit the registers";
    return store_reject(p, pt->value[STORE]);
}

static enum lookup_kind kind_of(const struct problem *p) {
    return spline_knots(p) <= lookup_entries(LOOKUP_ONE) ? LOOKUP_ONE : LOOKUP_TWO;
}

static size_t scratch(const struct problem *p, const struct point *pt, int threads) {
    return bspline_bwd_scratch(p, pt->value[BLOCK], threads, SUMS_MASKS, kind_of(p));
}

static void work(const struct problem *p, const struct call *call, const void *plan, int64_t block,
                 int thread) {
    if (kind_of(p) == LOOKUP_TWO)
        bspline_bwd_any(p, call, plan, block, thread, LOOKUP_TWO, SUMS_MASKS, 16);
    else if (coef_count(p) <= 8)
        bspline_bwd_any(p, call, plan, block, thread, LOOKUP_ONE, SUMS_MASKS, 8);
    else if (coef_count(p) <= 12)
        bspline_bwd_any(p, call, plan, block, thread, LOOKUP_ONE, SUMS_MASKS, 12);
    else
        bspline_bwd_any(p, call, plan, block, thread, LOOKUP_ONE, SUMS_MASKS, 16);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    const struct bspline_bwd plan = bspline_bwd_plan(p, pt->value[BLOCK], pt->value[STORE], pt->value[AHEAD],
                                                     call->threads, SUMS_MASKS, kind_of(p), call->scratch);
    bspline_bwd_run(p, call, &plan, work);
}

VARIANT(bspline_bwd_avx512_masks, .op = BSPLINE_BWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_BLOCK, PARAM_STORE, PARAM_AHEAD}, .reject = reject,
        .scratch = scratch, .run = run);
