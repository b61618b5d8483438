/* bspline_bwd_avx2_gather: 8 lanes, coefficients by gather, their gradients by 16-byte additions to bins of
   the interval. The gathers cost more than the bins; loses to avx512 where that runs. */
#include "simd/bspline_bwd.h"
#include "variant.h"

enum { THREADS, BLOCK, STORE };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    return store_reject(p, pt->value[STORE]);
}

static size_t scratch(const struct problem *p, const struct point *pt, int threads) {
    return bspline_bwd_scratch(p, pt->value[BLOCK], threads);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    bspline_bwd_run(p, pt->value[BLOCK], pt->value[STORE], call, LOOKUP_GATHER);
}

VARIANT(bspline_bwd_avx2_gather, .op = BSPLINE_BWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_BLOCK, PARAM_STORE}, .reject = reject, .scratch = scratch,
        .run = run);
