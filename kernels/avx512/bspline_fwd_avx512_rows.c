/* bspline_fwd_avx512_rows: 16 lanes, the polynomial around the nearest knot by Horner's rule, each lane's
   coefficients loaded as a row and transposed. Serves every grid, and is there for knots that do not fit
   registers, which was not timed; loses 2.4 times to permute where they do. */
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
    return bspline_fwd_scratch(p, LOOKUP_ROWS);
}

static void part(const struct problem *p, const struct point *pt, const struct call *call, struct span s) {
    bspline_fwd_part(p, call, s, LOOKUP_ROWS, pt->value[STORE], pt->value[AHEAD]);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    bspline_fwd_tables(p, call, LOOKUP_ROWS);
    team_split(p, pt, call, problem_elements(p), 64, part);
}

VARIANT(bspline_fwd_avx512_rows, .op = BSPLINE_FWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_STORE, PARAM_AHEAD}, .reject = reject, .scratch = scratch,
        .run = run);
