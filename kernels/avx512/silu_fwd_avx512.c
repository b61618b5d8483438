/* silu_fwd_avx512: 16 lanes, the sigmoid by an exponential and a division.
   The division's 16 cycles run beside the exponential's; bound by memory outside the caches. */
#include "simd/silu.h"
#include "simd/map.h"
#include "variant.h"

enum { THREADS, STORE, AHEAD };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    return store_reject(p, pt->value[STORE]);
}

INLINE vf value(vf x, const void *context) {
    (void)context;
    const struct vsigmoid s = vsigmoid_of(x);
    return vsilu(&s);
}

static void part(const struct problem *p, const struct point *pt, const struct call *call, struct span s) {
    map1_any(call->in[T_X], call->out[T_Y], s, p->dtype, pt->value[STORE], pt->value[AHEAD], value, NULL);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    team_split(p, pt, call, problem_elements(p), 64, part);
}

VARIANT(silu_fwd_avx512, .op = SILU_FWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_STORE, PARAM_AHEAD}, .reject = reject, .run = run);
