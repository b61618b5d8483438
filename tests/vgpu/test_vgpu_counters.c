/* Counters of kernels small enough to count by hand. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"

static CUmodule module;

static void open_on(const char *profile) {
    char device[64];
    snprintf(device, sizeof device, "VGPU_DEVICE=%s", profile);
    device_open((const char *const[]){device, NULL});
    module = device_module_from("ptx/counters.ptx");
}

static void open_device(void) {
    open_on("h100-sxm");
}

static struct vgpu_counters run(const char *kernel, unsigned blocks, unsigned threads, unsigned shared,
                                void **params) {
    const CUresult code = device_run(module, kernel, (const unsigned[]){blocks, 1, 1},
                                     (const unsigned[]){threads, 1, 1}, shared, params);
    cr_assert_eq(code, 0, "%s: %d, %s", kernel, (int)code, vgpu_last_finding());
    struct vgpu_counters c;
    cr_assert_eq(vgpu_counters_read(&c, sizeof c), 0);
    return c;
}

static CUdeviceptr zeros(size_t bytes) {
    void *host = calloc(1, bytes);
    const CUdeviceptr p = device_array(host, bytes);
    free(host);
    return p;
}

#define EQ(a, b)                                                                                             \
    cr_assert_eq((uint64_t)(a), (uint64_t)(b), #a ": %llu for %llu", (unsigned long long)(a),                \
                 (unsigned long long)(b))

Test(counters, sectors_of_loads, .init = open_device) {
    static const struct {
        const char *kernel;
        unsigned offset, stride, sectors, bytes;
    } cases[] = {
        {"load4", 0, 4, 4, 128},     /* coalesced */
        {"load4", 4, 4, 5, 128},     /* misaligned by an element */
        {"load4", 0, 8, 8, 128},     /* every other */
        {"load4", 0, 32, 32, 128},   /* a sector each */
        {"load4", 0, 128, 32, 128},  /* a line each */
        {"load4", 0, 0, 1, 128},     /* one for all */
        {"load16", 0, 16, 16, 512},  /* coalesced vectors */
        {"load16", 16, 16, 17, 512}, /* across a sector's edge */
        {"load16", 0, 32, 32, 512},  /* half of each sector */
    };
    const CUdeviceptr p = zeros(8192);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CUdeviceptr at = p + cases[i].offset;
        unsigned stride = cases[i].stride;
        const struct vgpu_counters c = run(cases[i].kernel, 1, 32, 0, (void *[]){&at, &stride});
        EQ(c.global_load_requests, 1);
        EQ(c.global_load_sectors, cases[i].sectors);
        EQ(c.global_load_bytes, cases[i].bytes);
        EQ(c.global_store_requests, 0);
        EQ(c.l1_hit_bytes, 0);
        EQ(c.l1_miss_bytes, 32 * cases[i].sectors);
        EQ(c.l2_read_bytes, 32 * cases[i].sectors);
        EQ(c.dram_read_bytes, 32 * cases[i].sectors);
        EQ(c.dram_write_bytes, 0);
    }
}

Test(counters, stores_and_partial_warps, .init = open_device) {
    CUdeviceptr p = zeros(8192);
    unsigned stride = 4;
    const struct vgpu_counters c = run("store4", 3, 40, 0, (void *[]){&p, &stride});
    EQ(c.blocks, 3);
    EQ(c.warps, 6);
    EQ(c.threads, 120);
    EQ(c.global_store_requests, 6);
    EQ(c.global_store_sectors, 3 * (4 + 1));
    EQ(c.global_store_bytes, 3 * 160);
    EQ(c.l2_write_bytes, 3 * 160);
    EQ(c.dram_write_bytes, 160); /* the same 160 bytes, three times */
    EQ(c.dram_read_bytes, 0);
    EQ(c.l1_miss_bytes, 0);
}

Test(counters, caches, .init = open_device) {
    CUdeviceptr p = zeros(8192);
    unsigned stride = 4;
    struct vgpu_counters c = run("load_twice", 1, 32, 0, (void *[]){&p, &stride});
    EQ(c.l1_miss_bytes, 128);
    EQ(c.l1_hit_bytes, 128);
    EQ(c.l2_read_bytes, 128);
    c = run("load_twice_cg", 1, 32, 0, (void *[]){&p, &stride}); /* past L1 */
    EQ(c.l1_miss_bytes, 256);
    EQ(c.l1_hit_bytes, 0);
    EQ(c.l2_read_bytes, 256);
    EQ(c.dram_read_bytes, 128);
    c = run("update", 1, 32, 0, (void *[]){&p, &stride});
    EQ(c.dram_read_bytes, 128);
    EQ(c.dram_write_bytes, 128);
}

