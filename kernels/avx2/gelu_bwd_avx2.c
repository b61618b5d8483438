/* gelu_bwd_avx2: 8 lanes, Phi by a polynomial, the density by an exponential.
   Loses to avx512 where that runs. */
#include "simd/gelu.h"
#include "simd/map.h"
#include "variant.h"

enum { THREADS, STORE };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    return store_reject(p, pt->value[STORE]);
}

INLINE vf value(vf x, vf dy, const void *context) {
    (void)context;
    return vgelu_slope(x, dy);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    map2_problem(p, pt->value[STORE], call, value);
}

VARIANT(gelu_bwd_avx2, .op = GELU_BWD, .dtypes = F32 | F16 | BF16, .params = {PARAM_THREADS, PARAM_STORE},
        .reject = reject, .run = run);
