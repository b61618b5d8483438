/* What the declarations of elementwise CUDA variants share: their parameters, which of them are accepted, and
   the launch. The device side is map.cuh. */
#ifndef KATUNE_MAP_HOST_H
#define KATUNE_MAP_HOST_H

#include "variant.h"

enum { BLOCK, VEC, UNROLL, PER_UNIT, LOAD, STORE };

/* PER_UNIT: blocks a multiprocessor, which then walk over the tensor; 0: one block for every tile.
   LOAD and STORE: enum load_policy and store_policy of elem.cuh. */
#define MAP_PARAMS                                                                                           \
    {                                                                                                        \
        {"BLOCK", {256, 128, 512}}, {"VEC", {8, 4, 2, 1}}, {"UNROLL", {1, 2, 4}}, {"PER_UNIT", {0, 4, 8}},   \
            {"LOAD", {0, 2, 3}}, {                                                                           \
            "STORE", {                                                                                       \
                0, 2                                                                                         \
            }                                                                                                \
        }                                                                                                    \
    }

static inline const char *map_reject(const struct problem *p, const struct point *pt,
                                     const struct device_info *d) {
    (void)d;
    const size_t bytes = (size_t)pt->value[VEC] * dtype_size(p->dtype);
    return bytes > 16 ? "an access is at most 16 bytes" : NULL;
}

static inline void map_launch(const struct problem *p, const struct point *pt, const struct device_info *d,
                              struct launch *l) {
    const int64_t tile = (int64_t)pt->value[BLOCK] * pt->value[UNROLL] * pt->value[VEC];
    const int64_t tiles = (problem_elements(p) + tile - 1) / tile, most = 0x7fffffff;
    int64_t blocks = pt->value[PER_UNIT] ? (int64_t)d->units * pt->value[PER_UNIT] : most;
    if (blocks > tiles) blocks = tiles;
    l->steps = 1;
    l->step[0] = (struct launch_step){.grid = {(unsigned)blocks}, .block = {(unsigned)pt->value[BLOCK]}};
}

#endif
