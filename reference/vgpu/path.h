/* path: how long one warp alone takes, from the dependences in its code. */
#ifndef VGPU_PATH_H
#define VGPU_PATH_H

#include "ir.h"
#include "profile.h"

/* Cycles that a load takes on average, by where it goes. */
struct load_latency {
    double global, atomic, shared, l1;
    double fence, barrier; /* of the device; of the block */
    const double *site;    /* of global memory, by the instruction's site */
};

/* From an instruction of this pipe to one that needs its result; of PIPE_LSU, a shuffle. */
double path_pipe_cycles(enum vgpu_pipe_id pipe);

/* Cycles of a warp that issues in order and waits for operands that are not ready yet, summed over all warps:
 * executed[i] is how often warps issued instruction i. The code is walked in the order it lies in, and what
 * an instruction waits there is what it waits each time; a loop's body is walked three times, of which the
 * second and third count, so that what an iteration leaves for the next is waited for. Loads begin where
 * ptxas moves them: up to where their address is known, within straight code. Negative: out of memory. */
double path_cycles(const struct kernel *kernel, const uint64_t *executed, const struct load_latency *latency);

#endif
