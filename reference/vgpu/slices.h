/* slices: which slice of L2 atomics go to, and how long the busiest one takes for them. */
#ifndef VGPU_SLICES_H
#define VGPU_SLICES_H

#include "chains.h"
#include "profile.h"

/* The part of memory, in one slice, that a sector (address / 32) belongs to. */
uint64_t slice_part(uint64_t sector);

/* parts: passes of atomics by part; sectors: those of additions of floats by sector. A slice takes its
 * requests in order; a float pass in the sector that the pass before went to waits for it. False: out of
 * memory. */
bool slices_busiest(const struct chains *parts, const struct chains *sectors, const struct profile *profile,
                    double scale, uint64_t *clocks);

#endif
