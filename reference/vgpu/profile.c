/* profile: figures of devices.
 *
 * Sources: [W] NVIDIA architecture white papers (Turing 2018, Ampere A100 2020, Ada 2022, Hopper 2022,
 * Blackwell 2024-25) and data sheets: multiprocessors, boost clocks, memory bandwidth and size, L2 size; [G]
 * CUDA C++ Programming Guide, tables of compute capabilities (warps, blocks, registers, shared memory) and of
 * arithmetic throughput; [E] our estimate where nothing is published: L2 bytes per clock, after
 * microbenchmarks in the literature (Jia et al. 2019 for T4; Luo et al. 2024 for A100, RTX 4090 and H100).
 * Latencies: [L] Luo et al. 2024 (arXiv 2402.13499), pointer chases on RTX 4090, A100 and H100 (PCIe); [J]
 * Jia et al. 2019 (arXiv 1903.07486), T4. Tensor: dense bf16 (f16 on T4) multiply-adds per clock and
 * multiprocessor, from the peak rates of [W]. */
#include "profile.h"

#include <string.h>

static const struct profile profiles[] = {
    {.name = "h100-sxm",
     .label = "NVIDIA H100 80GB HBM3",
     .about = "H100 SXM5, 132 multiprocessors, 3.35 TB/s",
     .major = 9,
     .minor = 0,
     .multiprocessors = 132,
     .clock_hz = 1.83e9,
     .memory_clock_hz = 2.619e9,
     .bus_bits = 5120,
     .dram_bytes_per_second = 3.35e12, /* [W] */
     .memory_bytes = 80ull << 30,
     .l2_bytes = 50 << 20,       /* [W] */
     .l2_bytes_per_clock = 5120, /* [E] */
     .l1_bytes = 256 << 10,
     .shared_bytes = 228 << 10,
     .shared_block_bytes = 227 << 10,
     .registers = 65536,
     .warps = 64,
     .blocks = 32, /* [G] */
     .alu = 64,
     .fma = 128,
     .half = 128,
     .fp64 = 64,
     .sfu = 16,
     .lsu = 32,
     .tensor = 2048,
     .issue = 4, /* [G][W] */
     .l1_cycles = 40.7,
     .shared_cycles = 29.0,
     .l2_cycles = 263.0,
     .dram_cycles = 478.8}, /* [L] */
    {.name = "a100-sxm",
     .label = "NVIDIA A100-SXM4-80GB",
     .about = "A100 SXM4 80 GB, 108 multiprocessors, 2.04 TB/s",
     .major = 8,
     .minor = 0,
     .multiprocessors = 108,
     .clock_hz = 1.41e9,
     .memory_clock_hz = 1.593e9,
     .bus_bits = 5120,
     .dram_bytes_per_second = 2.039e12, /* [W] */
     .memory_bytes = 80ull << 30,
     .l2_bytes = 40 << 20,       /* [W] */
     .l2_bytes_per_clock = 5120, /* [W] */
     .l1_bytes = 192 << 10,
     .shared_bytes = 164 << 10,
     .shared_block_bytes = 163 << 10,
     .registers = 65536,
     .warps = 64,
     .blocks = 32, /* [G] */
     .alu = 64,
     .fma = 64,
     .half = 128,
     .fp64 = 32,
     .sfu = 16,
     .lsu = 32,
     .tensor = 1024,
     .issue = 4, /* [G][W] */
     .l1_cycles = 37.9,
     .shared_cycles = 29.0,
     .l2_cycles = 261.5,
     .dram_cycles = 466.3}, /* [L] */
    {.name = "l4",
     .label = "NVIDIA L4",
     .about = "L4, 58 multiprocessors (of 60), 300 GB/s",
     .major = 8,
     .minor = 9,
     .multiprocessors = 58,
     .clock_hz = 2.04e9,
     .memory_clock_hz = 6.251e9,
     .bus_bits = 192,
     .dram_bytes_per_second = 3.0e11, /* [W] */
     .memory_bytes = 24ull << 30,
     .l2_bytes = 48 << 20,       /* [W] */
     .l2_bytes_per_clock = 1536, /* [E] */
     .l1_bytes = 128 << 10,
     .shared_bytes = 100 << 10,
     .shared_block_bytes = 99 << 10,
     .registers = 65536,
     .warps = 48,
     .blocks = 24, /* [G] */
     .alu = 64,
     .fma = 128,
     .half = 128,
     .fp64 = 2,
     .sfu = 16,
     .lsu = 32,
     .tensor = 512,
     .issue = 4, /* [G][W] */
     .l1_cycles = 43.4,
     .shared_cycles = 30.1,
     .l2_cycles = 273.0,
     .dram_cycles = 541.5}, /* [L], of the RTX 4090's chip */
    {.name = "rtx-4090",
     .label = "NVIDIA GeForce RTX 4090",
     .about = "GeForce RTX 4090, 128 multiprocessors, 1.01 TB/s",
     .major = 8,
     .minor = 9,
     .multiprocessors = 128,
     .clock_hz = 2.52e9,
     .memory_clock_hz = 10.501e9,
     .bus_bits = 384,
     .dram_bytes_per_second = 1.008e12, /* [W] */
     .memory_bytes = 24ull << 30,
     .l2_bytes = 72 << 20,       /* [W] */
     .l2_bytes_per_clock = 2304, /* [E] */
     .l1_bytes = 128 << 10,
     .shared_bytes = 100 << 10,
     .shared_block_bytes = 99 << 10,
     .registers = 65536,
     .warps = 48,
     .blocks = 24, /* [G] */
     .alu = 64,
     .fma = 128,
     .half = 128,
     .fp64 = 2,
     .sfu = 16,
     .lsu = 32,
     .tensor = 512,
     .issue = 4, /* [G][W] */
     .l1_cycles = 43.4,
     .shared_cycles = 30.1,
     .l2_cycles = 273.0,
     .dram_cycles = 541.5}, /* [L] */
    {.name = "b200",
     .label = "NVIDIA B200",
     .about = "B200, 148 multiprocessors, 8 TB/s",
     .major = 10,
     .minor = 0,
     .multiprocessors = 148,
     .clock_hz = 1.965e9,
     .memory_clock_hz = 3.996e9,
     .bus_bits = 8192,
     .dram_bytes_per_second = 8.0e12, /* [W] */
     .memory_bytes = 180ull << 30,
     .l2_bytes = 126 << 20,       /* [W] */
     .l2_bytes_per_clock = 10240, /* [E] */
     .l1_bytes = 256 << 10,
     .shared_bytes = 228 << 10,
     .shared_block_bytes = 227 << 10,
     .registers = 65536,
     .warps = 64,
     .blocks = 32, /* [G] */
     .alu = 64,
     .fma = 128,
     .half = 128,
     .fp64 = 64,
     .sfu = 16,
     .lsu = 32,
     .tensor = 4096,
     .issue = 4, /* [G][W] */
     .l1_cycles = 40.7,
     .shared_cycles = 29.0,
     .l2_cycles = 263.0,
     .dram_cycles = 478.8}, /* [E]: H100's */
    {.name = "t4",
     .label = "Tesla T4",
     .about = "T4, 40 multiprocessors, 320 GB/s",
     .major = 7,
     .minor = 5,
     .multiprocessors = 40,
     .clock_hz = 1.59e9,
     .memory_clock_hz = 5.001e9,
     .bus_bits = 256,
     .dram_bytes_per_second = 3.2e11, /* [W] */
     .memory_bytes = 16ull << 30,
     .l2_bytes = 4 << 20,        /* [W] */
     .l2_bytes_per_clock = 1024, /* [E] */
     .l1_bytes = 96 << 10,
     .shared_bytes = 64 << 10,
     .shared_block_bytes = 64 << 10,
     .registers = 65536,
     .warps = 32,
     .blocks = 16, /* [G] */
     .alu = 64,
     .fma = 64,
     .half = 64,
     .fp64 = 2,
     .sfu = 16,
     .lsu = 16,
     .tensor = 512,
     .issue = 4, /* [G][W] */
     .l1_cycles = 32,
     .shared_cycles = 19,
     .l2_cycles = 188,
     .dram_cycles = 466.3}, /* [J]; DRAM [E]: A100's */
};

const struct profile *profile_at(unsigned index) {
    return index < sizeof profiles / sizeof *profiles ? &profiles[index] : NULL;
}

const struct profile *profile_find(const char *name, unsigned length) {
    for (unsigned i = 0; i < sizeof profiles / sizeof *profiles; i++) {
        if (strlen(profiles[i].name) == length && memcmp(profiles[i].name, name, length) == 0) {
            return &profiles[i];
        }
    }
    return NULL;
}
