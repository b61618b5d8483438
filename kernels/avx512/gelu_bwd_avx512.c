/* gelu_bwd_avx512: 16 lanes, Phi by a polynomial, the density by an exponential.
   Three streams a vector of about 40 operations: bound by memory outside the caches. */
#include "simd/gelu.h"
#include "simd/map.h"
#include "variant.h"

enum { THREADS, STORE, AHEAD };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    return store_reject(p, pt->value[STORE]);
}

INLINE vf value(vf x, vf dy, const void *context) {
    (void)context;
    return vgelu_slope(x, dy);
}

static void part(const struct problem *p, const struct point *pt, const struct call *call, struct span s) {
    map2_any(call->in[T_X], call->in[T_DY], call->out[T_DX], s, p->dtype, pt->value[STORE], pt->value[AHEAD],
             value, NULL);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    team_split(p, pt, call, problem_elements(p), 64, part);
}

VARIANT(gelu_bwd_avx512, .op = GELU_BWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_STORE, PARAM_AHEAD}, .reject = reject, .run = run);
