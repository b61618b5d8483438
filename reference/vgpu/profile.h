/* profile: the devices that vgpu can be. */
#ifndef VGPU_PROFILE_H
#define VGPU_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

struct profile {
    const char *name;  /* "h100-sxm" */
    const char *label; /* what cuDeviceGetName says */
    const char *about;
    uint32_t major, minor;
    uint32_t multiprocessors;
    double clock_hz, memory_clock_hz;
    uint32_t bus_bits;
    double dram_bytes_per_second;
    uint64_t memory_bytes;
    uint64_t l2_bytes;
    double l2_bytes_per_clock;   /* whole device */
    uint32_t l1_bytes;           /* of a multiprocessor, shared memory included */
    uint32_t shared_bytes;       /* of a multiprocessor */
    uint32_t shared_block_bytes; /* most a block may ask for, opted in */
    uint32_t registers;          /* 32-bit, of a multiprocessor */
    uint32_t warps, blocks;      /* most resident on a multiprocessor */
    /* throughput of a multiprocessor per clock: lanes */
    double alu, fma, half, fp64, sfu, lsu, tensor; /* tensor: bf16 multiply-adds */
    double issue;                                  /* warp instructions per clock */
    /* cycles from a load to the use of what it brings, by where that was found */
    double l1_cycles, shared_cycles, l2_cycles, dram_cycles;
    /* atomics in L2: bytes of the words that its units take apart; clocks of a pass, and of one after another
     * float pass in the same sector */
    uint32_t atomic_word;
    double atomic_clocks, float_atomic_clocks;
};

/* NULL past the last. */
const struct profile *profile_at(unsigned index);
const struct profile *profile_find(const char *name, unsigned length);

#endif