/* The T4 has 4 MB of L2: what fits is read from DRAM once, twice as much is gone when it is wanted again. */
Test(counters, l2_capacity) {
    open_on("t4");
    unsigned stride = 4, n = 1 << 19;
    CUdeviceptr p = zeros((size_t)n * 2 * 4);
    struct vgpu_counters c = run("sweep", 3, 1024, 0, (void *[]){&p, &stride, &n});
    EQ(c.global_load_bytes, 3 * 4 * n);
    EQ(c.l2_read_bytes, 3 * 4 * n); /* three multiprocessors, each with an L1 of its own */
    EQ(c.dram_read_bytes, 4 * n);
    n *= 4;
    CUdeviceptr q = zeros((size_t)n * 4);
    c = run("sweep", 2, 1024, 0, (void *[]){&q, &stride, &n});
    EQ(c.dram_read_bytes, 2 * 4 * n);
    n = 1 << 12; /* 16 kB fit L1: the second block on a multiprocessor finds them there */
    c = run("sweep", 2 * 40, 1024, 0, (void *[]){&q, &stride, &n});
    EQ(c.l1_miss_bytes, 40 * 4 * n);
    EQ(c.l1_hit_bytes, 40 * 4 * n);
    EQ(c.dram_read_bytes, 4 * n);
}

static void check_copy(unsigned n) {
    CUdeviceptr p = zeros((size_t)n * 4), q = device_array(NULL, (size_t)n * 4);
    unsigned stride = 4;
    const struct vgpu_counters c = run("copy", (n + 255) / 256, 256, 0, (void *[]){&p, &stride, &q, &n});
    const uint64_t bytes = ((uint64_t)n * 4 + 31) / 32 * 32;
    EQ(c.global_load_bytes, 4 * n);
    EQ(c.global_store_bytes, 4 * n);
    EQ(c.dram_read_bytes, bytes);
    EQ(c.dram_write_bytes, bytes);
    EQ(c.l2_read_bytes, bytes);
    EQ(c.l2_write_bytes, bytes);
}

Test(counters, a_copy_reads_and_writes_each_sector_once) {
    open_on("t4"); /* more than its L2 holds, too */
    check_copy(1);
    check_copy(1000);
    check_copy(1003);
    check_copy(1 << 20);
    check_copy((3 << 20) + 17);
}

Test(counters, shared_banks, .init = open_device) {
    static const struct {
        const char *kernel;
        unsigned stride, wavefronts, conflicts;
    } cases[] = {
        {"shared4", 4, 1, 0},                             /* a bank each */
        {"shared4", 0, 1, 0},                             /* one word */
        {"shared4", 8, 2, 1},                             /* two lanes a bank */
        {"shared4", 128, 32, 31},                         /* all in one bank */
        {"shared4", 132, 1, 0},                           /* padded */
        {"shared8", 8, 2, 0},                             /* half a warp at a time */
        {"shared8", 16, 4, 2},    {"shared16", 16, 4, 0}, /* a quarter at a time */
        {"shared16", 32, 8, 4},   {"shared16", 144, 4, 0},
    };
    CUdeviceptr p = zeros(32);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned stride = cases[i].stride;
        device_open((const char *const[]){"VGPU_REPORT=/dev/null", NULL}); /* all lanes on one word: a race */
        const struct vgpu_counters c = run(cases[i].kernel, 1, 32, 8192, (void *[]){&p, &stride});
        EQ(c.shared_requests, 1);
        EQ(c.shared_wavefronts, cases[i].wavefronts);
        EQ(c.shared_bank_conflicts, cases[i].conflicts);
        EQ(c.shared_bytes, 8192);
    }
    unsigned stride = 0;
    const struct vgpu_counters c = run("shared_atomic", 1, 32, 128, (void *[]){&p, &stride});
    EQ(c.shared_atomics, 32);
    EQ(c.shared_wavefronts, 1 + 32); /* the first lane's store, then one after the other */
    EQ(c.atomics, 0);
}

