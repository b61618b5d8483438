/* decode_memory: what the decoders of instructions on memory share. */
#ifndef VGPU_DECODE_MEMORY_H
#define VGPU_DECODE_MEMORY_H

#include "lower.h"

/* The state space; generic if none is named. */
enum ptx_space memory_take_space(struct words *w, bool *found);
/* Hints that change speed at most. Returns true if an operand with a cache policy follows. */
bool memory_take_hints(struct words *w, bool *bypass);
unsigned memory_take_vector(struct words *w);
/* A vector operand's parts, or the operand itself. */
const struct ptx_operand *memory_part(const struct ptx_operand *o, unsigned i);
/* Registers of a load or store: may be wider than the type. All must be of one class. */
void memory_registers(struct lowering *l, struct inst *in, const struct ptx_operand *o, unsigned count,
                      unsigned bits, bool load);
void memory_finish(struct inst *in, const char *handler);

#endif
