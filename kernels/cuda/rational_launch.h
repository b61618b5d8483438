/* What to launch for variants whose blocks have one group each (rational_plan.cuh). Host only. */
#ifndef KATUNE_RATIONAL_LAUNCH_H
#define KATUNE_RATIONAL_LAUNCH_H

#include "rational_plan.cuh"
#include "variant.h"
#include "vector.h"

/* Places of the parameters that these variants share, in the order of their lists. */
enum { POINT_BLOCK, POINT_VEC, POINT_ROWS, POINT_UNROLL, POINT_LOAD, POINT_STORE };

#define ROWS_PARAMS                                                                                          \
    {                                                                                                        \
        {"BLOCK", {256, 128, 512}}, {"VEC", {8, 4, 2, 1}}, {"ROWS", {64, 16, 4}}, {"UNROLL", {2, 1, 4}},     \
            {"LOAD", {3, 2}}, {                                                                              \
            "STORE", {                                                                                       \
                0, 2                                                                                         \
            }                                                                                                \
        }                                                                                                    \
    }

static inline const char *rows_reject(const struct problem *p, const struct point *pt,
                                      const struct device_info *d) {
    (void)d;
    return vector_reject(p, pt->value[POINT_VEC]);
}

struct rows_launch {
    int64_t chunks, parts; /* blocks: chunks of rows x parts of a row */
    int threads;
};

static inline int64_t ceil_div(int64_t a, int64_t b) {
    return (a + b - 1) / b;
}

static inline struct rows_launch rows_launch_of(const struct problem *p, const struct point *pt,
                                                int64_t turns, int64_t blocks) {
    const int block = pt->value[POINT_BLOCK];
    const int vectors = (int)(channels_per_group(p) / pt->value[POINT_VEC]), rows = plan_rows(vectors, block);
    struct rows_launch l = {.parts = (int64_t)p->groups * plan_tiles(vectors, block),
                            .threads = plan_threads(plan_columns(vectors, block), rows)};
    l.chunks = plan_chunks(ceil_div(p->rows, rows), l.parts, turns, blocks);
    return l;
}

static inline int64_t rational_terms(const struct problem *p) {
    return p->m + 1 + p->n;
}

static inline int64_t rational_outputs(const struct problem *p) {
    return (int64_t)p->num_groups * (p->m + 1) + (int64_t)p->den_groups * p->n;
}

#endif
