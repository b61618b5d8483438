/* bspline_fwd_avx512_power: 16 lanes, the nearest knot's half interval by Horner's rule, powers in registers
   by permutation. Two registers a power hold 32 half intervals, which is a tapered cubic on 8 intervals: wins
   there and below. */
#include "simd/bspline_fwd.h"
#include "variant.h"

enum { THREADS, STORE, AHEAD };

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

static void part(const struct problem *p, const struct point *pt, const struct call *call, struct span s) {
    bspline_fwd_part(p, call, s, FORM_POWER, LOOKUP_PERMUTE, pt->value[STORE], pt->value[AHEAD]);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    bspline_fwd_tables(p, call, FORM_POWER);
    team_split(p, pt, call, problem_elements(p), 64, part);
}

VARIANT(bspline_fwd_avx512_power, .op = BSPLINE_FWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_STORE, PARAM_AHEAD}, .reject = reject, .scratch = scratch,
        .run = run);
