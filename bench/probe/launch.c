/* What launches, fences and counts of blocks cost. */
#include "probe.h"

static void launches(struct probe *p, const char *name, enum probe_kind kind, unsigned blocks, bool zero,
                     bool as_they_come, const char *figure) {
    probe_add(p,
              (struct probe_case){.kernel = KERNEL_empty,
                                  .unit = "ns",
                                  .figure = figure,
                                  .kind = kind,
                                  .work = 1,
                                  .blocks = blocks,
                                  .rounds = 100,
                                  .zero = zero,
                                  .as_they_come = as_they_come},
              "%s", name);
}

static void fence(struct probe *p, bool fenced, bool full) {
    probe_add(p,
              (struct probe_case){.kernel = KERNEL_fence,
                                  .unit = full ? "clocks/warp/SM" : "cycles",
                                  .kind = full ? PROBE_UNIT_CYCLES : PROBE_CYCLES,
                                  .work = full ? 4 * (PROBE_THREADS / 32.0) * probe_full_grid(p) : 4,
                                  .blocks = full ? 0 : 1,
                                  .threads = full ? 0 : 32,
                                  .argument = {fenced},
                                  .rounds = 32},
              "store%s, %s", fenced ? " and fence" : "", full ? "full grid" : "one warp");
}

static void count_blocks(struct probe *p, bool full) {
    probe_add(p,
              (struct probe_case){.kernel = KERNEL_count_blocks,
                                  .unit = full ? "blocks/clock" : "cycles",
                                  .kind = full ? PROBE_PER_CYCLE : PROBE_CYCLES,
                                  .work = full ? probe_full_grid(p) : 1,
                                  .blocks = full ? 0 : 1,
                                  .rounds = 8,
                                  .fill = PROBE_FILL_ZERO,
                                  .fill_argument = {1}},
              "count of a last block, %s", full ? "full grid" : "one block");
}

void probe_launch(struct probe *p) {
    launches(p, "empty kernel", PROBE_NANOSECONDS, 1, false, false, "launch_nanoseconds");
    launches(p, "empty kernel as the host launches", PROBE_NANOSECONDS, 1, false, true, NULL);
    launches(p, "empty kernel, full grid", PROBE_NANOSECONDS, 0, false, false, NULL);
    probe_add(p,
              (struct probe_case){.kernel = KERNEL_empty,
                                  .unit = "ns/block",
                                  .kind = PROBE_NANOSECONDS,
                                  .work = 32.0 * probe_full_grid(p),
                                  .blocks = 32 * probe_full_grid(p),
                                  .rounds = 2},
              "empty kernel, 32 full grids");
    launches(p, "empty kernel after 1 KiB of zeros", PROBE_NANOSECONDS, 1, true, false, NULL);
    launches(p, "empty kernel alone", PROBE_ALONE, 1, false, false, NULL);
    for (int full = 0; full < 2; full++) {
        fence(p, false, full);
        fence(p, true, full);
        count_blocks(p, full);
    }
}