Test(counters, atomics, .init = open_device) {
    CUdeviceptr p = zeros(4096);
    static const struct {
        unsigned addresses, passes, sectors;
    } cases[] = {{1, 32, 1}, {2, 16, 1}, {4, 8, 1}, {8, 4, 1}, {16, 4, 2}, {32, 4, 4}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned k = cases[i].addresses;
        const struct vgpu_counters c = run("atomic", 7, 32, 0, (void *[]){&p, &k});
        EQ(c.atomics, 7 * 32);
        EQ(c.atomic_requests, 7);
        EQ(c.atomic_longest_chain, 7 * 32 / k);
        EQ(c.atomic_passes, 7 * cases[i].passes);
        EQ(c.atomic_slice_clocks, (uint64_t)llround(1.46 * 7 * cases[i].passes)); /* all in one slice */
        EQ(c.global_load_requests + c.global_store_requests, 0);
        EQ(c.l2_read_bytes, 7 * 32 * cases[i].sectors);
        EQ(c.l2_write_bytes, 7 * 32 * cases[i].sectors);
        EQ(c.dram_read_bytes, 32 * cases[i].sectors);
        EQ(c.dram_write_bytes, 32 * cases[i].sectors);
    }
    unsigned k = 64; /* two lines */
    const struct vgpu_counters c = run("atomic", 3, 64, 0, (void *[]){&p, &k});
    EQ(c.atomic_passes, 3 * 8);
    EQ(c.atomic_slice_clocks, (uint64_t)llround(1.46 * 3 * 8));
    EQ(c.atomic_longest_chain, 3);
}

/* One warp on a few words that lie apart: a slice of L2 holds every other 256 bytes of a kilobyte. */
Test(counters, atomics_on_slices, .init = open_device) {
    static const struct {
        unsigned words, stride, passes, longest;
    } cases[] = {
        {2, 8, 16, 16},   {8, 8, 8, 8},     {2, 32, 32, 32},  {4, 32, 32, 32},
        {8, 32, 32, 32},  {16, 32, 32, 16}, {2, 128, 32, 32}, {4, 128, 32, 16},
        {2, 256, 32, 16}, {4, 256, 32, 16}, {16, 256, 32, 4}, {32, 4096, 32, 1},
    };
    CUdeviceptr p = zeros(32 * 4096);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned stride = cases[i].stride, mask = cases[i].words - 1;
        const struct vgpu_counters c = run("spread", 1, 32, 0, (void *[]){&p, &stride, &mask});
        EQ(c.atomic_passes, cases[i].passes);
        EQ(c.atomic_slice_clocks, (uint64_t)llround(1.46 * cases[i].longest));
    }
}

/* Floats: a pass waits for the one before it where that was in the same sector, as often as chance has it. */
Test(counters, atomics_on_floats, .init = open_device) {
    static const struct {
        unsigned words, stride;
        double clocks;
    } cases[] = {{1, 4, 32 * 3.5}, {8, 4, 4 * 3.5}, {2, 32, 32 * (3.5 + 1.46) / 2}, {4, 4096, 8 * 3.5}};
    CUdeviceptr p = zeros(32 * 4096);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned stride = cases[i].stride, mask = cases[i].words - 1;
        const struct vgpu_counters c = run("spread_floats", 1, 32, 0, (void *[]){&p, &stride, &mask});
        EQ(c.float_atomics, 32);
        EQ(c.atomic_slice_clocks, (uint64_t)llround(cases[i].clocks));
    }
}

