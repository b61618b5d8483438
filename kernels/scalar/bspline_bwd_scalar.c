/* bspline_bwd_scalar: one element at a time, gradients of coefficients by bins of its interval.
   The plain loop, for any CPU. Loses to the vector variants wherever those run. */
#include "simd/bspline_bwd.h"
#include "variant.h"

enum { THREADS, BLOCK };

static size_t scratch(const struct problem *p, const struct point *pt, int threads) {
    return bspline_bwd_scratch(p, pt->value[BLOCK], threads);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    bspline_bwd_run(p, pt->value[BLOCK], STORE_PLAIN, call, LOOKUP_GATHER);
}

VARIANT(bspline_bwd_scalar, .op = BSPLINE_BWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_BLOCK}, .scratch = scratch, .run = run);
