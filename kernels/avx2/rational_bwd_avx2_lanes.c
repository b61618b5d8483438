/* rational_bwd_avx2_lanes: 8 lanes that run on across the groups, sums for every channel in cache.
   Wins with few channels a group (3, 7, 24); loses with many, where sums in registers save ten loads and
   stores a vector. */
#include "simd/rational_bwd.h"
#include "variant.h"

enum { THREADS, BLOCK, STORE, AHEAD };

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

static void work(const struct problem *p, const struct call *call, const void *plan, int64_t block,
                 int thread) {
    rational_bwd_block(p, call, plan, block, thread, LANES_ACROSS, 1);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    const struct rational_bwd plan = rational_bwd_plan(
        p, pt->value[BLOCK], 1, pt->value[STORE], pt->value[AHEAD], sums(p), call->threads, call->scratch);
    lane_table_fill(p, call, plan.table);
    team_blocks(p, call, &plan, plan.blocks, work);
    rational_bwd_finish(p, call, &plan);
}

VARIANT(rational_bwd_avx2_lanes, .op = RATIONAL_BWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_BLOCK, PARAM_STORE, PARAM_AHEAD}, .reject = reject,
        .scratch = scratch, .run = run);
