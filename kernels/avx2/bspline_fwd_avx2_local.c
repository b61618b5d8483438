/* bspline_fwd_avx2_local: 8 lanes, the order + 1 local bases in closed form, coefficients by gather.
   Wins for high orders, where the power form gathers from tables too large for the first cache. */
#include "simd/bspline_fwd.h"
#include "variant.h"

enum { THREADS, STORE, AHEAD };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    return store_reject(p, pt->value[STORE]);
}

static size_t scratch(const struct problem *p, const struct point *pt, int threads) {
    (void)pt;
    (void)threads;
    return bspline_fwd_scratch(p, FORM_LOCAL);
}

static void part(const struct problem *p, const struct point *pt, const struct call *call, struct span s) {
    bspline_fwd_part(p, call, s, FORM_LOCAL, LOOKUP_GATHER, pt->value[STORE], pt->value[AHEAD]);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    bspline_fwd_tables(p, call, FORM_LOCAL);
    team_split(p, pt, call, problem_elements(p), 64, part);
}

VARIANT(bspline_fwd_avx2_local, .op = BSPLINE_FWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_STORE, PARAM_AHEAD}, .reject = reject, .scratch = scratch,
        .run = run);
