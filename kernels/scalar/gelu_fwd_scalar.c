/* gelu_fwd_scalar: one element at a time, Phi by a polynomial.
   The plain loop, for any CPU; the compiler makes SSE2 of what it can. Loses to the vector variants wherever
   those run. */
#include "simd/gelu.h"
#include "simd/map.h"
#include "variant.h"

INLINE vf value(vf x, const void *context) {
    (void)context;
    return vgelu(x);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    (void)pt;
    map1_problem(p, STORE_PLAIN, call, value);
}

VARIANT(gelu_fwd_scalar, .op = GELU_FWD, .dtypes = F32 | F16 | BF16, .params = {PARAM_THREADS}, .run = run);
