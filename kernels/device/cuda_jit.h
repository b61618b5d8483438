/* Compiling a CUDA variant: its embedded source, with the problem's attributes and the point's parameters as
   definitions, for one architecture. */
#ifndef KATUNE_CUDA_JIT_H
#define KATUNE_CUDA_JIT_H

#include "../variant.h"
#include "nvrtc.h"

/* What the compiler made. */
struct cuda_binary {
    char *ptx;   /* ends in a zero */
    void *cubin; /* for the architecture itself */
    char *log;   /* of the compiler and of ptxas -v */
    size_t ptx_size, cubin_size, log_size;
    double seconds; /* that compiling took, also where it was long ago */
    bool cached;    /* it came from the cache */
    bool spoilt;    /* the cache had it, but not whole: it was made anew */
};

/* What a kernel uses, as ptxas tells. */
struct cuda_resources {
    int registers; /* of a thread */
    int shared;    /* static bytes of a block */
    int stack;     /* bytes of a thread */
    int spill;     /* bytes stored and loaded for want of registers */
};

/* From the cache, or by NVRTC. False and the compiler's first complaint on failure. */
bool cuda_compile(struct nvrtc *n, const struct variant *v, const struct problem *p, const struct point *pt,
                  int sm, struct cuda_binary *b, struct error *err);
void cuda_binary_free(struct cuda_binary *b);

/* Of one kernel; NULL: the largest value of each over all kernels. False if the log does not tell. */
bool cuda_resources_read(const char *log, const char *function, struct cuda_resources *r);

#endif
