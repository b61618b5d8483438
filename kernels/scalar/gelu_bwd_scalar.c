/* gelu_bwd_scalar: one element at a time, Phi by a polynomial, the density by an exponential.
   The plain loop, for any CPU. Loses to the vector variants wherever those run. */
#include "simd/gelu.h"
#include "simd/map.h"
#include "variant.h"

INLINE vf value(vf x, vf dy, const void *context) {
    (void)context;
    return vgelu_slope(x, dy);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    (void)pt;
    map2_problem(p, STORE_PLAIN, call, value);
}

VARIANT(gelu_bwd_scalar, .op = GELU_BWD, .dtypes = F32 | F16 | BF16, .params = {PARAM_THREADS}, .run = run);
