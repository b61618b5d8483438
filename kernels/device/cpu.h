/* The CPU as a device: kernels run on a team of OpenMP threads, one a core. */
#ifndef KATUNE_CPU_H
#define KATUNE_CPU_H

#include "device.h"

struct device *cpu_open(bool bind, struct error *err);

/* For checks: as the device's prepare(), but with a team of `threads` whatever the point says, even more than
   there are cores, and with scratch full of NaNs. */
struct kernel *cpu_prepare_team(struct device *d, const struct variant *v, const struct problem *p,
                                const struct point *pt, int threads, struct error *err);

#endif
