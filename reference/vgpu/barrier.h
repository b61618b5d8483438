/* barrier: barriers of a block (bar, barrier). */
#ifndef VGPU_BARRIER_H
#define VGPU_BARRIER_H

#include "machine.h"

/* The warp comes to a barrier. True if it must wait. */
bool barrier_arrive(struct warp *w, const struct inst *in, uint32_t active);
/* Writes the outcome of bar.red when the warp goes on. */
void barrier_result(struct warp *w, const struct inst *in, uint32_t mask);
/* Lets go those whose barrier is complete. */
void barriers_check(struct block *b);
/* Faults a block in which every warp waits at a barrier that nobody else can come to. */
void barriers_report_stuck(struct block *b);

#endif
