#include "timing.h"

#include <math.h>

/* Measured on an H100, README.md has how. */
static const double launch_seconds = 1.7e-6; /* of kernels that wait in a stream, each after the one before */
static const double first_cycles = 1440;     /* until the first loads of a kernel are on their way: fit */
static const double warp_start_cycles =
    22;                                /* of a wave's warps on a multiprocessor, to be there and to go: fit */
static const double fence_of_l2 = 2.3; /* a fence of the device, of the latency of L2 */
static const double barrier_cycles = 12, barrier_warp_cycles = 2; /* of a block, and for each of its warps */
static const double read_efficiency = 0.924; /* of the peak bandwidth of DRAM, where all is read or written */
static const double mixed_loss = 0.02;       /* of it, where half is read: fit to copy_cuda */
static const double shared_float_clocks = 6; /* of a wavefront of float additions in shared memory */
static const double overlap = 4;             /* of the norm: fits what was measured best */
static const double slice_bytes_per_clock = 64; /* A100 white paper: 80 slices of 64 bytes */

double timing_launch_seconds(void) {
    return launch_seconds;
}

enum { BOUNDS = VGPU_PIPES + 5 };

/* Seconds that the launch's work takes of one part of the device, were it spread evenly over all blocks: of
 * one multiprocessor for one block, or of the whole device for all of the blocks. */
struct bound {
    const char *name;
    double block, grid;
};

struct wave {
    double seconds;
    const char *bound;
};

struct load_latency timing_latency(const struct vgpu_counters *c, const struct profile *p) {
    const double loads = (double)(c->l1_hit_bytes + c->l1_miss_bytes);
    const double hit = loads > 0 ? (double)c->l1_hit_bytes / loads : 0;
    const double reads = (double)c->l2_read_bytes;
    const double miss = reads > 0 ? (double)c->dram_read_bytes / reads : 0;
    const double beyond = miss * p->dram_cycles + (1 - miss) * p->l2_cycles;
    return (struct load_latency){
        .global = hit * p->l1_cycles + (1 - hit) * beyond,
        .atomic = beyond,
        .shared = p->shared_cycles,
        .l1 = p->l1_cycles,
        .fence = fence_of_l2 * p->l2_cycles,
        .barrier =
            c->blocks ? barrier_cycles + barrier_warp_cycles * (double)c->warps / (double)c->blocks : 0};
}

/* DRAM turns from reading to writing and back. */
static double dram_efficiency(const struct vgpu_counters *c) {
    const double all = (double)(c->dram_read_bytes + c->dram_write_bytes);
    const double writes = all > 0 ? (double)c->dram_write_bytes / all : 0;
    return read_efficiency - mixed_loss * 4 * writes * (1 - writes);
}

static double per_clock(const struct profile *p, unsigned pipe) {
    const double lanes[VGPU_PIPES] = {
        [VGPU_ALU] = p->alu,
        [VGPU_FMA] = p->fma,
        [VGPU_HALF] = p->half,
        [VGPU_FP64] = p->fp64,
        [VGPU_SFU] = p->sfu,
        [VGPU_LSU] = p->lsu,
        [VGPU_TENSOR] = p->tensor / 64,
        [VGPU_CONTROL] = 32 * p->issue,
    };
    return lanes[pipe];
}

/* Additions of floats are loops of compare and swap. */
static double shared_clocks(const struct vgpu_counters *c) {
    return (double)c->shared_wavefronts + (shared_float_clocks - 1) * (double)c->shared_float_wavefronts;
}

