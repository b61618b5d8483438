/* What to launch for variants of one element a thread. Their first parameter is BLOCK. Host only. */
#ifndef KATUNE_CUDA_FLAT_H
#define KATUNE_CUDA_FLAT_H

#include "variant.h"

static inline const char *flat_reject(const struct problem *p, const struct point *pt,
                                      const struct device_info *d) {
    (void)d;
    return problem_elements(p) / pt->value[0] >= INT32_MAX ? "more blocks than a grid may have" : NULL;
}

static inline void flat_launch(const struct problem *p, const struct point *pt, const struct device_info *d,
                               struct launch *l) {
    (void)d;
    const int64_t blocks = (problem_elements(p) + pt->value[0] - 1) / pt->value[0];
    l->steps = 1;
    l->step[0] = (struct launch_step){.grid = {(unsigned)blocks}, .block = {(unsigned)pt->value[0]}};
}

/* The same, with the gradients of parameters zeroed before: what atomics add to. */
static inline void flat_launch_atomics(const struct problem *p, const struct point *pt,
                                       const struct device_info *d, struct launch *l) {
    flat_launch(p, pt, d, l);
    l->zero = op_outputs(p->op) & ~(1u << T_DX);
}

#endif
