/* What to launch for variants whose blocks have one group each (rational_plan.cuh). Host only. */
#ifndef KATUNE_RATIONAL_LAUNCH_H
#define KATUNE_RATIONAL_LAUNCH_H

#include "rational_plan.cuh"
#include "variant.h"
#include "vector.h"

/* Places of the parameters that these variants share, in the order of their lists. */
enum { POINT_BLOCK, POINT_VEC, POINT_AHEAD, POINT_UNROLL, POINT_LOAD, POINT_STORE };

/* AHEAD: rows that a thread copies ahead of its arithmetic; 0: it loads UNROLL rows, then computes them. LOAD
   and STORE: enum load_policy and store_policy of elem.cuh. On an H100 the first values are within 4% of the
   best point at all of 197x192 to 12608x3072 in f32, and within 1% at 3152x768 and 12608x3072 in bf16.
   LOAD=2, first to leave L2, takes 3 to 7% off at 3152 rows: with cold caches nothing is read twice. */
#define ROWS_PARAMS                                                                                          \
    {                                                                                                        \
        {"BLOCK", {128, 256, 512}}, {"VEC", {8, 4, 2, 1}}, {"AHEAD", {1, 2, 0, PARAM_END}},                  \
            {"UNROLL", {2, 1, 4}}, {"LOAD", {2, 3}}, {                                                       \
            "STORE", {                                                                                       \
                2, 0, PARAM_END                                                                              \
            }                                                                                                \
        }                                                                                                    \
    }

static inline const char *rows_reject(const struct problem *p, const struct point *pt,
                                      const struct device_info *d) {
    const int vec = pt->value[POINT_VEC];
    if (pt->value[POINT_AHEAD]) {
        if (d->sm < 80) return "AHEAD copies asynchronously, which needs sm_80";
        if (vec * dtype_size(p->dtype) < 4) return "AHEAD copies at least 4 bytes";
        if (pt->value[POINT_UNROLL] > 1) return "UNROLL is of rows that are loaded together (AHEAD=0)";
    }
    return vector_reject(p, vec);
}

struct rows_launch {
    int64_t chunks, parts; /* blocks: chunks of rows x parts of a row */
    int threads;
};

static inline int64_t ceil_div(int64_t a, int64_t b) {
    return (a + b - 1) / b;
}

static inline struct rows_launch rows_launch_of(const struct problem *p, const struct point *pt) {
    const int block = pt->value[POINT_BLOCK];
    const int vectors = (int)(channels_per_group(p) / pt->value[POINT_VEC]), rows = plan_rows(vectors, block);
    struct rows_launch l = {.parts = (int64_t)p->groups * plan_tiles(vectors, block),
                            .threads = plan_threads(plan_columns(vectors, block), rows)};
    l.chunks = plan_chunks(ceil_div(p->rows, rows), l.parts);
    return l;
}

static inline int64_t rational_terms(const struct problem *p) {
    return p->m + 1 + p->n;
}

static inline int64_t rational_outputs(const struct problem *p) {
    return (int64_t)p->num_groups * (p->m + 1) + (int64_t)p->den_groups * p->n;
}

#endif
