/* Atomics on shared memory. */
#include "probe.h"

static void words(struct probe *p, const char *name, enum probe_kernel kernel, int count, bool own) {
    enum { ROUND = 4 };
    probe_add(p,
              (struct probe_case){.kernel = kernel,
                                  .unit = "clocks/warp/SM",
                                  .kind = PROBE_UNIT_CYCLES,
                                  .work = ROUND * (PROBE_THREADS / 32.0) * probe_full_grid(p),
                                  .argument = {count, own},
                                  .rounds = 4},
              "%s on %d word%s%s", name, count, count > 1 ? "s" : "", own ? " of the warp" : "");
}

void probe_shared(struct probe *p) {
    static const struct {
        const char *name;
        enum probe_kernel kernel;
    } additions[] = {{"add.f32", KERNEL_shared_add_f32},
                     {"add.u32", KERNEL_shared_add_u32},
                     {"count.u32", KERNEL_shared_count_u32},
                     {"fetch.f32", KERNEL_shared_fetch_f32},
                     {"fetch.u32", KERNEL_shared_fetch_u32}};
    for (int i = 0; i < 5; i++) {
        for (int count = 1; count <= 32; count *= i < 3 ? 2 : 32)
            words(p, additions[i].name, additions[i].kernel, count, false);
        words(p, additions[i].name, additions[i].kernel, 1, true);
        words(p, additions[i].name, additions[i].kernel, 32, true);
    }
}
