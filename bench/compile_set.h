/* Compiling many kernels on all cores: for each variant, dtype and architecture the default point, or all
 * points. */
#ifndef KATUNE_COMPILE_SET_H
#define KATUNE_COMPILE_SET_H

#include "device/cuda_arch.h"
#include "device/cuda_jit.h"
#include "options.h"

struct compile_job {
    const struct variant *variant;
    const struct cuda_arch *arch;
    struct problem problem;
    struct point point;
    bool is_default;
    /* filled by compile_set_run() */
    bool ok;
    struct error err;
    struct cuda_resources resources; /* the most that any of its kernels uses */
    double occupancy;                /* the least of any of its kernels */
    double seconds;
    bool cached;
    bool spoilt; /* the cache had it, but not whole */
};

struct compile_set {
    struct compile_job *jobs;
    int count;
};

/* The architectures as a set: bit i for cuda_arch_at(i). "sm_80,sm_90". */
bool compile_archs_parse(const char *list, unsigned *set, struct error *err);

/* The jobs that the options select; the shape is the first of --shape, else KAT's. False if a value is wrong.
 */
bool compile_set_make(struct compile_set *s, const struct options *o, unsigned archs, struct error *err);
void compile_set_free(struct compile_set *s);

/* Compiles one. */
bool compile_job(struct compile_job *job, struct nvrtc *n);

/* Compiles all. `emit`: "ptx" or "cubin", written to the folder, or NULL. False if a file cannot be written.
 */
bool compile_set_run(struct compile_set *s, struct nvrtc *n, const char *emit, const char *folder,
                     struct error *err);

#endif
