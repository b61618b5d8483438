/* The rate of fused multiply-adds. */
#ifndef KATUNE_FMA_RATE_H
#define KATUNE_FMA_RATE_H

/* FLOP/s in float32 (a multiply-add is two) of a team of `threads`, with the widest of the instruction sets
   `isa` (a set of enum backend); about 10 ms. */
double fma_rate(unsigned isa, int threads);

#endif
