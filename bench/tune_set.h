/* The problems that `katune tune` sweeps. */
#ifndef KATUNE_TUNE_SET_H
#define KATUNE_TUNE_SET_H

#include "options.h"

struct tune_set {
    struct problem *list;
    int count;
};

/* The activation shapes of KAT-T, -S and -B at the rows of 1 and of 16 images, rational and spline, forward
   and backward, f32; --thorough: also 64 images, f16, bf16, and gelu. --op, --dtype, --shape and --attr
   replace their part. */
bool tune_set_make(struct tune_set *set, const struct options *o, bool thorough, struct error *err);
void tune_set_free(struct tune_set *set);

#endif
