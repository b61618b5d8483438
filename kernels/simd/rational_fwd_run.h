/* What the vector variants of the rational forward share: parameters, the points that are accepted, and the
   run. The variant's file says before it includes this how its lanes walk, LAYOUT (enum rational_layout), and
   whether they divide or take Newton steps, NEWTON. */
#ifndef KATUNE_RATIONAL_FWD_RUN_H
#define KATUNE_RATIONAL_FWD_RUN_H

#include "rational_fwd.h"
#include "variant.h"

enum { THREADS, STORE, AHEAD };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    return store_reject(p, pt->value[STORE]);
}

static size_t scratch(const struct problem *p, const struct point *pt, int threads) {
    (void)pt;
    (void)threads;
    return LAYOUT == SEGMENTS ? rational_table_bytes(p) : lane_table_bytes(p);
}

static void part(const struct problem *p, const struct point *pt, const struct call *call, struct span s) {
    rational_fwd_part(p, call, s, LAYOUT, pt->value[STORE], pt->value[AHEAD], NEWTON);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    if (LAYOUT == SEGMENTS) {
        rational_table_fill(p, call, call->scratch);
        rational_table_divide(p, call->scratch);
    } else {
        lane_table_fill(p, call, call->scratch);
    }
    team_split(p, pt, call, problem_elements(p), 64, part);
}

#define RATIONAL_FWD_VECTOR                                                                                  \
    .op = RATIONAL_FWD, .dtypes = F32 | F16 | BF16, .params = {PARAM_THREADS, PARAM_STORE, PARAM_AHEAD},     \
    .reject = reject, .scratch = scratch, .run = run

#endif
