/* ir: a kernel as it is executed. Instructions are decoded once; each stands for 32 lanes.
 *
 * A warp's registers lie in one block of memory: a 32-bit (or 16-bit) register is 32 lanes of 4 bytes, a
 * 64-bit one 32 lanes of 8 bytes, a predicate one 32-bit mask. 16-bit values keep the upper half of their
 * lane zero. An operand is the byte offset of its register. Constants are registers that nothing writes,
 * behind the others; while the code is made they have VGPU_CONSTANT set and the offset among themselves. */
#ifndef VGPU_IR_H
#define VGPU_IR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ptx.h"

#define VGPU_CONSTANT 0x80000000u

/* Where generic addresses lead. Device memory starts at VGPU_GLOBAL_BASE in every process, so that the cache
 * model sees the same addresses in every run. */
#define VGPU_SHARED_BASE 0x010000000000ull
#define VGPU_LOCAL_BASE 0x020000000000ull
#define VGPU_PARAM_BASE 0x030000000000ull
#define VGPU_WINDOW_BYTES 0x000100000000ull
#define VGPU_GLOBAL_BASE 0x700000000000ull

struct warp;
struct inst;

typedef void exec_fn(struct warp *warp, const struct inst *in, uint32_t mask);

enum inst_kind {
    INST_PLAIN,  /* registers only */
    INST_MEMORY, /* may fault */
    INST_BRANCH,
    INST_TABLE, /* brx.idx */
    INST_EXIT,
    INST_BARRIER, /* of the block */
    INST_WARP,    /* needs the lanes that its mask names to be converged */
    INST_TRAP,
};

/* Execution pipes; counters and timing go by them. */
enum vgpu_pipe_id {
    PIPE_ALU,
    PIPE_FMA,
    PIPE_HALF,
    PIPE_FP64,
    PIPE_SFU,
    PIPE_LSU,
    PIPE_TENSOR,
    PIPE_CONTROL,
    PIPE_COUNT
};

enum { INST_OPERANDS = 6, NO_GUARD = -1 };

struct inst {
    exec_fn *run;
    uint32_t op[INST_OPERANDS]; /* destinations first */
    int32_t guard;              /* offset of a predicate, or NO_GUARD */
    uint16_t straight;    /* so many instructions from this one on are plain, without guard, and none but the
                           * first    is one where lanes meet */
    uint16_t site;        /* memory: number of the access, for bounds that were seen before */
    const uint32_t *list; /* further operands: vectors, matrix fragments, branch targets */
    int64_t imm;          /* address offset, barrier kind, ... */
    uint8_t kind;
    bool guard_negated;
    uint8_t count; /* of list */
    uint8_t space, bytes, flags, sub, aux;
    /* what stands above is read whenever it runs */
    uint32_t target, reconverge; /* branches: numbers of instructions */
    uint32_t line, file, source;
    uint8_t pipe;
    uint8_t defs;      /* how many of op[] are destinations */
    uint8_t order;     /* atomics: 1 shows the order of blocks if its old value is used, 2 in any case */
    uint8_t type;      /* mma: of the factors */
    uint8_t used;      /* how many of op[] are operands */
    uint8_t list_defs; /* how many of list are destinations */
    bool lists_registers;
    const char *opcode;
};

enum inst_flag {
    FLAG_SIGNED = 1,          /* loads extend the sign */
    FLAG_VOLATILE = 2,        /* goes past L1 */
    FLAG_UNIFORM_ADDRESS = 4, /* no register in the address */
    FLAG_NEGATED = 8,         /* the predicate source is negated */
    FLAG_WIDE_ADDRESS = 16,   /* the address register has 64 bits */
    FLAG_RETURNS = 32,        /* atomics: the old value is wanted */
    FLAG_WIDE_DATA = 64,      /* data registers have 64 bits */
};

struct kernel_param {
    uint32_t offset, bytes;
};

struct span {
    uint32_t offset, bytes;
};

enum special {
    SPECIAL_TID_X,
    SPECIAL_TID_Y,
    SPECIAL_TID_Z,
    SPECIAL_NTID_X,
    SPECIAL_NTID_Y,
    SPECIAL_NTID_Z,
    SPECIAL_CTAID_X,
    SPECIAL_CTAID_Y,
    SPECIAL_CTAID_Z,
    SPECIAL_NCTAID_X,
    SPECIAL_NCTAID_Y,
    SPECIAL_NCTAID_Z,
    SPECIAL_LANEID,
    SPECIAL_WARPID,
    SPECIAL_NWARPID,
    SPECIAL_SMID,
    SPECIAL_NSMID,
    SPECIAL_GRIDID,
    SPECIAL_EQ,
    SPECIAL_LE,
    SPECIAL_LT,
    SPECIAL_GE,
    SPECIAL_GT,
    SPECIAL_DYNAMIC_SMEM,
    SPECIAL_TOTAL_SMEM,
    SPECIAL_ZERO,
    SPECIAL_ONE,
    SPECIAL_COUNT
};

struct kernel {
    struct kernel *next;
    const char *name;
    const struct ptx_module *module;
    struct inst *code;
    uint32_t count;
    uint32_t register_bytes;  /* of a warp, with the constants, a multiple of 64 */
    uint32_t live_registers;  /* most 32-bit registers alive at once: an estimate of what ptxas would need */
    const uint8_t *constants; /* the last constant_bytes of a warp's registers */
    uint32_t constant_bytes;
    const struct span *cleared; /* registers that must start as zeros */
    uint32_t cleared_count;
    uint32_t special[SPECIAL_COUNT]; /* offset of the register that holds it, UINT32_MAX: not used */
    struct kernel_param *params;
    uint32_t param_count, param_bytes;
    uint32_t local_bytes, shared_bytes; /* static */
    uint32_t dynamic_offset;            /* where .extern .shared starts */
    uint32_t max_threads;               /* .maxntid, or the device's */
    uint32_t required[3];
    uint32_t min_blocks, max_registers;
    uint16_t sites;
    bool ordered;      /* its result or its course may depend on the order of blocks */
    bool tickets;      /* uses old values of atomics: a block may do what others leave to it */
    bool asynchronous; /* uses cp.async */
    /* From ptxas' own log, when the caller hands it in; -1: not known. */
    int32_t registers, spill_bytes;
};

/* Translates an entry function. Returns NULL with a message on an instruction that is not supported.
 * Addresses of module variables must be laid out (symbol->offset). */
struct kernel *kernel_build(struct ptx_module *module, struct ptx_function *entry, char *message,
                            size_t message_bytes);

/* ---- the table of plain instructions ---- */

/* pattern: the opcode with alternatives, "add{,.rn}.f32"; signature: destinations ':' sources, of p
 * (predicate), h (16 bit), w (32 bit), d (64 bit). */
struct op_row {
    const char *pattern, *signature;
    exec_fn *run;
    uint8_t pipe;
    uint8_t sub;
};

struct op_table {
    const struct op_row *rows;
    size_t count;
};

/* The row for an opcode, or NULL. Chosen for this machine's instruction set on first use; safe from any
 * thread. */
const struct op_row *op_find(const char *opcode);

/* Calls visit for each opcode that has a row. */
typedef void op_visit_fn(void *context, const char *opcode, const struct op_row *row);
void op_visit(op_visit_fn *visit, void *context);

/* Handlers that decoding asks for by name ("ld.4", "shfl.bfly", ...); NULL if there is none. */
exec_fn *exec_find(const char *name);

#endif
