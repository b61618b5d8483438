/* Calls that a GPU starts only when all of them are in its queue: the time between two events is then that of
   the kernels, without what the host takes to launch the first of them. */
#ifndef KATUNE_CUDA_GATE_H
#define KATUNE_CUDA_GATE_H

#include "cuda_private.h"

/* Makes the stream wait for gate_open(). False, and nothing waits, if that could block the host for ever: the
   kernel runs for the first time (the driver may wait for the device to load it), the calls are more than the
   driver queues, a debugger or profiler makes launches wait, or the driver or device cannot do it. */
bool gate_shut(struct cuda *c, const struct kernel *k, int calls);
void gate_open(struct cuda *c);

/* With the context. */
void gate_free(struct cuda *c);

#endif
