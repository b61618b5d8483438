/* program: random programs of nested branches, loops, tables, calls and exits; as PTX, and run by a plain
 * reference.
 *
 * A program is a kernel and the functions it calls, each a graph of blocks. The reference walks that graph:
 * for one thread alone where the program has no operation of the warp, else for the lanes of a warp, which
 * part at a branch and meet at the nearest block that every way on leads through. */
#ifndef TEST_VGPU_PROGRAM_H
#define TEST_VGPU_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    VALUES = 6,
    COUNTERS = 24,
    REGISTERS = VALUES + COUNTERS,
    MAX_BLOCKS = 320,
    MAX_OPS = 6,
    MAX_TARGETS = 5
};
enum { FUNCTIONS = 4, LANES = 32 };

enum op_kind {
    OP_ADD,
    OP_SUB,
    OP_MUL,
    OP_AND,
    OP_OR,
    OP_XOR,
    OP_SHL,
    OP_SHR,
    OP_MIN,
    OP_MAX_SIGNED,
    OP_SET, /* d = imm + (a & b); sets loop counters as well */
    OP_CALL,
    OP_STORE,      /* all values to the thread's row of the result */
    OP_EXIT,       /* of the lanes whose condition holds */
    OP_ACTIVEMASK, /* d = 31 d + mask of active lanes */
    OP_BALLOT,     /* d ^= lanes whose value a is odd, of those active */
    OP_SHUFFLE,    /* d += a of the next active lane, or its own */
};

struct condition {
    uint8_t reg, kind; /* kind: 0 odd, 1 below imm (unsigned), 2 bit imm set; 255: always */
    uint32_t imm;
    bool negated;
};

struct op {
    enum op_kind kind;
    uint8_t d, a, b, function;
    uint32_t imm;
    struct condition guard;
};

enum end_kind { END_JUMP, END_BRANCH, END_TABLE, END_LEAVE /* the function's end; of the kernel: exit */ };

struct block {
    struct op ops[MAX_OPS];
    unsigned op_count, target_count;
    enum end_kind end;
    struct condition condition; /* of the branch: to target[0], else to target[1] */
    uint8_t index;              /* table: register, taken modulo the number of targets */
    uint16_t target[MAX_TARGETS];
};

struct function {
    struct block blocks[MAX_BLOCKS];
    unsigned count, counters;
    uint16_t last;             /* the block that leaves */
    uint16_t meet[MAX_BLOCKS]; /* nearest block that all ways from a block to the last lead through */
};

struct program {
    struct function functions[FUNCTIONS]; /* 0: the kernel; each calls those with higher numbers only */
    bool warp_operations;
};

void program_generate(struct program *p, uint64_t seed, bool warp_operations);

/* PTX text, to be freed: kernel "k" with the parameters in and out (VALUES words a thread each). */
char *program_ptx(const struct program *p);

/* One thread, from its VALUES inputs; result is its row of out. Only without operations of the warp. */
void program_run_thread(const struct program *p, const uint32_t *in, uint32_t *result);

/* One warp whose first lanes exist. in, result: rows of VALUES. */
void program_run_warp(const struct program *p, unsigned lanes, const uint32_t *in, uint32_t *result);

#endif
