/* silu_bwd_avx512: 16 lanes, the sigmoid by an exponential and a division.
   Three streams a vector: bound by memory outside the caches. */
#include "simd/map_run.h"
#include "simd/silu.h"
#include "variant.h"

INLINE vf value(vf x, vf dy, const void *context) {
    (void)context;
    const struct vsigmoid s = vsigmoid_of(x);
    return vsilu_slope(&s, dy);
}

MAP2_RUN(value)
VARIANT(silu_bwd_avx512, .op = SILU_BWD, MAP_VECTOR);
