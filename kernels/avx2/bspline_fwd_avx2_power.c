/* bspline_fwd_avx2_power: 8 lanes, the polynomial of the nearest knot's half interval by Horner's rule, its
   powers by gather. An index and order + 1 gathers, no bases: wins on small grids. */
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
    return bspline_fwd_scratch(p, FORM_POWER);
}

static void part(const struct problem *p, const struct point *pt, const struct call *call, struct span s) {
    bspline_fwd_part(p, call, s, FORM_POWER, LOOKUP_GATHER, pt->value[STORE], pt->value[AHEAD]);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    bspline_fwd_tables(p, call, FORM_POWER);
    team_split(p, pt, call, problem_elements(p), 64, part);
}

VARIANT(bspline_fwd_avx2_power, .op = BSPLINE_FWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_STORE, PARAM_AHEAD}, .reject = reject, .scratch = scratch,
        .run = run);
