/* NVRTC, NVIDIA's run-time compiler, loaded where it is found. */
#ifndef KATUNE_NVRTC_H
#define KATUNE_NVRTC_H

#include <stdatomic.h>
#include <stddef.h>

#include "../error.h"
#include "cuda_functions.h"

#ifndef __NVRTC_H__ /* nvrtc.h was not included before */
#define TYPE(name, representation) typedef representation name;
NVRTC_TYPES(TYPE)
#undef TYPE
#endif

enum { NVRTC_VARIANTS_MAX = 512 };

struct nvrtc {
    void *library;
    char path[512];
    char headers[512]; /* the folder of the toolkit's headers that belong to it; "": there is none */
    int major, minor;
#define DECLARE(name, parameters) nvrtcResult(*name) parameters;
    NVRTC_FUNCTIONS(DECLARE)
#undef DECLARE
    /* For cuda_jit.c, which looks once for what the kernels of each variant of the registry are made of. */
    atomic_uint params_compiled[NVRTC_VARIANTS_MAX];
};

/* Looks in KATUNE_CUDA_HOME if it is set, and only there; else where `katune get-nvrtc` puts it, where the
   dynamic linker looks, in toolkits below /usr/local and /opt, and in Python's wheels. The newest of a place
   is taken. False, and how to get it, if there is none. It stays loaded to the end of the process: it does
   not like to be unloaded. */
bool nvrtc_open(struct nvrtc *n, struct error *err);

/* Whether it compiles for a compute capability (90). */
bool nvrtc_supports(const struct nvrtc *n, int sm);
/* The same, and what to do where it does not. */
bool nvrtc_require(const struct nvrtc *n, int sm, struct error *err);

#endif
