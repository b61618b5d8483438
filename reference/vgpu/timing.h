/* timing: a launch's modeled time from its counters. The formulas are explained in README.md beside this
 * file. */
#ifndef VGPU_TIMING_H
#define VGPU_TIMING_H

#include "launch.h"

/* Latency of an instruction of this pipe in cycles, to the next that needs its result. */
double timing_latency(enum vgpu_pipe_id pipe, bool global);

/* Fills modeled_seconds and bound. chain_cycles: latencies along one warp, averaged over the warps. */
void timing_model(struct vgpu_counters *counters, const struct profile *profile, double chain_cycles);

#endif
