/* What a multiprocessor does in a clock. */
#include "probe.h"

/* `each`: what a thread does in a round. */
static void many(struct probe *p, const char *name, enum probe_kernel kernel, const char *unit, double each,
                 const char *figure) {
    probe_add(p,
              (struct probe_case){.kernel = kernel,
                                  .unit = unit,
                                  .figure = figure,
                                  .kind = PROBE_PER_UNIT,
                                  .work = each * PROBE_THREADS * probe_full_grid(p)},
              "%s", name);
}

void probe_throughput(struct probe *p) {
    static const char *const lanes = "lanes/clock/SM";
    many(p, "fma.f32", KERNEL_many_fma, lanes, 128, "fma");
    many(p, "shift", KERNEL_many_shift, lanes, 128, "alu");
    many(p, "shift, xor", KERNEL_many_xor, lanes, 128, "alu");
    many(p, "min, xor", KERNEL_many_min, lanes, 128, "alu");
    many(p, "add, xor", KERNEL_many_add_xor, lanes, 128, NULL);
    many(p, "mad.u32", KERNEL_many_mad, lanes, 128, NULL);
    many(p, "fma.f16x2", KERNEL_many_half, lanes, 128, "half");
    many(p, "fma.f64", KERNEL_many_fp64, lanes, 128, "fp64");
    many(p, "ex2", KERNEL_many_ex2, lanes, 128, "sfu");
    many(p, "rcp beside fma.f32", KERNEL_many_rcp, lanes, 128, "sfu");
    many(p, "to f16 and back", KERNEL_many_f16, lanes, 256, NULL);
    if (p->info->sm >= 80) {
        many(p, "to bf16 and back", KERNEL_many_bf16, lanes, 256, NULL);
        many(p, "to bf16 in a pair and back", KERNEL_many_bf16_pairs, lanes, 256, NULL);
    }
    many(p, "fma.f32, shift", KERNEL_many_mixed, "warps/clock/SM", 128 / 32.0, "issue");
    many(p, "shuffle", KERNEL_many_shuffle, lanes, 128, "lsu");
    many(p, "shared loads, 4 bytes", KERNEL_many_shared, lanes, 128, "lsu");
    many(p, "shared loads, 16 bytes", KERNEL_many_shared_wide, "bytes/clock/SM", 64 * 16, NULL);
    many(p, "loads from L1, 8 bytes", KERNEL_many_l1, "bytes/clock/SM", 128 * 8, NULL);
    if (p->info->sm >= 80)
        many(p, "mma.bf16 16x8x16", KERNEL_many_mma, "fma/clock/SM", 64 * 16 * 8 * 16 / 32.0, "tensor");
}
