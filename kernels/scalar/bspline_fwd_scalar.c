/* bspline_fwd_scalar: one element at a time, the polynomial around the nearest knot by Horner's rule.
   The plain loop, for any CPU. Loses to the vector variants wherever those run. */
#include "simd/bspline_fwd.h"
#include "variant.h"

static size_t scratch(const struct problem *p, const struct point *pt, int threads) {
    (void)pt;
    (void)threads;
    return bspline_fwd_scratch(p, LOOKUP_ROWS);
}

static void part(const struct problem *p, const struct point *pt, const struct call *call, struct span s) {
    (void)pt;
    bspline_fwd_part(p, call, s, LOOKUP_ROWS, STORE_PLAIN, 0);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    bspline_fwd_tables(p, call, LOOKUP_ROWS);
    team_split(p, pt, call, problem_elements(p), 64, part);
}

VARIANT(bspline_fwd_scalar, .op = BSPLINE_FWD, .dtypes = F32 | F16 | BF16, .params = {PARAM_THREADS},
        .scratch = scratch, .run = run);