static void list_bounds(const struct vgpu_counters *c, const struct profile *p, struct bound *bounds) {
    static const char *const pipe_names[VGPU_PIPES] = {"alu", "fma", "half",   "fp64",
                                                       "sfu", "lsu", "tensor", "control"};
    const double per_block = 1 / (double)c->blocks / p->clock_hz;
    double issued = 0;
    for (unsigned i = 0; i < VGPU_PIPES; i++) {
        const double instructions = (double)c->warp_instructions[i];
        issued += instructions;
        bounds[i] =
            (struct bound){.name = pipe_names[i], .block = 32 * instructions * per_block / per_clock(p, i)};
    }
    struct bound *b = bounds + VGPU_PIPES;
    *b++ = (struct bound){.name = "issue", .block = issued * per_block / p->issue};
    *b++ = (struct bound){.name = "shared", .block = shared_clocks(c) * per_block};
    const double l2_bytes = (double)(c->l2_read_bytes + c->l2_write_bytes);
    *b++ = (struct bound){.name = "l2", .grid = l2_bytes / p->l2_bytes_per_clock / p->clock_hz};
    const double dram_bytes = (double)(c->dram_read_bytes + c->dram_write_bytes);
    *b++ =
        (struct bound){.name = "dram", .grid = dram_bytes / (dram_efficiency(c) * p->dram_bytes_per_second)};
    const double slices = p->l2_bytes_per_clock / slice_bytes_per_clock;
    const double spread = (double)c->atomic_passes * p->atomic_clocks / slices;
    const double busiest = (double)c->atomic_slice_clocks;
    *b++ = (struct bound){.name = "atomics", .grid = (busiest > spread ? busiest : spread) / p->clock_hz};
}

/* Blocks that run side by side, at most `most` of them on a multiprocessor. A multiprocessor's busiest part,
 * the busiest of what all share and a warp alone go on at the same time, as far as each waits for the others:
 * their times are added by a norm between sum and maximum. share: of the grid. */
static struct wave wave_time(const struct bound *bounds, double most, double share, double alone) {
    double unit = 0, device = 0, longest = alone;
    struct wave wave = {0, "latency"};
    for (unsigned i = 0; i < BOUNDS; i++) {
        const double own = bounds[i].block * most, shared = bounds[i].grid * share;
        unit = fmax(unit, own);
        device = fmax(device, shared);
        if (own + shared > longest) {
            longest = own + shared;
            wave.bound = bounds[i].name;
        }
    }
    wave.seconds = pow(pow(unit, overlap) + pow(device, overlap) + pow(alone, overlap), 1 / overlap);
    return wave;
}

void timing_model(struct vgpu_counters *c, const struct profile *p, double warp_cycles, double last_cycles) {
    c->modeled_seconds = launch_seconds;
    c->bound = "latency";
    if (!c->blocks) {
        return;
    }
    struct bound bounds[BOUNDS];
    list_bounds(c, p, bounds);
    const uint64_t resident = c->blocks_per_multiprocessor ? c->blocks_per_multiprocessor : 1;
    const uint64_t side_by_side = resident * p->multiprocessors;
    const uint64_t full = c->blocks / side_by_side, rest = c->blocks % side_by_side;
    const double alone = warp_cycles / p->clock_hz;
    const double start = warp_start_cycles * (double)(c->warps / c->blocks) / p->clock_hz; /* of a block */
    const double blocks = (double)c->blocks;
    struct wave whole =
        wave_time(bounds, (double)resident, (double)side_by_side / blocks, alone + start * (double)resident);
    whole.seconds *= (double)full;
    struct wave last = {0, whole.bound};
    if (rest) {
        const uint64_t most = (rest + p->multiprocessors - 1) / p->multiprocessors;
        last = wave_time(bounds, (double)most, (double)rest / blocks, alone + start * (double)most);
    }
    const double alone_at_last = last_cycles / p->clock_hz;
    c->modeled_seconds += whole.seconds + last.seconds + alone_at_last;
    if (c->l2_read_bytes) {
        c->modeled_seconds += first_cycles / p->clock_hz;
    }
    c->bound = whole.seconds > last.seconds ? whole.bound : last.bound;
    if (alone_at_last > whole.seconds && alone_at_last > last.seconds) {
        c->bound = "latency";
    }
}
