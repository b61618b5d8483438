/* bspline_fwd_avx512_power: 16 lanes, the nearest knot's half interval by Horner's rule, powers in registers
   by permutation. Two registers a power hold 32 half intervals, which is a tapered cubic on 8 intervals: wins
   there and below. */
#include "simd/bspline_fwd.h"
#include "variant.h"

enum { THREADS, STORE };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    if (power_entries(p) > LOOKUP_PERMUTE_MAX) return "the table does not fit two registers";
    return store_reject(p, pt->value[STORE]);
}

static size_t scratch(const struct problem *p, const struct point *pt, int threads) {
    (void)pt;
    (void)threads;
    return bspline_fwd_scratch(p, FORM_POWER);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    bspline_fwd_run(p, pt->value[STORE], call, FORM_POWER, LOOKUP_PERMUTE);
}

VARIANT(bspline_fwd_avx512_power, .op = BSPLINE_FWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_STORE}, .reject = reject, .scratch = scratch, .run = run);
