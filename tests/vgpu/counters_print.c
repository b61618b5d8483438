/* counters_print: runs kernels of tests/vgpu/ptx/rational.ptx and prints all their counters, for the test
 * that they are the same for any number of host threads (VGPU_THREADS). */
#include <stddef.h>
#include <stdio.h>

#include "load.h"

enum { ROWS = 256, CHANNELS = 768, GROUPS = 8, COUNT = ROWS * CHANNELS };

static void print_words(const char *name, const uint64_t *words, size_t count) {
    printf(" %s", name);
    for (size_t i = 0; i < count; i++) {
        printf(" %llu", (unsigned long long)words[i]);
    }
}

static void print_counters(const struct vgpu_counters *c) {
    printf("%s", c->kernel);
    const size_t first = offsetof(struct vgpu_counters, blocks),
                 end = offsetof(struct vgpu_counters, registers);
    print_words("counts", &c->blocks, (end - first) / sizeof(uint64_t));
    print_words("findings", c->findings, VGPU_FINDING_KINDS);
    printf(" registers %u %u spills %d shared %u blocks %u occupancy %a seconds %a bound %s\n", c->registers,
           c->registers_estimated, c->spill_bytes, c->shared_bytes, c->blocks_per_multiprocessor,
           c->occupancy, c->modeled_seconds, c->bound);
}

static CUdeviceptr array(size_t elements) {
    CUdeviceptr pointer;
    require(cuMemAlloc_v2(&pointer, elements * 4), "cuMemAlloc");
    require(cuMemsetD8_v2(pointer, 0x3c, elements * 4), "cuMemsetD8");
    return pointer;
}

int main(void) {
    CUmodule module = module_from("rational.ptx");
    int count4 = COUNT / 4, rows = ROWS, channels = CHANNELS, count = COUNT,
        group_channels = CHANNELS / GROUPS, mask = 4095;
    CUdeviceptr x = array(COUNT), dy = array(COUNT), y = array(COUNT), num = array(GROUPS * 6),
                den = array(GROUPS * 4), dnum = array(GROUPS * 6), dden = array(GROUPS * 4),
                bins = array(4096);
    const struct {
        const char *kernel;
        unsigned grid[2], block;
        void **params;
    } launches[] = {
        {"rational_forward",
         {COUNT / 1024, 1},
         256,
         (void *[]){&x, &num, &den, &y, &count4, &channels, &group_channels}},
        {"rational_backward_tile",
         {ROWS / 64, GROUPS},
         128,
         (void *[]){&dy, &x, &num, &den, &y, &dnum, &dden, &rows, &channels, &group_channels}},
        {"rational_backward_naive",
         {COUNT / 256, 1},
         256,
         (void *[]){&dy, &x, &num, &den, &y, &dnum, &dden, &channels, &count, &group_channels}},
        {"histogram_global", {COUNT / 1024, 1}, 256, (void *[]){&x, &bins, &count, &mask}},
    };
    for (size_t i = 0; i < sizeof launches / sizeof *launches; i++) {
        CUfunction function;
        struct vgpu_counters c;
        require(cuModuleGetFunction(&function, module, launches[i].kernel), launches[i].kernel);
        require(cuLaunchKernel(function, launches[i].grid[0], launches[i].grid[1], 1, launches[i].block, 1, 1,
                               0, NULL, launches[i].params, NULL),
                launches[i].kernel);
        require(cuCtxSynchronize(), launches[i].kernel);
        vgpu_counters_read(&c, sizeof c);
        print_counters(&c);
    }
    return 0;
}
