/* `katune probe`: small kernels that measure what a device can do. A case is one kernel on one launch; its
   loop goes n times round, then 2 n times, and what counts is the difference, in which the launch and
   everything that is done once drop out. */
#ifndef KATUNE_PROBE_H
#define KATUNE_PROBE_H

#include <stdint.h>

#include "registry.h"

/* Every kernel: its file, which is its group, and its name. */
#define PROBE_FILES(F) F(fill) F(latency) F(throughput) F(atomics) F(shared) F(bandwidth) F(launch)
#define PROBE_KERNELS(K)                                                                                     \
    K(fill, fill_zero)                                                                                       \
    K(fill, fill_cycle)                                                                                      \
    K(latency, chain_fma)                                                                                    \
    K(latency, chain_shift)                                                                                  \
    K(latency, chain_add_xor)                                                                                \
    K(latency, chain_mad)                                                                                    \
    K(latency, chain_half)                                                                                   \
    K(latency, chain_fp64)                                                                                   \
    K(latency, chain_ex2)                                                                                    \
    K(latency, chain_rcp)                                                                                    \
    K(latency, chain_f16)                                                                                    \
    K(latency, chain_shuffle)                                                                                \
    K(latency, chain_syncwarp)                                                                               \
    K(latency, chain_barrier)                                                                                \
    K(latency, chain_shared)                                                                                 \
    K(latency, chain_mma)                                                                                    \
    K(latency, chase_cached)                                                                                 \
    K(latency, chase_beyond)                                                                                 \
    K(throughput, many_fma)                                                                                  \
    K(throughput, many_shift)                                                                                \
    K(throughput, many_xor)                                                                                  \
    K(throughput, many_min)                                                                                  \
    K(throughput, many_add_xor)                                                                              \
    K(throughput, many_mad)                                                                                  \
    K(throughput, many_half)                                                                                 \
    K(throughput, many_fp64)                                                                                 \
    K(throughput, many_ex2)                                                                                  \
    K(throughput, many_rcp)                                                                                  \
    K(throughput, many_f16)                                                                                  \
    K(throughput, many_bf16)                                                                                 \
    K(throughput, many_bf16_pairs)                                                                           \
    K(throughput, many_mixed)                                                                                \
    K(throughput, many_shuffle)                                                                              \
    K(throughput, many_shared)                                                                               \
    K(throughput, many_l1)                                                                                   \
    K(throughput, many_shared_wide)                                                                          \
    K(throughput, many_mma)                                                                                  \
    K(atomics, add_f32)                                                                                      \
    K(atomics, add_u32)                                                                                      \
    K(atomics, fetch_f32)                                                                                    \
    K(atomics, fetch_u32)                                                                                    \
    K(atomics, add_rational)                                                                                 \
    K(shared, shared_add_f32)                                                                                \
    K(shared, shared_add_u32)                                                                                \
    K(shared, shared_fetch_f32)                                                                              \
    K(shared, shared_fetch_u32)                                                                              \
    K(shared, shared_count_u32)                                                                              \
    K(bandwidth, beyond_1)                                                                                   \
    K(bandwidth, beyond_2)                                                                                   \
    K(bandwidth, read_1)                                                                                     \
    K(bandwidth, read_2)                                                                                     \
    K(bandwidth, read_4)                                                                                     \
    K(bandwidth, read_8)                                                                                     \
    K(bandwidth, copy_1)                                                                                     \
    K(bandwidth, copy_2)                                                                                     \
    K(bandwidth, copy_4)                                                                                     \
    K(bandwidth, copy_8)                                                                                     \
    K(bandwidth, write_1)                                                                                    \
    K(bandwidth, write_2)                                                                                    \
    K(bandwidth, write_4)                                                                                    \
    K(bandwidth, write_8)                                                                                    \
    K(launch, empty)                                                                                         \
    K(launch, fence)                                                                                         \
    K(launch, count_blocks)

