/* bspline_bwd_avx512_register: 16 lanes, slopes in registers by permutation, and all coefficients' sums in
   one register that every element's bases are moved into place for. Serves up to 16 coefficients. It wins for
   orders 4 and 5, which masks cannot serve; where they can, it takes 1.3 times their time, and moments about
   1.9 times its own (data in cache, EPYC of the Zen 4 generation). */
#include "simd/bspline_bwd.h"
#include "variant.h"

enum { THREADS, BLOCK, STORE, AHEAD };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    if (coef_count(p) > SUM_LANES) return "the coefficients do not fit a register";
    if (spline_knots(p) > lookup_entries(LOOKUP_TWO)) return "the knots do not fit two registers";
    return store_reject(p, pt->value[STORE]);
}

static enum lookup_kind kind_of(const struct problem *p) {
    return spline_knots(p) <= lookup_entries(LOOKUP_ONE) ? LOOKUP_ONE : LOOKUP_TWO;
}

static size_t scratch(const struct problem *p, const struct point *pt, int threads) {
    return bspline_bwd_scratch(p, pt->value[BLOCK], threads, SUMS_LANES, kind_of(p));
}

static void work(const struct problem *p, const struct call *call, const void *plan, int64_t block,
                 int thread) {
    if (kind_of(p) == LOOKUP_ONE)
        bspline_bwd_any(p, call, plan, block, thread, LOOKUP_ONE, SUMS_LANES, 0);
    else
        bspline_bwd_any(p, call, plan, block, thread, LOOKUP_TWO, SUMS_LANES, 0);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    const struct bspline_bwd plan = bspline_bwd_plan(p, pt->value[BLOCK], pt->value[STORE], pt->value[AHEAD],
                                                     call->threads, SUMS_LANES, kind_of(p), call->scratch);
    bspline_bwd_run(p, call, &plan, work);
}

VARIANT(bspline_bwd_avx512_register, .op = BSPLINE_BWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_BLOCK, PARAM_STORE, PARAM_AHEAD}, .reject = reject,
        .scratch = scratch, .run = run);
