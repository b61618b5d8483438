/* rational_bwd_avx2_lanes: 8 lanes that run on across the groups, sums for every channel in cache.
   Wins with few channels a group (3, 7, 24); loses with many, where sums in registers save ten loads and
   stores a vector. */
#include "simd/rational_bwd.h"
#include "variant.h"

enum { THREADS, BLOCK, STORE };

static int64_t sums(const struct problem *p) {
    return (int64_t)(p->m + 1 + p->n) * lane_stride(p);
}

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    return store_reject(p, pt->value[STORE]);
}

static size_t scratch(const struct problem *p, const struct point *pt, int threads) {
    return rational_bwd_scratch(p, pt->value[BLOCK], sums(p), threads, lane_table_bytes(p));
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    const struct rational_bwd plan =
        rational_bwd_plan(p, pt->value[BLOCK], 1, sums(p), call->threads, call->scratch);
    rational_bwd_run(p, pt->value[STORE], call, &plan, LANES_ACROSS, 1);
}

VARIANT(rational_bwd_avx2_lanes, .op = RATIONAL_BWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_BLOCK, PARAM_STORE}, .reject = reject, .scratch = scratch,
        .run = run);
