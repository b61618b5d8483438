/* Chains in one warp, and barriers of more. */
#include "probe.h"

static void chain(struct probe *p, const char *name, enum probe_kernel kernel, double work,
                  const char *figure) {
    probe_add(p,
              (struct probe_case){.kernel = kernel,
                                  .unit = "cycles",
                                  .figure = figure,
                                  .kind = PROBE_CYCLES,
                                  .work = work,
                                  .blocks = 1,
                                  .threads = 32},
              "%s", name);
}

static void barrier(struct probe *p, unsigned threads) {
    probe_add(p,
              (struct probe_case){.kernel = KERNEL_chain_barrier,
                                  .unit = "cycles",
                                  .kind = PROBE_CYCLES,
                                  .work = 64,
                                  .blocks = 1,
                                  .threads = threads},
              "barrier, %u threads", threads);
}

/* A chain of pointers through so much memory, a line apart. Where it is to be found in a cache it goes round
   at least once before what counts, for a model's caches begin empty. */
static void chase(struct probe *p, const char *where, enum probe_kernel kernel, int log2_bytes, bool cached,
                  const char *figure) {
    enum { LOADS = 16, LOG2_LINE = 7 };
    const int places = 1 << (log2_bytes - LOG2_LINE);
    probe_add(p,
              (struct probe_case){.kernel = kernel,
                                  .unit = "cycles",
                                  .figure = figure,
                                  .kind = PROBE_CYCLES,
                                  .work = LOADS,
                                  .blocks = 1,
                                  .threads = 1,
                                  .rounds = cached && p->info->modeled ? places / LOADS : 64,
                                  .fill = PROBE_FILL_CYCLE,
                                  .fill_argument = {log2_bytes - LOG2_LINE, 1 << LOG2_LINE}},
              "%s, %d KiB", where, 1 << (log2_bytes - 10));
}

/* Filling them writes them to L2. */
static void chase_l2(struct probe *p) {
    const size_t l2 = device_last_level_bytes(p->info);
    chase(p, "load from L2", KERNEL_chase_beyond, 20, true, "l2_cycles");
    if (p->info->modeled) return; /* a model has one latency for all of it */
    for (int log2_bytes = 21; (size_t)1 << log2_bytes <= l2; log2_bytes++)
        chase(p, "load from L2", KERNEL_chase_beyond, log2_bytes, true, "l2_cycles");
}

static void chase_dram(struct probe *p) {
    int log2_bytes = 26;
    while ((size_t)4 << log2_bytes <= p->bytes) log2_bytes++;
    if (log2_bytes > 28) chase(p, "load from DRAM", KERNEL_chase_beyond, 28, false, "dram_cycles");
    chase(p, "load from DRAM", KERNEL_chase_beyond, log2_bytes, false, "dram_cycles");
}

void probe_latency(struct probe *p) {
    chain(p, "fma.f32", KERNEL_chain_fma, 64, "fma_cycles");
    chain(p, "shift", KERNEL_chain_shift, 64, "alu_cycles");
    chain(p, "add, xor", KERNEL_chain_add_xor, 128, NULL);
    chain(p, "mad.u32", KERNEL_chain_mad, 64, NULL);
    chain(p, "fma.f16x2", KERNEL_chain_half, 64, "half_cycles");
    chain(p, "fma.f64", KERNEL_chain_fp64, 64, "fp64_cycles");
    chain(p, "ex2", KERNEL_chain_ex2, 64, "sfu_cycles");
    chain(p, "rcp and fma.f32", KERNEL_chain_rcp, 64, NULL);
    chain(p, "to f16 and back", KERNEL_chain_f16, 64, NULL);
    chain(p, "shuffle", KERNEL_chain_shuffle, 64, "shuffle_cycles");
    chain(p, "syncwarp", KERNEL_chain_syncwarp, 64, NULL);
    if (p->info->sm >= 80) chain(p, "mma.bf16 16x8x16", KERNEL_chain_mma, 16, "tensor_cycles");
    barrier(p, 32);
    barrier(p, 128);
    barrier(p, 256);
    barrier(p, 1024);
    chain(p, "load from shared memory", KERNEL_chain_shared, 64, "shared_cycles");
    chase(p, "load from L1", KERNEL_chase_cached, 14, true, "l1_cycles");
    chase_l2(p);
    chase_dram(p);
}
