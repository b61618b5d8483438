/* gelu_fwd_avx2: 8 lanes, Phi by a polynomial of degree 14 with no exponential and no division.
   About 22 operations a vector, so bound by memory for tensors outside the caches. Loses to avx512 inside
   them. */
#include "simd/map_run.h"
#include "simd/gelu.h"
#include "variant.h"

INLINE vf value(vf x, const void *context) {
    (void)context;
    return vgelu(x);
}

MAP1_RUN(value)
VARIANT(gelu_fwd_avx2, .op = GELU_FWD, MAP_VECTOR);
