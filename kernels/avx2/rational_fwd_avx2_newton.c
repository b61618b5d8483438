/* rational_fwd_avx2_newton: 8 lanes, a group's coefficients in registers, the reciprocal of Q by two Newton
   steps. Wins where the data are in cache and the division is the bottleneck; from memory it only ties. */
#include "simd/rational_fwd.h"
#include "variant.h"

enum { THREADS, STORE };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    return store_reject(p, pt->value[STORE]);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    rational_fwd_run(p, pt->value[STORE], call, SEGMENTS, 1);
}

VARIANT(rational_fwd_avx2_newton, .op = RATIONAL_FWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_STORE}, .reject = reject, .run = run);
