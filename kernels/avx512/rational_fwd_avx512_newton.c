/* rational_fwd_avx512_newton: 16 lanes, a group's coefficients in registers, the reciprocal of Q by one
   Newton step. Three operations in place of a division of 16 cycles: wins where the data are in cache; from
   memory it only ties. */
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

VARIANT(rational_fwd_avx512_newton, .op = RATIONAL_FWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_STORE}, .reject = reject, .run = run);