Test(counters, instructions_by_pipe_and_divergence, .init = open_device) {
    CUdeviceptr p = zeros(4096);
    static const struct {
        unsigned low, divergent; /* lanes that take the branch, of 64 */
    } cases[] = {{0, 0}, {10, 1}, {32, 0}, {40, 1}, {64, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned low = cases[i].low;
        const struct vgpu_counters c = run("diverge", 1, 64, 0, (void *[]){&p, &low});
        const unsigned warps_low = (low + 31) / 32, warps_high = 2 - low / 32, high = 64 - low;
        EQ(c.divergent_branches, cases[i].divergent);
        EQ(c.branches, 2 + warps_high);
        EQ(c.barriers, 2);
        EQ(c.warp_instructions[VGPU_LSU], 2 * 2); /* two parameters */
        /* the address takes three integer multiplications, which are that pipe's too */
        EQ(c.warp_instructions[VGPU_FMA], 3 * 2 + warps_high + 2 * warps_low);
        EQ(c.thread_instructions[VGPU_FMA], 3 * 64 + high + 2 * low);
        EQ(c.warp_instructions[VGPU_SFU], warps_low);
        EQ(c.thread_instructions[VGPU_SFU], low);
        /* a conditional branch counts the lanes that take it */
        EQ(c.thread_instructions[VGPU_CONTROL], low + high + 64 + 64);
        EQ(c.warp_instructions[VGPU_CONTROL], 2 + warps_high + 2 + 2);
    }
    unsigned stride = 4;
    const struct vgpu_counters c = run("plain", 5, 48, 0, (void *[]){&p, &stride});
    EQ(c.warp_instructions[VGPU_LSU], 5 * 2 * 3);
    EQ(c.thread_instructions[VGPU_LSU], 5 * 48 * 3);
    uint64_t all = 0;
    for (unsigned i = 0; i < VGPU_PIPES; i++) {
        all += c.thread_instructions[i];
    }
    EQ(all, 5 * 48 * 11);
}

/* Registers and shared memory a block, and how many blocks that leaves room for. */
struct occupancy_case {
    unsigned registers, threads, shared, blocks;
    double occupancy;
};

static void check_occupancy(const char *device, const struct occupancy_case *cases, size_t count) {
    open_on(device);
    CUdeviceptr p = zeros(32);
    unsigned stride = 4;
    for (size_t i = 0; i < count; i++) {
        const struct occupancy_case *e = &cases[i];
        char log[256];
        snprintf(log, sizeof log,
                 "ptxas info    : Compiling entry function 'shared4' for 'sm_90'\n"
                 "ptxas info    : Function properties for shared4\n"
                 "    8 bytes stack frame, 12 bytes spill stores, 16 bytes spill loads\n"
                 "ptxas info    : Used %u registers, 380 bytes cmem[0]\n",
                 e->registers);
        cr_assert_eq(vgpu_module_ptxas_log(module, log), 1);
        const struct vgpu_counters c =
            run("shared4", 1, e->threads, e->shared ? e->shared : 4 * e->threads, (void *[]){&p, &stride});
        EQ(c.registers, e->registers);
        EQ(c.registers_estimated, 0);
        EQ(c.spill_bytes, 28);
        EQ(c.blocks_per_multiprocessor, e->blocks);
        cr_assert_float_eq(c.occupancy, e->occupancy, 1e-12, "case %zu: %g", i, c.occupancy);
    }
}

Test(counters, occupancy_h100) {
    static const struct occupancy_case cases[] = {
        {32, 256, 0, 8, 1},          /* 64 warps */
        {32, 32, 0, 32, 0.5},        /* slots for blocks */
        {128, 256, 0, 2, 0.25},      /* 65536 / (128 * 32) = 16 warps */
        {40, 1024, 0, 1, 0.5},       /* 51 warps' registers, in fours 48: one block of 32 */
        {255, 256, 0, 1, 0.125},     /* 8 warps */
        {32, 128, 45056, 5, 0.3125}, /* 228 kB / (44 kB + 1 kB) */
        {32, 1000, 0, 2, 1},         /* 32 warps, the last in part */
    };
    check_occupancy("h100-sxm", cases, sizeof cases / sizeof *cases);
}

Test(counters, occupancy_t4) {
    static const struct occupancy_case cases[] = {
        {32, 256, 0, 4, 1},        /* 32 warps */
        {64, 128, 32768, 2, 0.25}, /* 64 kB, nothing set aside */
    };
    check_occupancy("t4", cases, sizeof cases / sizeof *cases);
}

/* ---- sampling ---- */

Test(counters, sampling_scales_to_the_whole_grid, .init = open_device) {
    enum { BLOCKS = 4096, COUNT = BLOCKS * 256 };
    CUdeviceptr p = zeros(COUNT * 4), q = device_array(NULL, COUNT * 4);
    unsigned stride = 4, n = COUNT;
    void *params[] = {&p, &stride, &q, &n};
    const struct vgpu_counters whole = run("copy", BLOCKS, 256, 0, params);
    EQ(whole.sampled_blocks, BLOCKS);
    static const struct {
        unsigned most, sampled;
    } cases[] = {{BLOCKS, BLOCKS}, {1000, 32 * 31}, {64, 64}, {5, 5}, {1, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vgpu_set_sampling(cases[i].most);
        struct vgpu_counters c = run("copy", BLOCKS, 256, 0, params);
        EQ(c.sampled_blocks, cases[i].sampled);
        c.launch = whole.launch;
        c.sampled_blocks = whole.sampled_blocks;
        cr_assert_float_eq(c.modeled_seconds, whole.modeled_seconds, 1e-9 * whole.modeled_seconds);
        c.modeled_seconds = whole.modeled_seconds;
        cr_assert_arr_eq(&c, &whole, sizeof c, "at most %u blocks", cases[i].most);
    }
    /* the chosen blocks ran and no others: 64 runs as 32 runs of 2, every 128 blocks */
    vgpu_set_sampling(64);
    CUdeviceptr marks = zeros(COUNT * 4);
    run("copy", BLOCKS, 256, 0, (void *[]){&p, &stride, &marks, &n});
    unsigned k = 1;
    const struct vgpu_counters chain = run("atomic", BLOCKS, 32, 0, (void *[]){&p, &k});
    EQ(chain.atomic_longest_chain, BLOCKS * 32);
    EQ(chain.atomics, BLOCKS * 32);
    int sum = 0;
    device_read(&sum, p, sizeof sum);
    EQ(sum, 64 * 32);
}
