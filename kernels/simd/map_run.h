/* What the vector variants of elementwise functions share: parameters, the points that are accepted, and the
 * run. */
#ifndef KATUNE_MAP_RUN_H
#define KATUNE_MAP_RUN_H

#include "map.h"

enum { THREADS, STORE, AHEAD };

static const char *map_reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    return store_reject(p, pt->value[STORE]);
}

/* The runs of y = f(x) and of dx = f(x, dy). */
#define MAP1_RUN(f)                                                                                          \
    MAP_RUN(map1_any(call->in[T_X], call->out[T_Y], s, p->dtype, pt->value[STORE], pt->value[AHEAD], f, NULL))
#define MAP2_RUN(f)                                                                                          \
    MAP_RUN(map2_any(call->in[T_X], call->in[T_DY], call->out[T_DX], s, p->dtype, pt->value[STORE],          \
                     pt->value[AHEAD], f, NULL))
#define MAP_RUN(map)                                                                                         \
    static void part(const struct problem *p, const struct point *pt, const struct call *call,               \
                     struct span s) {                                                                        \
        map;                                                                                                 \
    }                                                                                                        \
    static void run(const struct problem *p, const struct point *pt, const struct call *call) {              \
        team_split(p, pt, call, problem_elements(p), 64, part);                                              \
    }

#define MAP_VECTOR                                                                                           \
    .dtypes = F32 | F16 | BF16, .params = {PARAM_THREADS, PARAM_STORE, PARAM_AHEAD}, .reject = map_reject,   \
    .run = run

#endif
