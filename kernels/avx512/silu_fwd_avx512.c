/* silu_fwd_avx512: 16 lanes, the sigmoid by an exponential and a division.
   The division's 16 cycles run beside the exponential's; bound by memory outside the caches. */
#include "simd/map_run.h"
#include "simd/silu.h"
#include "variant.h"

INLINE vf value(vf x, const void *context) {
    (void)context;
    return vsilu_both(x).silu;
}

MAP1_RUN(value)
VARIANT(silu_fwd_avx512, .op = SILU_FWD, MAP_VECTOR);
