/* silu_fwd_avx2: 8 lanes, the sigmoid by an exponential and a reciprocal.
   Loses to avx512 where that runs. */
#include "simd/map_run.h"
#include "simd/silu.h"
#include "variant.h"

INLINE vf value(vf x, const void *context) {
    (void)context;
    return vsilu_both(x).silu;
}

MAP1_RUN(value)
VARIANT(silu_fwd_avx2, .op = SILU_FWD, MAP_VECTOR);
