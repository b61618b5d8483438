/* gelu_bwd_avx2: 8 lanes, Phi by a polynomial, the density by an exponential.
   Loses to avx512 where that runs. */
#include "simd/map_run.h"
#include "simd/gelu.h"
#include "variant.h"

INLINE vf value(vf x, vf dy, const void *context) {
    (void)context;
    return vgelu_slope(x, dy);
}

MAP2_RUN(value)
VARIANT(gelu_bwd_avx2, .op = GELU_BWD, MAP_VECTOR);
