/* silu_fwd_scalar: one element at a time, the sigmoid by an exponential and a reciprocal.
   The plain loop, for any CPU. Loses to the vector variants wherever those run. */
#include "simd/silu.h"
#include "simd/map.h"
#include "variant.h"

INLINE vf value(vf x, const void *context) {
    (void)context;
    return vsilu_both(x).silu;
}

static void part(const struct problem *p, const struct point *pt, const struct call *call, struct span s) {
    (void)pt;
    map1_any(call->in[T_X], call->out[T_Y], s, p->dtype, STORE_PLAIN, 0, value, NULL);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    team_split(p, pt, call, problem_elements(p), 64, part);
}

VARIANT(silu_fwd_scalar, .op = SILU_FWD, .dtypes = F32 | F16 | BF16, .params = {PARAM_THREADS}, .run = run);
