/* silu_bwd_avx2: 8 lanes, the sigmoid by an exponential and a reciprocal.
   Loses to avx512 where that runs. */
#include "simd/map_run.h"
#include "simd/silu.h"
#include "variant.h"

INLINE void value(vf *dx, const vf *x, const vf *dy, int count, const void *context) {
    (void)context;
    for (int k = 0; k < count; k++) {
        const struct vsilu_pair s = vsilu_both(x[k]);
        dx[k] = dy[k] * vsilu_pair_slope(&s);
    }
}

MAP2_RUN(value)
VARIANT(silu_bwd_avx2, .op = SILU_BWD, MAP_VECTOR);
