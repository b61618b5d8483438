/* Bandwidth of L2 and DRAM, with more and more in flight. */
#include "probe.h"

enum direction { READ, WRITE, COPY_BOTH };

static enum probe_kernel kernel_of(enum direction d, int log2_flight) {
    static const enum probe_kernel first[] = {KERNEL_read_1, KERNEL_write_1, KERNEL_copy_1};
    return first[d] + (unsigned)log2_flight;
}

/* So many blocks on a multiprocessor, each thread with so many 16 bytes in flight. */
static void dram(struct probe *p, enum direction d, int blocks, int log2_flight, const char *figure) {
    static const char *const names[] = {"read", "write", "copy"};
    const unsigned grid = (unsigned)(blocks * p->info->units);
    const size_t round = ((size_t)grid * PROBE_THREADS * 16) << log2_flight, ways = d == COPY_BOTH ? 2 : 1;
    const size_t rounds = p->bytes / round / ways;
    const int least = 16 / (blocks << log2_flight) > 1 ? 16 / (blocks << log2_flight) : 1;
    const size_t filled = (size_t)(2 * least);
    probe_add(p,
              (struct probe_case){.kernel = kernel_of(d, log2_flight),
                                  .unit = "GB/s",
                                  .figure = figure,
                                  .kind = PROBE_PER_SECOND,
                                  .work = 1e-9 * (double)(round * ways),
                                  .blocks = grid,
                                  .argument = {(int)rounds},
                                  .rounds = least,
                                  .fill = d == WRITE ? PROBE_FILL_NONE : PROBE_FILL_ZERO,
                                  .fill_argument = {(int)(filled * round / 16)}},
              "%s DRAM, %d blocks/SM, %d B/thread", names[d], blocks, 16 << log2_flight);
}

/* As often through a quarter of L2 that a model, too, finds what it takes to bring it in of no weight. */
static void l2(struct probe *p, int log2_flight) {
    enum { PASSES = 16 };
    const size_t round = ((size_t)probe_full_grid(p) * PROBE_THREADS * 16) << log2_flight;
    const size_t rounds = device_last_level_bytes(p->info) / 4 / round;
    const int part = rounds < 1 || p->info->modeled ? 1 : (int)rounds;
    probe_add(p,
              (struct probe_case){.kernel = KERNEL_beyond_1 + (unsigned)log2_flight,
                                  .unit = "bytes/clock",
                                  .figure = "l2_bytes_per_clock",
                                  .kind = PROBE_PER_CYCLE,
                                  .work = (double)round,
                                  .argument = {part},
                                  .rounds = PASSES * part,
                                  .fill = PROBE_FILL_ZERO,
                                  .fill_argument = {(int)(round / 16) * part}},
              "read L2, %.1f MiB, %d B/thread", (double)round * part / (1 << 20), 16 << log2_flight);
}

void probe_bandwidth(struct probe *p) {
    enum { LOG2_FLIGHT_MAX = 3 };
    const int most = p->info->warps * 32 / PROBE_THREADS;
    l2(p, 0);
    l2(p, 1);
    for (int d = READ; d <= COPY_BOTH; d++)
        for (int blocks = 1; blocks <= most; blocks *= 2)
            for (int log2_flight = 0; log2_flight <= (d == READ ? LOG2_FLIGHT_MAX : 2); log2_flight++)
                if (d == READ || (blocks > 2 && log2_flight % 2 == 0))
                    dram(p, (enum direction)d, blocks, log2_flight,
                         blocks * 2 > most && log2_flight == 2 ? "dram_gigabytes_per_second" : NULL);
}
