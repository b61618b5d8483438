#include "cuda_arch.h"

#include <stdio.h>

#include "../variant.h"

/* CUDA C++ Programming Guide, tables of compute capabilities and of arithmetic throughput; tensor units by
   the architectures' white papers; units are those of T4, A100, RTX 3090 (A10: 72), L4, H100, B200 and RTX
   5090. */
static const struct cuda_arch archs[] = {
    {75, 32, 16, 64 << 10, 64 << 10, 0, 40, 64, 64, 16, 512},
    {80, 64, 32, 164 << 10, 163 << 10, 1024, 108, 64, 128, 32, 1024},
    {86, 48, 16, 100 << 10, 99 << 10, 1024, 82, 128, 128, 32, 512},
    {89, 48, 24, 100 << 10, 99 << 10, 1024, 58, 128, 128, 32, 512},
    {90, 64, 32, 228 << 10, 227 << 10, 1024, 132, 128, 128, 32, 2048},
    {100, 64, 32, 228 << 10, 227 << 10, 1024, 148, 128, 128, 32, 4096},
    {120, 48, 24, 100 << 10, 99 << 10, 1024, 170, 128, 128, 32, 512},
};
enum { ARCH_COUNT = sizeof archs / sizeof *archs, REGISTERS = 65536, REGISTER_UNIT = 256, SHARED_UNIT = 128 };

const struct cuda_arch *cuda_arch_at(int i) {
    return i >= 0 && i < ARCH_COUNT ? &archs[i] : NULL;
}

const struct cuda_arch *cuda_arch_near(int sm) {
    const struct cuda_arch *best = archs;
    for (int i = 0; i < ARCH_COUNT; i++)
        if (archs[i].sm <= sm) best = &archs[i];
    return best;
}

struct device_info cuda_arch_device(const struct cuda_arch *a) {
    struct device_info info = {.backend = "cuda",
                               .isa = 1u << CUDA,
                               .sm = a->sm,
                               .units = a->units,
                               .warps = a->warps,
                               .registers = REGISTERS,
                               .shared_block = (size_t)a->shared_block};
    snprintf(info.name, sizeof info.name, "a GPU of compute capability %d.%d", a->sm / 10, a->sm % 10);
    snprintf(info.arch, sizeof info.arch, "sm_%d", a->sm);
    return info;
}

static int round_up(int value, int unit) {
    return (value + unit - 1) / unit * unit;
}

static int least(int a, int b) {
    return a < b ? a : b;
}

double cuda_occupancy(const struct cuda_arch *a, const struct cuda_resources *r, int block,
                      int dynamic_shared) {
    const int warps = round_up(block, 32) / 32;
    const int registers = round_up(r->registers * 32, REGISTER_UNIT) * warps;
    const int shared = round_up(r->shared + dynamic_shared + a->shared_reserved, SHARED_UNIT);
    int blocks = least(a->blocks, a->warps / warps);
    if (registers) blocks = least(blocks, REGISTERS / registers);
    if (shared) blocks = least(blocks, a->shared / shared);
    return (double)(blocks * warps) / a->warps;
}
