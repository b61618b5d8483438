/* What a compute capability fixes, for compiling and judging kernels without a GPU of it. */
#ifndef KATUNE_CUDA_ARCH_H
#define KATUNE_CUDA_ARCH_H

#include "cuda_jit.h"
#include "device.h"

struct cuda_arch {
    int sm;
    int warps, blocks;   /* a multiprocessor holds at most */
    int shared;          /* bytes of shared memory of a multiprocessor */
    int shared_block;    /* of a block at most */
    int shared_reserved; /* bytes that each block takes besides its own */
    int units;           /* multiprocessors of a typical device */
    /* Results of a multiprocessor in a clock: float32 multiply-adds, 16-bit ones two at a time, loads and
       stores; bf16 multiply-adds of its tensor units (f16 on 7.5). */
    int fma, half, lsu, tensor;
};

/* NULL past the last; they are in order. */
const struct cuda_arch *cuda_arch_at(int i);
/* The newest that is not newer; the oldest for what is older than all. */
const struct cuda_arch *cuda_arch_near(int sm);

/* A device of it, for reject() and launch(). */
struct device_info cuda_arch_device(const struct cuda_arch *a);

/* The warps that a multiprocessor holds of blocks of this size and use, over those it could: 0..1. Registers
   are given out in units of 256 for each warp. */
double cuda_occupancy(const struct cuda_arch *a, const struct cuda_resources *r, int block,
                      int dynamic_shared);

#endif
