/* silu_bwd_scalar: one element at a time, the sigmoid by an exponential and a reciprocal.
   The plain loop, for any CPU. Loses to the vector variants wherever those run. */
#include "simd/silu.h"
#include "simd/map.h"
#include "variant.h"

INLINE void value(vf *dx, const vf *x, const vf *dy, int count, const void *context) {
    (void)context;
    for (int k = 0; k < count; k++) {
        const struct vsilu_pair s = vsilu_both(x[k]);
        dx[k] = dy[k] * vsilu_pair_slope(&s);
    }
}

static void part(const struct problem *p, const struct point *pt, const struct call *call, struct span s) {
    (void)pt;
    map2_any(call->in[T_X], call->in[T_DY], call->out[T_DX], s, p->dtype, STORE_PLAIN, 0, value, NULL);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    team_split(p, pt, call, problem_elements(p), 64, part);
}

VARIANT(silu_bwd_scalar, .op = SILU_BWD, .dtypes = F32 | F16 | BF16, .params = {PARAM_THREADS}, .run = run);
