/* What the vector variants of the rational backward share: the points that are accepted, and the run. The
   variant's file says before it includes this where its sums are, LAYOUT (enum rational_layout): SEGMENTS, a
   group's in registers; LANES_ACROSS, every channel's in cache. And whether its lanes divide or take Newton
   steps, NEWTON. */
#ifndef KATUNE_RATIONAL_BWD_RUN_H
#define KATUNE_RATIONAL_BWD_RUN_H

#include "rational_bwd.h"
#include "variant.h"

enum { THREADS, BLOCK, STORE, AHEAD, ROWS /* of SEGMENTS alone */ };

static int64_t sums(const struct problem *p) {
    const int64_t coefficients = p->m + 1 + p->n;
    return LAYOUT == SEGMENTS ? p->groups * coefficients * LANES : coefficients * lane_stride(p);
}

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    if (LAYOUT == SEGMENTS && p->groups > 4096) return "the sums of so many groups would not stay in cache";
    return store_reject(p, pt->value[STORE]);
}

static size_t scratch(const struct problem *p, const struct point *pt, int threads) {
    return rational_bwd_scratch(p, pt->value[BLOCK], sums(p), threads,
                                LAYOUT == SEGMENTS ? rational_table_bytes(p) : lane_table_bytes(p));
}

static void work(const struct problem *p, const struct call *call, const void *plan, int64_t block,
                 int thread) {
    rational_bwd_block(p, call, plan, block, thread, LAYOUT, NEWTON);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    const struct rational_bwd plan =
        rational_bwd_plan(p, pt->value[BLOCK], LAYOUT == SEGMENTS ? pt->value[ROWS] : 1, pt->value[STORE],
                          pt->value[AHEAD], sums(p), call->threads, call->scratch);
    if (LAYOUT == SEGMENTS) {
        rational_table_fill(p, call, plan.table);
        rational_table_divide(p, plan.table);
    } else {
        lane_table_fill(p, call, plan.table);
    }
    team_blocks(p, call, &plan, plan.blocks, work);
    rational_bwd_finish(p, call, &plan);
}

#define RATIONAL_BWD_PARAMS PARAM_THREADS, PARAM_BLOCK, PARAM_STORE, PARAM_AHEAD
#define RATIONAL_BWD_VECTOR                                                                                  \
    .op = RATIONAL_BWD, .dtypes = F32 | F16 | BF16, .reject = reject, .scratch = scratch, .run = run

#endif
