/* What the vector variants of the spline's backward share: parameters, the points that are accepted, and the
   run. The variant's file says before it includes this how its lanes look slopes up (enum lookup_kind): FEW,
   for as many knots as that serves, and MANY, for more; and where its sums are, SUMS (enum sums_kind). */
#ifndef KATUNE_BSPLINE_BWD_RUN_H
#define KATUNE_BSPLINE_BWD_RUN_H

#include "bspline_bwd.h"
#include "variant.h"

enum { THREADS, BLOCK, STORE, AHEAD };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    const char *const reason = sums_reject(p, SUMS);
    if (reason) return reason;
    if (!lookup_serves(MANY, spline_knots(p))) return "the knots do not fit two registers";
    return store_reject(p, pt->value[STORE]);
}

static enum lookup_kind kind_of(const struct problem *p) {
    return lookup_serves(FEW, spline_knots(p)) ? FEW : MANY;
}

static size_t scratch(const struct problem *p, const struct point *pt, int threads) {
    return bspline_bwd_scratch(p, pt->value[BLOCK], threads, SUMS, kind_of(p));
}

/* Registers matter to SUMS_MASKS only. */
static void work(const struct problem *p, const struct call *call, const void *plan, int64_t block,
                 int thread) {
    if (kind_of(p) != FEW)
        bspline_bwd_any(p, call, plan, block, thread, MANY, SUMS, SUM_LANES);
    else if (SUMS == SUMS_MASKS && coef_count(p) <= 8)
        bspline_bwd_any(p, call, plan, block, thread, FEW, SUMS, 8);
    else if (SUMS == SUMS_MASKS && coef_count(p) <= 12)
        bspline_bwd_any(p, call, plan, block, thread, FEW, SUMS, 12);
    else
        bspline_bwd_any(p, call, plan, block, thread, FEW, SUMS, SUM_LANES);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    const struct bspline_bwd plan = bspline_bwd_plan(p, pt->value[BLOCK], pt->value[STORE], pt->value[AHEAD],
                                                     call->threads, SUMS, kind_of(p), call->scratch);
    bspline_bwd_run(p, call, &plan, work);
}

#define BSPLINE_BWD_VECTOR                                                                                   \
    .op = BSPLINE_BWD, .dtypes = F32 | F16 | BF16,                                                           \
    .params = {PARAM_THREADS, PARAM_BLOCK, PARAM_STORE, PARAM_AHEAD}, .reject = reject, .scratch = scratch,  \
    .run = run

#endif
