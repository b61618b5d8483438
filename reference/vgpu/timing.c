#include "timing.h"

/* Estimates, of the kind that microbenchmark papers give for Volta to Hopper; not NVIDIA's figures. */
static const double launch_seconds = 2.5e-6; /* from launch to the first block, and back */
static const double dram_efficiency = 0.92;  /* of the peak that streams reach */
/* Passes of atomics that an L2 slice of 64 bytes per clock takes; those on one line meet in one slice. */
static const double atomic_passes_per_clock = 1;
static const double overlap = 2.5; /* independent instructions of a warp in flight, on average */

double timing_latency(enum vgpu_pipe_id pipe, bool global) {
    static const double cycles[PIPE_COUNT] = {
        [PIPE_ALU] = 5,  [PIPE_FMA] = 4,  [PIPE_HALF] = 5,    [PIPE_FP64] = 16,
        [PIPE_SFU] = 18, [PIPE_LSU] = 28, [PIPE_TENSOR] = 33, [PIPE_CONTROL] = 8,
    };
    return global ? 500 : cycles[pipe];
}

struct bound {
    const char *name;
    double seconds;
};

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

void timing_model(struct vgpu_counters *c, const struct profile *p, double chain_cycles) {
    static const char *const pipe_names[VGPU_PIPES] = {"alu", "fma", "half",   "fp64",
                                                       "sfu", "lsu", "tensor", "control"};
    struct bound bounds[VGPU_PIPES + 8];
    unsigned count = 0;
    const double blocks = (double)c->blocks, units = p->multiprocessors;
    /* the multiprocessor with the most blocks sets the pace: blocks are not shared out in parts */
    const double rounds = (double)((c->blocks + p->multiprocessors - 1) / p->multiprocessors);
    const double share = blocks > 0 ? rounds / blocks : 0; /* of all the work, on that multiprocessor */
    double issued = 0;
    for (unsigned i = 0; i < VGPU_PIPES; i++) {
        issued += (double)c->warp_instructions[i];
        bounds[count++] = (struct bound){pipe_names[i], 32 * (double)c->warp_instructions[i] * share /
                                                            per_clock(p, i) / p->clock_hz};
    }
    bounds[count++] = (struct bound){"issue", issued * share / p->issue / p->clock_hz};
    bounds[count++] = (struct bound){"shared", (double)c->shared_wavefronts * share / p->clock_hz};
    const double l2_bytes = (double)(c->l2_read_bytes + c->l2_write_bytes);
    bounds[count++] = (struct bound){"l2", l2_bytes / p->l2_bytes_per_clock / p->clock_hz};
    const double dram_bytes = (double)(c->dram_read_bytes + c->dram_write_bytes);
    bounds[count++] = (struct bound){"dram", dram_bytes / (dram_efficiency * p->dram_bytes_per_second)};
    const double slices = p->l2_bytes_per_clock / 64;
    const double spread = (double)c->atomic_passes / slices, line = (double)c->atomic_longest_line;
    bounds[count++] =
        (struct bound){"atomics", (line > spread ? line : spread) / atomic_passes_per_clock / p->clock_hz};
    const double resident = c->blocks_per_multiprocessor ? c->blocks_per_multiprocessor : 1;
    const double per_unit = blocks / units < resident ? blocks / units : resident;
    const double waves = per_unit > 0 ? rounds / (per_unit < 1 ? 1 : per_unit) : 0;
    bounds[count++] = (struct bound){"latency", waves * chain_cycles / overlap / p->clock_hz};
    const struct bound *worst = &bounds[0];
    for (unsigned i = 1; i < count; i++) {
        worst = bounds[i].seconds > worst->seconds ? &bounds[i] : worst;
    }
    c->bound = worst->name;
    c->modeled_seconds = launch_seconds + worst->seconds;
}
