/* rational_bwd_avx512_newton: 16 lanes, a group's coefficients and sums in registers, the reciprocal of Q by
   a Newton step. Ties with the division from memory (2-core Xeon, f32, 4096x3072, 8 groups, two threads: 4.12
   ms against 4.13 ms); loses 1-2% to it in cache, where the division overlaps with the multiply-adds. */
#include "simd/rational_bwd.h"
#include "variant.h"

enum { THREADS, BLOCK, STORE, ROWS, AHEAD };

static int64_t sums(const struct problem *p) {
    return (int64_t)p->groups * (p->m + 1 + p->n) * LANES;
}

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    if (p->groups > 4096) return "the sums of so many groups would not stay in cache";
    return store_reject(p, pt->value[STORE]);
}

static size_t scratch(const struct problem *p, const struct point *pt, int threads) {
    return rational_bwd_scratch(p, pt->value[BLOCK], sums(p), threads, 0);
}

static void work(const struct problem *p, const struct call *call, const void *plan, int64_t block,
                 int thread) {
    rational_bwd_block(p, call, plan, block, thread, SEGMENTS, 1);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    const struct rational_bwd plan =
        rational_bwd_plan(p, pt->value[BLOCK], pt->value[ROWS], pt->value[STORE], pt->value[AHEAD], sums(p),
                          call->threads, call->scratch);
    team_blocks(p, call, &plan, plan.blocks, work);
    rational_bwd_finish(p, call, &plan);
}

VARIANT(rational_bwd_avx512_newton, .op = RATIONAL_BWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_BLOCK, PARAM_STORE, {"ROWS", {1, 4}}, PARAM_AHEAD}, .reject = reject,
        .scratch = scratch, .run = run);
