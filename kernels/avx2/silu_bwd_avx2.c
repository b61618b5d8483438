/* silu_bwd_avx2: 8 lanes, the sigmoid by an exponential and a division.
   Loses to avx512 where that runs. */
#include "simd/map_run.h"
#include "simd/silu.h"
#include "variant.h"

INLINE vf value(vf x, vf dy, const void *context) {
    (void)context;
    const struct vsigmoid s = vsigmoid_of(x);
    return vsilu_slope(&s, dy);
}

MAP2_RUN(value)
VARIANT(silu_bwd_avx2, .op = SILU_BWD, MAP_VECTOR);
