/* The machine's ceilings: the best copy variant and a loop of fused multiply-adds; of a modeled device, the
   figures of its profile: a model's copy is below them by what the model adds, as kernels are. */
#ifndef KATUNE_CEILING_H
#define KATUNE_CEILING_H

#include "measure.h"
#include "roofline.h"

/* Appends to `contenders` (room for `max`) every point of every copy variant that runs with exactly `threads`
   threads on a problem of p's dtype, rows and channels, checked. Returns how many. */
int ceiling_copies(struct device *d, const struct problem *p, int threads, struct contender *contenders,
                   int max);

/* These and the time of the least call, in about `budget` seconds, on buffers the size of p's activations. */
bool ceilings_measure(struct meter *m, const struct problem *p, int threads, double budget,
                      struct ceilings *c, struct error *err);

/* The threads a point runs with: its THREADS parameter, 0 standing for all; 1 if it has none. */
int point_threads(const struct variant *v, const struct point *pt, const struct device_info *info);

#endif
