/* decode_memory: what the decoders of instructions on memory share. */
#ifndef VGPU_DECODE_MEMORY_H
#define VGPU_DECODE_MEMORY_H

#include "lower.h"

/* The state space; generic if none is named. */
enum ptx_space memory_take_space(struct words *w, bool *found);
/* Takes the words that change speed or order at most and that the user has: l: ld, s: st, a: atom and red,
 * c: cp.async. Returns true if an operand with a cache policy comes last. */
bool memory_take_hints(struct lowering *l, struct words *w, char user, bool *bypass);
void memory_check_policy(struct lowering *l, const struct ptx_instruction *p, bool hint);
unsigned memory_take_vector(struct words *w);
/* A vector operand's parts, or the operand itself. */
const struct ptx_operand *memory_part(const struct ptx_operand *o, unsigned i);
void memory_check_parts(struct lowering *l, const struct ptx_operand *o, unsigned count);
/* Registers of a load or store: may be wider than the type. All must be of one class. */
void memory_registers(struct lowering *l, struct inst *in, const struct ptx_operand *o, unsigned count,
                      unsigned bits, bool load);
void memory_finish(struct inst *in, const char *handler);

#endif
