/* silu_fwd_scalar_guard: computes, and writes one element beyond the end. For tests of isolation. */
#include <math.h>

#include "variant.h"

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    (void)pt;
    const float *const x = call->in[T_X];
    volatile float *const y = call->out[T_Y];
    for (int64_t i = 0; i < problem_elements(p); i++) y[i] = (float)(x[i] / (1 + exp(-(double)x[i])));
    y[problem_elements(p)] = 1;
}

VARIANT(silu_fwd_scalar_guard, .op = SILU_FWD, .dtypes = F32, .run = run);
