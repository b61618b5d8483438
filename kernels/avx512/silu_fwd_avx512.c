/* silu_fwd_avx512: 16 lanes, the sigmoid by an exponential and a division.
   The division's 16 cycles run beside the exponential's; bound by memory outside the caches. */
#include "simd/silu.h"
#include "simd/map.h"
#include "variant.h"

enum { THREADS, STORE };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    return store_reject(p, pt->value[STORE]);
}

INLINE vf value(vf x, const void *context) {
    (void)context;
    const struct vsigmoid s = vsigmoid_of(x);
    return vsilu(&s);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    map1_problem(p, pt->value[STORE], call, value);
}

VARIANT(silu_fwd_avx512, .op = SILU_FWD, .dtypes = F32 | F16 | BF16, .params = {PARAM_THREADS, PARAM_STORE},
        .reject = reject, .run = run);
