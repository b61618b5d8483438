/* rational_bwd_avx512: 16 lanes, a group's coefficients and sums in registers, a true division.
   Wins with many channels a group, by 1-2% over Newton's step in cache (2-core Xeon, f32, 256x3072, one
   thread: 445 us against 448); from memory the two tie at .92-.94 of the copy with two threads (4096x3072,
   12608x768). With few channels most of a vector is masked off and rational_bwd_avx512_lanes wins. */
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
    rational_bwd_block(p, call, plan, block, thread, SEGMENTS, 0);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    const struct rational_bwd plan =
        rational_bwd_plan(p, pt->value[BLOCK], pt->value[ROWS], pt->value[STORE], pt->value[AHEAD], sums(p),
                          call->threads, call->scratch);
    team_blocks(p, call, &plan, plan.blocks, work);
    rational_bwd_finish(p, call, &plan);
}

VARIANT(rational_bwd_avx512, .op = RATIONAL_BWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_BLOCK, PARAM_STORE, {"ROWS", {1, 4}}, PARAM_AHEAD}, .reject = reject,
        .scratch = scratch, .run = run);
