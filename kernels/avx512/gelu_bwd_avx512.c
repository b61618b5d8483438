/* gelu_bwd_avx512: 16 lanes, Phi by a polynomial, the density by an exponential.
   Three streams a vector of about 40 operations: bound by memory outside the caches. */
#include "simd/map_run.h"
#include "simd/gelu.h"
#include "variant.h"

INLINE vf value(vf x, vf dy, const void *context) {
    (void)context;
    return vgelu_slope(x, dy);
}

MAP2_RUN(value)
VARIANT(gelu_bwd_avx512, .op = GELU_BWD, MAP_VECTOR);
