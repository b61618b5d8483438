/* The performance bars: shares of the copy that the best variant of an operation has to reach. */
#ifndef KATUNE_BARS_H
#define KATUNE_BARS_H

#include "measure.h"
#include "options.h"

/* Measures every bar that the options select (--op, --dtype, --shape, --only) and prints measured, bar and
   verdict. Returns how many were missed, or -1 and the reason. */
int bars_measure(struct device *d, const struct options *o, struct error *err);

/* The same for a device whose times are modeled: bytes, instructions, atomics, occupancy and modeled time of
   the rational kernels at 12608x3072. */
int bars_gpu_measure(struct device *d, const struct options *o, struct error *err);

#endif
