/* What the faulty CUDA variants share: a thread an element, and the kernel as text. */
#ifndef SILU_FWD_CUDA_H
#define SILU_FWD_CUDA_H

#include "variant.h"

/* The kernel `name` with the parameters of kernels/cuda/args.cuh; `i` is the thread's element. */
#define KERNEL(name, ...)                                                                                    \
    "extern \"C\" __global__ void " #name "(const float *x, float *y, long long rows, void *scratch) {"      \
    "long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;"                                        \
    "if (i < rows * CHANNELS) { " #__VA_ARGS__ "; } }"

static inline void launch_elements(const struct problem *p, const struct point *pt,
                                   const struct device_info *d, struct launch *l) {
    enum { BLOCK = 128 };
    (void)pt, (void)d;
    l->steps = 1;
    l->step[0].grid[0] = (unsigned)((problem_elements(p) + BLOCK - 1) / BLOCK);
    l->step[0].block[0] = BLOCK;
}

#endif
