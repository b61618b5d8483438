/* The tensors that are trained: values, gradients and AdamW's moments, in one block of memory each. */
#ifndef KATUNE_KAT_PARAMS_H
#define KATUNE_KAT_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

enum { PARAM_NAME_MAX = 64, PARAM_DIMS_MAX = 4 };

struct weights {
    char name[PARAM_NAME_MAX]; /* as released KAT checkpoints name it */
    int ndim;
    int64_t dim[PARAM_DIMS_MAX];
    int64_t count;
    bool decay; /* two or more dimensions, but not cls_token and pos_embed */
    float *value, *grad;
    float *m, *v; /* NULL where the values are another's */
};

struct params {
    struct weights *list;
    int count, room;
    int64_t total;
    /* Of all tensors, one after another; `memory` holds them. */
    float *memory, *value, *grad;
};

/* Adds a tensor and returns its index; -1 if there is no memory. dim[] ends at the first 0. */
int params_add(struct params *p, const int64_t dim[PARAM_DIMS_MAX], const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Gives every tensor its memory, zeroed; none can be added after. With `of`, the same tensors, the values are
   those of `of`, which must outlive p, and only gradients are p's own. */
bool params_allocate(struct params *p, const struct params *of, struct error *err);
void params_free(struct params *p);
const struct weights *params_find(const struct params *p, const char *name);

double params_grad_norm(const struct params *p);
/* grad = (1 - weight) grad + weight other->grad. */
void params_grad_mix(struct params *p, const struct params *other, double weight);

/* One step of AdamW (betas .9, .999, eps 1e-8, decay decoupled); `step` counts from 1. */
void params_adamw(struct params *p, int64_t step, double rate, double decay);

#endif
