/* rational_bwd_scalar: one element at a time, a true division, sums by blocks of rows.
   The plain loop, for any CPU. Loses to the vector variants wherever those run. */
#include "simd/rational_bwd.h"
#include "variant.h"

enum { THREADS, BLOCK };

static int64_t sums(const struct problem *p) {
    return (int64_t)p->groups * (p->m + 1 + p->n) * LANES;
}

static size_t scratch(const struct problem *p, const struct point *pt, int threads) {
    return rational_bwd_scratch(p, pt->value[BLOCK], sums(p), threads, 0);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    const struct rational_bwd plan =
        rational_bwd_plan(p, pt->value[BLOCK], 1, sums(p), call->threads, call->scratch);
    rational_bwd_run(p, STORE_PLAIN, call, &plan, SEGMENTS, 0);
}

VARIANT(rational_bwd_scalar, .op = RATIONAL_BWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_BLOCK}, .scratch = scratch, .run = run);
