/* The performance bars: shares of the copy that the best variant of an operation has to reach. */
#ifndef KATUNE_BARS_H
#define KATUNE_BARS_H

#include "measure.h"
#include "options.h"
#include "worker.h"

/* Measures every bar that the options select (--op, --dtype, --shape, --only) and prints measured, bar and
   verdict. Returns how many were missed, or -1 and the reason. */
int bars_measure(struct device *d, const struct options *o, struct error *err);

/* The same for a GPU, virtual or real, by its worker, at the shapes of --shape or 12608x3072, in f32
   and bf16 or the dtypes of --dtype: bytes, instructions, atomics and occupancy of the selected operations;
   width of accesses and time, where the shape is at least that large; the error of the rational backward's
   gradients in f32. A variant that fails its check is a miss; what a real GPU does not count is none. */
int bars_gpu_measure(struct worker *w, const struct device_info *info, const struct options *o,
                     struct error *err);

#endif
