/* gelu_fwd_avx2: 8 lanes, Phi by a polynomial of degree 14 with no exponential and no division.
   About 22 operations a vector, so bound by memory for tensors outside the caches. Loses to avx512 inside
   them. */
#include "simd/gelu.h"
#include "simd/map.h"
#include "variant.h"

enum { THREADS, STORE, AHEAD };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    return store_reject(p, pt->value[STORE]);
}

INLINE vf value(vf x, const void *context) {
    (void)context;
    return vgelu(x);
}

static void part(const struct problem *p, const struct point *pt, const struct call *call, struct span s) {
    map1_any(call->in[T_X], call->out[T_Y], s, p->dtype, pt->value[STORE], pt->value[AHEAD], value, NULL);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    team_split(p, pt, call, problem_elements(p), 64, part);
}

VARIANT(gelu_fwd_avx2, .op = GELU_FWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_STORE, PARAM_AHEAD}, .reject = reject, .run = run);
