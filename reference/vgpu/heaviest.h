/* heaviest: what the block of a launch with the most instructions executed. Kept for kernels whose blocks run
 * in order on one host thread: there a block may learn that it is the last and do what the others left. */
#ifndef VGPU_HEAVIEST_H
#define VGPU_HEAVIEST_H

#include "machine.h"

struct heaviest {
    uint64_t *before; /* how often warps issued each instruction until the current block */
    uint64_t *block;  /* and in the heaviest block; the earliest of equal ones */
    uint64_t total;   /* sum of block */
};

/* False: out of memory; heaviest_close() is due all the same. */
bool heaviest_open(struct heaviest *h, const struct kernel *kernel);
void heaviest_close(struct heaviest *h);

/* After each block; tally: of all blocks so far. */
void heaviest_note(struct heaviest *h, const struct kernel *kernel, const struct tally *tally);

#endif
