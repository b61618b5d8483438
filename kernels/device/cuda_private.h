/* A GPU of the CUDA driver as cuda.c and cuda_kernel.c see it. */
#ifndef KATUNE_CUDA_PRIVATE_H
#define KATUNE_CUDA_PRIVATE_H

#include "../registry.h"
#include "cuda.h"
#include "cuda_api.h"
#include "cuda_jit.h"
#include "cuda_virtual.h"
#include "nvml.h"

#include <stdatomic.h>
#include <string.h>

/* What a stream waits at, cuda_gate.h. */
struct cuda_gate {
    _Atomic uint32_t *word;
    uint32_t turn; /* the stream goes on when the word is this */
    bool off, unusable;
};

struct cuda {
    struct device device;
    struct device_info info;
    struct cuda_api api;
    struct cuda_virtual virtual;
    struct nvrtc nvrtc;
    bool has_nvrtc;
    struct error no_nvrtc; /* why there is none */
    CUdevice ordinal;
    int driver_major; /* CUDA's version that the driver is of */
    CUcontext context;
    CUstream stream;
    CUevent begin, end;
    struct cuda_gate gate;
    bool failed;
    struct error failure; /* the first since it was last asked for */
    enum { NVML_NOT_TRIED, NVML_THERE, NVML_MISSING } nvml_status;
    struct nvml nvml;
    struct error no_nvml; /* why there is none */
};

struct kernel {
    const struct variant *variant;
    struct problem problem;
    struct launch launch;
    CUmodule module;
    CUfunction function[LAUNCH_STEPS_MAX];
    CUdeviceptr scratch;
    bool ran;                /* all of it is on the device */
    struct cuda_tally tally; /* of the last call, on a virtual GPU */
};

static inline struct cuda *cuda_of(const struct device *d) {
    return (struct cuda *)d;
}

static inline CUdeviceptr cuda_address(const void *memory) {
    return (CUdeviceptr)(uintptr_t)memory;
}

/* True if the code is CUDA_OK; else notes the failure, unless one is noted already, and returns false. */
bool cuda_succeeded(struct cuda *c, CUresult code, const char *call, const char *file, int line);

/* Calls the driver; false, and the failure noted with its line, if that fails. */
#define CALL(c, name, ...)                                                                                   \
    cuda_succeeded(c, (c)->api.name(__VA_ARGS__), #name, strrchr("/" __FILE__, '/') + 1, __LINE__)

struct kernel *cuda_prepare(struct device *d, const struct variant *v, const struct problem *p,
                            const struct point *pt, struct error *err);
void cuda_release(struct device *d, struct kernel *k);

#endif
