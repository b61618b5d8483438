/* launch: one grid, from parameters to counters. */
#ifndef VGPU_LAUNCH_H
#define VGPU_LAUNCH_H

#include "machine.h"
#include "memory.h"
#include "profile.h"
#include "vgpu.h"

enum { MESSAGE_BYTES = 512 };

struct launch {
    const struct kernel *kernel;
    const struct profile *profile;
    struct memory *memory;
    uint32_t grid[3], block[3];
    uint32_t shared_bytes, dynamic_bytes, threads;
    const uint8_t *params;
    unsigned checks;
    unsigned host_threads;
    bool relaxed;      /* blocks may run in any order whatever the kernel does */
    uint64_t limit;    /* warp instructions a block may take; 0: none */
    uint64_t number;   /* of this launch in its process */
    uint64_t sampling; /* most blocks to run; 0: all */
    /* out */
    enum fault fault;
    struct vgpu_counters counters;
    char message[MESSAGE_BYTES]; /* the fault's */
    /* shared by the workers */
    pthread_mutex_t lock;
    uint64_t next_block; /* place among the blocks that run: runs of neighbours */
    uint64_t blocks, run_blocks;
    uint32_t runs;
    uint32_t reports;
    struct caches *caches;
    struct drain *drain;
};

/* Runs the whole grid. False when the host is out of memory. */
bool launch_run(struct launch *launch);

/* Sets the registers that are the same in all blocks of a launch. */
void warp_open(struct warp *w);
/* Makes a block's threads ready to run as block number. */
void block_start(struct block *block, uint64_t number);

/* How many blocks fit on a multiprocessor, by registers, shared memory, threads and slots; 0: none. */
uint32_t launch_occupancy(const struct kernel *kernel, const struct profile *profile, uint32_t threads,
                          uint32_t shared_bytes);
/* Registers a thread is taken to need: ptxas' figure when known, else an estimate from live values. */
uint32_t launch_registers(const struct kernel *kernel);

/* Reports a finding of the checks; lane 0..31. */
void report(struct warp *w, const struct inst *in, unsigned lane, enum vgpu_finding_kind kind,
            const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Ends the launch with a fault, reported likewise. */
void raise_fault(struct warp *w, const struct inst *in, unsigned lane, enum fault fault, const char *format,
                 ...) __attribute__((format(printf, 5, 6)));

/* Counts atomics on an address, for the longest chain. */
void chain_add(struct worker *worker, uint64_t address, uint32_t count);
/* Counts the passes that L2 takes for them in a sector (number: address / 32). */
void chain_add_passes(struct worker *worker, uint64_t sector, uint32_t passes, bool floats);

#endif
