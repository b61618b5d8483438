/* machine: the state of a running block. */
#ifndef VGPU_MACHINE_H
#define VGPU_MACHINE_H

#include "ir.h"

enum { WARP_SIZE = 32, MAX_WARPS = 32, MAX_SPLITS = 72, MAX_BARRIERS = 16, REPORT_LIMIT = 16 };

enum check_flag { CHECK_INIT = 1, CHECK_RACE = 2, CHECK_SYNC = 4, CHECK_LEAK = 8, CHECK_ALL = 15 };

enum fault {
    FAULT_NONE,
    FAULT_ADDRESS, /* out of bounds, freed, or no address at all */
    FAULT_MISALIGNED,
    FAULT_TRAP,
    FAULT_ASSERT,
    FAULT_DEADLOCK,
    FAULT_RUNAWAY, /* passed the limit of instructions */
    FAULT_INTERNAL,
};

/* What a memory instruction did, for the cache model. */
enum access_kind { ACCESS_LOAD, ACCESS_STORE, ACCESS_ATOMIC };

struct access_record {
    uint32_t line;       /* (address - VGPU_GLOBAL_BASE) / 128 */
    uint16_t site;       /* of the instruction */
    uint8_t sectors : 4; /* of 32 bytes */
    uint8_t bypass : 1;  /* not through L1 */
    uint8_t kind;
};

/* Lanes of a warp that run together. A split whose children are out waits at its reconvergence point. */
enum split_state { SPLIT_FREE, SPLIT_READY, SPLIT_JOIN, SPLIT_WARP_SYNC };

struct split {
    uint32_t pc, mask, reconverge;
    int16_t parent;
    uint16_t children;
    uint8_t state;
};

/* Issues of one instruction. warps and threads are differences to the instruction before it; masked are lanes
 * that its own predicate took out. */
struct tally {
    uint64_t warps, threads, masked;
};

struct copy_async {
    uint64_t global;
    uint32_t shared, group;
    uint8_t bytes, source_bytes, lane;
};

enum warp_state { WARP_READY, WARP_BARRIER, WARP_DONE };

struct warp {
    uint8_t *registers; /* and constants */
    struct block *block;
    const struct kernel *kernel;
    uint32_t number, lanes; /* lanes: those that exist */
    uint32_t exited;
    struct split splits[MAX_SPLITS];
    int current, split_top; /* splits from split_top on were never used */
    uint8_t state;
    uint32_t barrier;
    uint64_t issued; /* instructions, the warp's clock */
    uint8_t *local;
    uint32_t clocks[MAX_WARPS]; /* what this warp knows of the others' progress: barriers order accesses */
    uint32_t settled;           /* accesses up to this clock came before for certain, whosever they were */
    uint32_t sync_epoch;        /* counts bar.warp.sync */
    struct copy_async *copies;
    uint32_t copy_count, copy_capacity, copy_group;
    uint32_t extra;           /* carries of add.cc and its kin, one bit a lane */
    uint32_t said_yes, asked; /* outcome of bar.red */
};

struct barrier {
    uint32_t expected, arrived, waiting; /* threads, threads, mask of warps */
    uint32_t reduction, count;
    uint32_t known[MAX_WARPS]; /* clocks that those who came brought along */
};

/* A word of 4 bytes of shared memory, or one of its bytes, for the race check. Threads count from 1; 0: none.
 * A word stands for its bytes while all accesses to it take the whole word. */
struct shadow {
    uint32_t write_clock, read_clock;
    uint16_t writer : 14, atomic : 1, split : 1; /* split: each byte of the word has its own */
    uint16_t reader;
    uint16_t write_sync, read_sync;
};

struct site {
    uint64_t low, high; /* an allocation that this instruction touched before */
    bool initialised;
};

struct memory_counts {
    uint64_t global_load_requests, global_load_sectors, global_store_requests, global_store_sectors;
    uint64_t shared_requests, shared_wavefronts, shared_ideal;
    uint64_t local_requests, local_bytes;
    uint64_t atomics, atomic_requests, atomic_passes, shared_atomics, float_atomics, shared_float_wavefronts;
    uint64_t branches, divergent_branches, barriers;
    uint64_t global_load_bytes, global_store_bytes; /* that lanes asked for */
};

struct worker {
    struct launch *launch;
    struct tally *tally;
    struct site *sites;
    struct memory_counts counts;
    uint32_t run; /* of sampled blocks, that the block belongs to */
    struct access_record *log;
    uint32_t log_count, log_capacity;
};

struct block {
    struct launch *launch;
    struct worker *worker;
    const struct kernel *kernel;
    uint32_t index[3];
    uint64_t number;
    uint32_t threads, warp_count, live;
    struct warp *warps;
    uint8_t *registers, *local, *shared;
    uint8_t *shared_init;        /* one byte per byte */
    struct shadow *shadow;       /* of words */
    struct shadow *shadow_bytes; /* of bytes, where the word is split */
    uint32_t shared_bytes;
    struct barrier barriers[MAX_BARRIERS];
    uint8_t fault;
    uint64_t budget; /* warp instructions left */
};

static inline void *operand(const struct warp *w, uint32_t op) {
    return w->registers + op;
}

/* Runs the block until all its warps are done or one faults. */
void block_run(struct block *block);

#endif