enum probe_file {
#define ENTRY(file) FILE_##file,
    PROBE_FILES(ENTRY)
#undef ENTRY
        PROBE_FILE_COUNT
};

enum probe_kernel {
#define ENTRY(file, kernel) KERNEL_##kernel,
    PROBE_KERNELS(ENTRY)
#undef ENTRY
        PROBE_KERNEL_COUNT
};

enum {
    PROBE_CASES_MAX = 256,
    PROBE_ARGUMENTS = 3,
    PROBE_THREADS = 256,    /* of a block, where it is not the question */
    PROBE_HEADER = 8 << 20, /* bytes before the memory that kernels work in: WORK_BYTES of probe.cuh */
};

/* What a case's value is: of `work` in every round, and the time of a round. */
enum probe_kind {
    PROBE_CYCLES,      /* cycles / work */
    PROBE_UNIT_CYCLES, /* cycles x multiprocessors / work */
    PROBE_PER_UNIT,    /* work / cycles / multiprocessors */
    PROBE_PER_CYCLE,   /* work / cycles */
    PROBE_PER_SECOND,  /* work / seconds */
    PROBE_NANOSECONDS, /* seconds / work; rounds are launches */
    PROBE_ALONE,       /* seconds of one launch */
};

/* What memory holds before: nothing that matters, zeros, or a cycle of pointers. */
enum probe_fill { PROBE_FILL_NONE, PROBE_FILL_ZERO, PROBE_FILL_CYCLE };

struct probe_case {
    enum probe_kernel kernel;
    char name[48];      /* "fma.f32" */
    const char *unit;   /* of the value */
    const char *figure; /* of a profile, to compare with; NULL: it has none */
    enum probe_kind kind;
    double work;
    unsigned blocks, threads; /* 0: a full grid; PROBE_THREADS */
    int argument[PROBE_ARGUMENTS];
    int rounds;           /* the least */
    enum probe_fill fill; /* fill_argument: 16-byte words; or log2 of places, and their distance in bytes */
    int fill_argument[2];
    bool zero;         /* 1 KiB is set to zero before every launch */
    bool as_they_come; /* launches do not wait until all of them are queued */

    /* measured; seconds, cycles and nanoseconds of n rounds and of 2 n, medians over the repeats */
    int n, repeats;
    double seconds[2], cycles[2], nanoseconds[2];
    double clock; /* Hz, while it ran */
    double value;
    bool done;
    struct error failure; /* why it is not done */
};

struct probe {
    struct device *device;
    const struct device_info *info;
    double deadline; /* clock_seconds() past which no case begins */
    double clock;    /* Hz, as last measured; of a model, its own */
    size_t bytes;    /* that kernels work in */
    char *memory;
    int *numbers; /* that a kernel is given */
    struct variant variant[PROBE_FILE_COUNT];
    int count;
    struct probe_case cases[PROBE_CASES_MAX];
};

/* The file of a case's kernel without its ending, which is the name of its group. */
const char *probe_group(const struct probe_case *c);

/* Adds a case, its name formatted. */
void probe_add(struct probe *p, struct probe_case c, const char *name, ...)
    __attribute__((format(printf, 3, 4)));

/* Blocks of PROBE_THREADS threads that fill every multiprocessor. */
unsigned probe_full_grid(const struct probe *p);

/* The cases of each group; memory must be there. */
void probe_latency(struct probe *p);
void probe_throughput(struct probe *p);
void probe_atomics(struct probe *p);
void probe_shared(struct probe *p);
void probe_bandwidth(struct probe *p);
void probe_launch(struct probe *p);

/* Memory for the cases; false if there is none. */
bool probe_open(struct probe *p, struct error *err);
void probe_close(struct probe *p);

/* Measures a case, or says in its `failure` why not. */
void probe_measure(struct probe *p, struct probe_case *c);

#endif
