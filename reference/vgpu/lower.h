/* lower: from PTX to decoded instructions. Shared by lower*.c, decode_*.c and flow.c. */
#ifndef VGPU_LOWER_H
#define VGPU_LOWER_H

#include <setjmp.h>

#include "ir.h"

/* What a virtual register holds. */
enum reg_class { REG_PREDICATE, REG_32, REG_64 };

struct frame { /* one inlined function */
    struct ptx_function *function;
    uint32_t first_register; /* virtual register of the function's register 0 */
    uint64_t *storage;       /* of its local variables: address in the local space */
    struct frame *caller;
    const uint64_t *formals, *results; /* address of each parameter */
    uint32_t *position;                /* number of the instruction made of each one, for branches */
};

struct lowering {
    struct ptx_module *module;
    struct kernel *kernel;
    struct arena *arena;
    struct inst *code;
    uint32_t count, capacity;
    uint8_t *classes; /* of virtual registers */
    uint32_t registers, register_capacity;
    uint32_t specials[SPECIAL_COUNT]; /* virtual register + 1 */
    uint8_t *constants;
    uint32_t constant_bytes, constant_capacity;
    uint64_t local_bytes;
    struct frame *frame;
    const struct ptx_instruction *at;
    unsigned depth;
    unsigned marks; /* of the instruction's '!' and '|', how many its decoder has heeded */
    char *message;
    size_t message_bytes;
    jmp_buf fail;
};

_Noreturn void lower_fail(struct lowering *l, const char *what);
void *lower_alloc(struct lowering *l, size_t bytes);
/* A copy of the array with twice the capacity. */
void *lower_grow(struct lowering *l, void *array, uint32_t *capacity, size_t bytes);
struct inst *lower_emit(struct lowering *l);
uint32_t lower_register(struct lowering *l, enum reg_class class);
uint32_t lower_constant(struct lowering *l, uint64_t value, unsigned bytes);

/* The operand as a source of the given width in bits (1: predicate); narrower and wider registers are
 * refused. kind is the type's, as in struct ptx_type: a constant must be an integer for u and s, none for f.
 */
uint32_t lower_source(struct lowering *l, const struct ptx_operand *o, unsigned bits, char kind);
uint32_t lower_target(struct lowering *l, const struct ptx_operand *o, unsigned bits);
/* The targets d and p of "d|p"; a register that is never read where there is no p. */
void lower_targets(struct lowering *l, const struct ptx_operand *o, unsigned bits, uint32_t op[2]);
/* The predicate p or !p. */
uint32_t lower_predicate(struct lowering *l, const struct ptx_operand *o, bool *negated);
/* A register of any width, whose class comes back in *class; for a sink *class says which is made. */
uint32_t lower_any(struct lowering *l, const struct ptx_operand *o, bool destination, enum reg_class *class);
uint32_t lower_symbol_register(struct lowering *l, const struct ptx_symbol *s);
enum reg_class lower_class(const struct lowering *l, uint32_t reg);
/* The address of a variable in its own space. */
uint64_t lower_address(struct lowering *l, const struct ptx_symbol *s, enum ptx_space *space);

/* The body of a function, in the frame. */
void lower_function(struct lowering *l, struct frame *frame);
/* Branches, calls, exits and traps: true if the opcode was theirs. */
bool lower_control(struct lowering *l, const struct ptx_instruction *p);
void lower_exit(struct lowering *l);
/* Instructions that change nothing that can be observed here: true if the opcode was one. */
bool lower_hint(struct lowering *l, const struct ptx_instruction *p);

/* Decoders: true if the opcode was theirs. */
bool decode_memory(struct lowering *l, const struct ptx_instruction *p);
bool decode_atomic(struct lowering *l, const struct ptx_instruction *p);
bool decode_async(struct lowering *l, const struct ptx_instruction *p);
bool decode_warp(struct lowering *l, const struct ptx_instruction *p);
bool decode_matrix(struct lowering *l, const struct ptx_instruction *p);
bool decode_compare(struct lowering *l, const struct ptx_instruction *p);
bool decode_move(struct lowering *l, const struct ptx_instruction *p);
bool decode_convert(struct lowering *l, const struct ptx_instruction *p);
bool decode_table(struct lowering *l, const struct ptx_instruction *p);
/* A plain instruction by its handler, with op[], destinations first. */
struct inst *decode_emit(struct lowering *l, const char *name, unsigned defs, unsigned used,
                         const uint32_t *op);
/* An instruction of converged lanes; mask_at: which of op[] is the member mask, UINT8_MAX: all lanes. */
struct inst *decode_emit_warp(struct lowering *l, const char *handler, unsigned defs, unsigned used,
                              const uint32_t *op, unsigned mask_at);
/* [address] as op[at]. */
void decode_address(struct lowering *l, struct inst *in, unsigned at, const struct ptx_operand *o,
                    enum ptx_space space);

/* Splits an opcode: words[0] is the operation. Returns how many. */
enum { MAX_WORDS = 16 };
struct words {
    char text[160];
    const char *word[MAX_WORDS];
    unsigned count;
    uint32_t taken; /* mask */
};
void words_split(struct lowering *l, struct words *w, const char *opcode);
bool words_take(struct words *w, const char *word);
/* Takes the first of the words that names a type. */
struct ptx_type words_take_type(struct words *w, const char **name);
void words_done(struct lowering *l, const struct words *w);

/* Immediate post-dominators of branches and the layout of registers. */
void flow_reconverge(struct lowering *l);
void flow_allocate(struct lowering *l);
/* Finds the runs of plain instructions. */
void flow_straighten(struct lowering *l);
/* Calls visit for each register operand of an instruction. */
typedef void visit_fn(void *context, uint32_t *op, bool is_destination);
void inst_visit(struct inst *in, visit_fn *visit, void *context);

#endif
