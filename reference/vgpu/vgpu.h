/* vgpu: a virtual GPU behind the CUDA Driver API. What the driver's interface has no words for is here: the
 * counters of a launch, the findings of the checks, the choice of the device. Programs that only use cuda.h
 * need none of it.
 *
 * Environment, read at cuInit:
 *   VGPU_DEVICE    profile name, "h100-sxm" (default), "a100-sxm", "l4", "rtx-4060-ti", "rtx-4090", "b200",
 *                  "rtx-5090", "t4"; several separated by commas make several devices
 *   VGPU_CHECK     "all" (default), "none", or a list of init, race, sync, leak. Accesses out of bounds,
 *                  misaligned or freed are always found: they are the driver's own errors
 *   VGPU_THREADS   host threads that run blocks (default: all cores)
 *   VGPU_ORDER     "relaxed": blocks may run side by side even where the result depends on their order
 *   VGPU_LIMIT     warp instructions a block may take before the launch is ended (default 2^36)
 *   VGPU_ERROR_EXITCODE  the process ends with this code when there were findings
 *   VGPU_REPORT    file for findings (default: standard error) */
#ifndef VGPU_H
#define VGPU_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum vgpu_pipe {
    VGPU_ALU,
    VGPU_FMA,
    VGPU_HALF,
    VGPU_FP64,
    VGPU_SFU,
    VGPU_LSU,
    VGPU_TENSOR,
    VGPU_CONTROL,
    VGPU_PIPES
};

enum vgpu_finding_kind {
    VGPU_OUT_OF_BOUNDS,
    VGPU_MISALIGNED,
    VGPU_USE_AFTER_FREE,
    VGPU_UNINITIALISED,
    VGPU_RACE,
    VGPU_SYNC,
    VGPU_LEAK,
    VGPU_TRAP,
    VGPU_RUNAWAY,
    VGPU_FINDING_KINDS
};

/* Exact unless said otherwise; the same in every run and for any number of host threads. Bytes are bytes,
 * times are seconds. Every launch begins with empty caches. */
struct vgpu_counters {
    uint64_t launch; /* number of the launch in this process, from 1; 0: there was none */
    char kernel[128];
    uint64_t blocks, warps, threads;
    uint64_t sampled_blocks; /* that ran; fewer than blocks: see vgpu_set_sampling */
    uint64_t warp_instructions[VGPU_PIPES], thread_instructions[VGPU_PIPES];
    uint64_t branches, divergent_branches; /* of warps */
    uint64_t barriers;                     /* warps that arrived at one */
    uint64_t global_load_requests, global_load_sectors,
        global_load_bytes; /* sectors of 32 bytes; bytes that threads asked for */
    uint64_t global_store_requests, global_store_sectors, global_store_bytes;
    uint64_t l1_hit_bytes, l1_miss_bytes;   /* loads */
    uint64_t l2_read_bytes, l2_write_bytes; /* what the multiprocessors asked of L2 */
    uint64_t dram_read_bytes,
        dram_write_bytes; /* by the cache model, with what is dirty at the end written back */
    uint64_t shared_requests,
        shared_wavefronts; /* wavefronts past one a request (two for 8, four for 16 bytes) are conflicts */
    uint64_t shared_bank_conflicts;
    uint64_t local_requests, local_bytes;
    uint64_t atomic_requests, atomics; /* global: warp instructions, lanes */
    uint64_t atomic_longest_chain;     /* most atomics on one address */
    /* What L2's atomic units take: lanes on one word go one after the other, different words within a sector
     * of 32 bytes together. All passes, and the clocks that the busiest slice of L2 takes for its own. */
    uint64_t atomic_passes, atomic_slice_clocks;
    uint64_t shared_atomics, shared_float_wavefronts; /* these: wavefronts of additions of floats */
    uint64_t float_atomics;                           /* of both kinds, those on floating-point numbers */
    uint32_t registers;                               /* of a thread */
    uint32_t registers_estimated;                     /* 1: from live values, not from ptxas */
    int32_t spill_bytes;                              /* -1: not known */
    uint32_t shared_bytes;                            /* of a block, static and dynamic */
    uint32_t blocks_per_multiprocessor;
    double occupancy;                      /* 0..1, theoretical */
    double modeled_seconds;                /* the launch, by the timing model: reference/vgpu/README.md */
    const char *bound;                     /* what bounds it: "dram", "issue", "atomics", ... */
    uint64_t findings[VGPU_FINDING_KINDS]; /* of this launch */
};

/* The last launch's counters. Returns 0, or -1 if size is smaller than the structure (an older header's
 * program). */
int vgpu_counters_read(struct vgpu_counters *counters, size_t size);

/* For launches whose time matters and whose result does not: from now on, a launch of more than max_blocks
 * blocks runs at most max_blocks of them, and its counters are those of the blocks that ran times blocks /
 * sampled_blocks (rounded). 0, as it is in the beginning, runs every block. The blocks are chosen by a fixed
 * rule: 32 runs of max_blocks / 32 neighbours, evenly spaced over the grid (with max_blocks < 32, that many
 * single blocks). The memory that the other blocks would have written stays as it was, so nothing that
 * depends on the launch's result may be checked. Scaled counters miss what distant blocks share through L2,
 * and atomic_longest_chain is scaled only for addresses that more than one run touched. */
void vgpu_set_sampling(uint64_t max_blocks);

/* Findings since cuInit, of one kind; all kinds for VGPU_FINDING_KINDS. */
uint64_t vgpu_findings(enum vgpu_finding_kind kind);

/* The last finding's text, "" if there was none; valid until the next one. */
const char *vgpu_last_finding(void);

/* Why the last module failed to load, "" if none did. */
const char *vgpu_last_error(void);

/* Name of the profile with this number, NULL past the last; and its one-line description. */
const char *vgpu_profile_name(unsigned index);
const char *vgpu_profile_about(unsigned index);

/* A figure of this profile that its modeled times are made of: "clock_hz"; lanes per clock of a
 * multiprocessor, "alu", "fma", "half", "fp64", "sfu", "lsu", multiply-adds "tensor", warp instructions
 * "issue"; latencies in cycles, "alu_cycles", "fma_cycles", "half_cycles", "fp64_cycles", "sfu_cycles",
 * "shuffle_cycles", "tensor_cycles", "shared_cycles", "l1_cycles", "l2_cycles", "dram_cycles";
 * "l2_bytes_per_clock" of the device, "dram_gigabytes_per_second" at peak, "launch_nanoseconds". Returns 0,
 * or -1 if there is no such profile or figure. */
int vgpu_profile_figure(unsigned index, const char *figure, double *value);

/* Hands in ptxas' own log for a module ("Used 32 registers, ..."; "Compiling entry function 'name'"), as
 * NVRTC prints it with --ptxas-options=-v for the device's architecture. Registers and spills are then exact.
 * module is a CUmodule. Returns how many kernels were found in it. */
int vgpu_module_ptxas_log(void *module, const char *log);

#ifdef __cplusplus
}
#endif
#endif
