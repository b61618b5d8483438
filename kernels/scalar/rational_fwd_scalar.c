/* rational_fwd_scalar: one element at a time, a true division.
   The plain loop, for any CPU. Loses to the vector variants wherever those run. */
#include "simd/rational_fwd.h"
#include "variant.h"

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    (void)pt;
    rational_fwd_run(p, STORE_PLAIN, call, SEGMENTS, 0);
}

VARIANT(rational_fwd_scalar, .op = RATIONAL_FWD, .dtypes = F32 | F16 | BF16, .params = {PARAM_THREADS},
        .run = run);
