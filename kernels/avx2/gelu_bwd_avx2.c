/* gelu_bwd_avx2: 8 lanes, Phi by a polynomial, the density by an exponential.
   Loses to avx512 where that runs. */
#include "simd/map_run.h"
#include "simd/gelu.h"
#include "variant.h"

INLINE void value(vf *dx, const vf *x, const vf *dy, int count, const void *context) {
    (void)context;
    for (int k = 0; k < count; k++) dx[k] = vgelu_slope(x[k], dy[k]);
}

MAP2_RUN(value)
VARIANT(gelu_bwd_avx2, .op = GELU_BWD, MAP_VECTOR);
