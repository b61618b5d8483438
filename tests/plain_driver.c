/* plain_driver: the virtual GPU in a real driver's place, for tests on machines without a GPU. It has the
   functions of CUDA's driver that katune calls and nothing of the virtual GPU's own, so katune takes it for
   NVIDIA's: it times by events, reads clocks from NVML and loads machine code. The virtual GPU executes PTX;
   for machine code this library finds the PTX that was compiled with it in katune's cache (KATUNE_CACHE). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/cuda_api.h"

static void *function_of(const char *name) {
    static void *library;
    if (!library) library = dlopen(VGPU_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    return library ? dlsym(library, name) : NULL;
}

/* dlsym() of a name gives the virtual GPU's function itself. */
#define FORWARD(name, parameters)                                                                            \
    __attribute__((unused)) static CUresult(*resolve_##name(void)) parameters {                              \
        CUresult(*function) parameters;                                                                      \
        void *const found = function_of(#name);                                                              \
        memcpy(&function, &found, sizeof found);                                                             \
        return function;                                                                                     \
    }                                                                                                        \
    CUresult name parameters __attribute__((ifunc("resolve_" #name)));
#define cuModuleLoadData unused_cuModuleLoadData
CUDA_FUNCTIONS(FORWARD)
#undef cuModuleLoadData

CUresult cuModuleLoadData(CUmodule *module, const void *image);

/* The PTX in an entry of the cache, if its machine code is the image; the caller frees it. */
static char *entry_ptx(const char *path, const void *image) {
    size_t ptx_size, cubin_size;
    char line[256], *ptx = NULL, *cubin = NULL;
    FILE *const f = fopen(path, "rb");
    if (!f) return NULL;
    if (fgets(line, sizeof line, f) && sscanf(line, "katune-cuda/1 %zu %zu", &ptx_size, &cubin_size) == 2 &&
        (ptx = calloc(ptx_size + 1, 1)) && (cubin = calloc(cubin_size + 1, 1)) &&
        fread(ptx, 1, ptx_size, f) == ptx_size && fread(cubin, 1, cubin_size, f) == cubin_size &&
        memcmp(cubin, image, cubin_size) == 0) {
        free(cubin);
        fclose(f);
        return ptx;
    }
    free(cubin);
    free(ptx);
    fclose(f);
    return NULL;
}

CUresult cuModuleLoadData(CUmodule *module, const void *image) {
    enum { INVALID_IMAGE = 200 };
    CUresult (*load)(CUmodule *, const void *);
    void *const found = function_of("cuModuleLoadData");
    char pattern[600];
    glob_t entries;
    memcpy(&load, &found, sizeof load);
    snprintf(pattern, sizeof pattern, "%s/*.bin", getenv("KATUNE_CACHE"));
    CUresult code = INVALID_IMAGE;
    if (memcmp(image, "\177ELF", 4) != 0 || glob(pattern, 0, NULL, &entries)) return code;
    for (size_t i = 0; i < entries.gl_pathc; i++) {
        char *const ptx = entry_ptx(entries.gl_pathv[i], image);
        if (!ptx) continue;
        code = load(module, ptx);
        free(ptx);
        break;
    }
    globfree(&entries);
    return code;
}
