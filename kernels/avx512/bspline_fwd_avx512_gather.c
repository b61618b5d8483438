/* bspline_fwd_avx512_gather: 16 lanes, the nearest knot's half interval by Horner's rule, powers by gather
   from memory. Serves every grid: wins on those too large for registers, loses on small ones. */
#include "simd/bspline_fwd.h"
#include "variant.h"

enum { THREADS, STORE };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    return store_reject(p, pt->value[STORE]);
}

static size_t scratch(const struct problem *p, const struct point *pt, int threads) {
    (void)pt;
    (void)threads;
    return bspline_fwd_scratch(p, FORM_POWER);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    bspline_fwd_run(p, pt->value[STORE], call, FORM_POWER, LOOKUP_GATHER);
}

VARIANT(bspline_fwd_avx512_gather, .op = BSPLINE_FWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_STORE}, .reject = reject, .scratch = scratch, .run = run);
