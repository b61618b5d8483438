/* rational_fwd_avx2: 8 lanes, a group's coefficients in registers, a true division.
   Wins with many channels a group; with few, most of a vector is masked off and rational_fwd_avx2_lanes wins.
 */
#include "simd/rational_fwd.h"
#include "variant.h"

enum { THREADS, STORE };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    return store_reject(p, pt->value[STORE]);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    rational_fwd_run(p, pt->value[STORE], call, SEGMENTS, 0);
}

VARIANT(rational_fwd_avx2, .op = RATIONAL_FWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_STORE}, .reject = reject, .run = run);
