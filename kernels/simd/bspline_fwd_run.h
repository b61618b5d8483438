/* What the vector variants of the spline's forward share: parameters, the points that are accepted, and the
   run. The variant's file says before it includes this how its lanes look coefficients up (enum lookup_kind):
   FEW, for as many knots as that serves, and MANY, for more. */
#ifndef KATUNE_BSPLINE_FWD_RUN_H
#define KATUNE_BSPLINE_FWD_RUN_H

#include "bspline_fwd.h"
#include "variant.h"

enum { THREADS, STORE, AHEAD };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    const char *const reason = MANY == LOOKUP_JOINT ? joint_reject(p) : NULL;
    if (reason) return reason;
    if (!lookup_serves(MANY, spline_entries(p))) return "the knots do not fit two registers";
    return store_reject(p, pt->value[STORE]);
}

static enum lookup_kind kind_of(const struct problem *p) {
    return lookup_serves(FEW, spline_entries(p)) ? FEW : MANY;
}

static size_t scratch(const struct problem *p, const struct point *pt, int threads) {
    (void)pt;
    (void)threads;
    return bspline_fwd_scratch(p, kind_of(p));
}

static void part(const struct problem *p, const struct point *pt, const struct call *call, struct span s) {
    if (FEW == MANY || kind_of(p) == FEW)
        bspline_fwd_part(p, call, s, FEW, pt->value[STORE], pt->value[AHEAD]);
    else
        bspline_fwd_part(p, call, s, MANY, pt->value[STORE], pt->value[AHEAD]);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    bspline_fwd_tables(p, call, kind_of(p));
    team_split(p, pt, call, problem_elements(p), 64, part);
}

#define BSPLINE_FWD_VECTOR                                                                                   \
    .op = BSPLINE_FWD, .dtypes = F32 | F16 | BF16, .params = {PARAM_THREADS, PARAM_STORE, PARAM_AHEAD},      \
    .reject = reject, .scratch = scratch, .run = run

#endif
