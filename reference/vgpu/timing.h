/* timing: a launch's modeled time from its counters. The formulas are explained in README.md beside this
 * file. */
#ifndef VGPU_TIMING_H
#define VGPU_TIMING_H

#include "launch.h"
#include "path.h"

/* What a load takes on average where the caches served it as these counters say. */
struct load_latency timing_latency(const struct vgpu_counters *counters, const struct profile *profile);

/* What every launch takes besides. */
double timing_launch_seconds(void);

/* Fills modeled_seconds and bound. warp_cycles: what one warp alone takes, averaged over the warps;
 * last_cycles: what a warp of the last block takes longer, while the others are done. */
void timing_model(struct vgpu_counters *counters, const struct profile *profile, double warp_cycles,
                  double last_cycles);

#endif
