/* silu_bwd_avx2: 8 lanes, the sigmoid by an exponential and a division.
   Loses to avx512 where that runs. */
#include "simd/silu.h"
#include "simd/map.h"
#include "variant.h"

enum { THREADS, STORE };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    return store_reject(p, pt->value[STORE]);
}

INLINE vf value(vf x, vf dy, const void *context) {
    (void)context;
    const struct vsigmoid s = vsigmoid_of(x);
    return vsilu_slope(&s, dy);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    map2_problem(p, pt->value[STORE], call, value);
}

VARIANT(silu_bwd_avx2, .op = SILU_BWD, .dtypes = F32 | F16 | BF16, .params = {PARAM_THREADS, PARAM_STORE},
        .reject = reject, .run = run);
