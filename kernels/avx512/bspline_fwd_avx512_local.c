/* bspline_fwd_avx512_local: 16 lanes, local bases in closed form, coefficients in two registers by
   permutation. Serves grids of up to 30 - 3 order intervals: wins where the power form's table outgrows its
   registers. */
#include "simd/bspline_fwd.h"
#include "variant.h"

enum { THREADS, STORE, AHEAD };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    if (spline_table_count(p) > LOOKUP_PERMUTE_MAX) return "the table does not fit two registers";
    return store_reject(p, pt->value[STORE]);
}

static size_t scratch(const struct problem *p, const struct point *pt, int threads) {
    (void)pt;
    (void)threads;
    return bspline_fwd_scratch(p, FORM_LOCAL);
}

static void part(const struct problem *p, const struct point *pt, const struct call *call, struct span s) {
    bspline_fwd_part(p, call, s, FORM_LOCAL, LOOKUP_PERMUTE, pt->value[STORE], pt->value[AHEAD]);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    bspline_fwd_tables(p, call, FORM_LOCAL);
    team_split(p, pt, call, problem_elements(p), 64, part);
}

VARIANT(bspline_fwd_avx512_local, .op = BSPLINE_FWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_STORE, PARAM_AHEAD}, .reject = reject, .scratch = scratch,
        .run = run);
