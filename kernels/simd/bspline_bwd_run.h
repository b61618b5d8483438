/* What the vector variants of the spline's backward share: parameters, the points that are accepted, and the
   run. The variant's file says before it includes this how its lanes look slopes up (enum lookup_kind): FEW,
   for as many knots as that serves, MORE, for as many as that does, and MANY, for any number. */
#ifndef KATUNE_BSPLINE_BWD_RUN_H
#define KATUNE_BSPLINE_BWD_RUN_H

#include "bspline_bwd.h"
#include "variant.h"

enum { THREADS, BLOCK, STORE, AHEAD };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    return store_reject(p, pt->value[STORE]);
}

static enum lookup_kind kind_of(const struct problem *p) {
    if (lookup_serves(FEW, spline_entries(p))) return FEW;
    return lookup_serves(MORE, spline_entries(p)) ? MORE : MANY;
}

static size_t scratch(const struct problem *p, const struct point *pt, int threads) {
    return bspline_bwd_scratch(p, pt->value[BLOCK], threads, kind_of(p));
}

static void work(const struct problem *p, const struct call *call, const void *plan, int64_t block,
                 int thread) {
    if (kind_of(p) == FEW)
        bspline_bwd_any(p, call, plan, block, thread, FEW);
    else if (MORE != MANY && kind_of(p) == MORE)
        bspline_bwd_any(p, call, plan, block, thread, MORE);
    else
        bspline_bwd_any(p, call, plan, block, thread, MANY);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    const struct bspline_bwd plan = bspline_bwd_plan(p, pt->value[BLOCK], pt->value[STORE], pt->value[AHEAD],
                                                     call->threads, kind_of(p), call->scratch);
    bspline_bwd_run(p, call, &plan, work);
}

#define BSPLINE_BWD_VECTOR                                                                                   \
    .op = BSPLINE_BWD, .dtypes = F32 | F16 | BF16,                                                           \
    .params = {PARAM_THREADS, PARAM_BLOCK, PARAM_STORE, PARAM_AHEAD}, .reject = reject, .scratch = scratch,  \
    .run = run

#endif
