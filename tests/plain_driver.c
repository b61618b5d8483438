/* plain_driver: the virtual GPU in a real driver's place, for tests on machines without a GPU. It has the
   functions of CUDA's driver that katune calls and nothing of the virtual GPU's own, so katune takes it for
   NVIDIA's: it times by events, reads clocks from NVML and loads machine code. The virtual GPU executes PTX;
   for machine code this library finds the PTX that was compiled with it in katune's cache (KATUNE_CACHE). The
   virtual GPU runs a launch at once, so nothing waits in its streams; where a real stream would wait for
   ever, this one fails: told to wait, and synchronized before the word was written, or filled beyond its
   queue. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <glob.h>
#include <stdint.h>
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
#define cuStreamWaitValue32_v2 unused_cuStreamWaitValue32_v2
#define cuStreamSynchronize unused_cuStreamSynchronize
#define cuLaunchKernel unused_cuLaunchKernel
CUDA_FUNCTIONS(FORWARD)
#undef cuModuleLoadData
#undef cuStreamWaitValue32_v2
#undef cuStreamSynchronize
#undef cuLaunchKernel
#define DECLARE(name, parameters) CUresult name parameters;
CUDA_FUNCTIONS(DECLARE)

enum { QUEUE = 1024, LAUNCH_FAILED = 719 };

static struct {
    volatile cuuint32_t *word;
    cuuint32_t value;
    int launches;
} wait;

CUresult cuStreamWaitValue32_v2(CUstream stream, CUdeviceptr word, cuuint32_t value, unsigned flags) {
    (void)stream;
    wait.word = (volatile cuuint32_t *)(uintptr_t)word;
    wait.value = value;
    wait.launches = 0;
    return flags == CUDA_WAIT_AT_LEAST ? CUDA_OK : LAUNCH_FAILED;
}

static bool waits(void) {
    return wait.word && (int)(*wait.word - wait.value) < 0;
}

CUresult cuStreamSynchronize(CUstream stream) {
    return waits() ? LAUNCH_FAILED : resolve_cuStreamSynchronize()(stream);
}

CUresult cuLaunchKernel(CUfunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned x,
                        unsigned y, unsigned z, unsigned shared, CUstream stream, void **parameters,
                        void **extra) {
    if (waits() && ++wait.launches > QUEUE) return LAUNCH_FAILED;
    return resolve_cuLaunchKernel()(function, grid_x, grid_y, grid_z, x, y, z, shared, stream, parameters,
                                    extra);
}

/* An image's length is not known here: nothing is read past the first byte that differs. */
static bool begins_with(const char *image, const char *cubin, size_t size) {
    size_t same = 0;
    while (same < size && image[same] == cubin[same]) same++;
    return same == size;
}

/* The PTX in an entry of the cache, if its machine code is the image; the caller frees it. */
static char *entry_ptx(const char *path, const void *image) {
    size_t ptx_size, cubin_size;
    char line[256], *ptx = NULL, *cubin = NULL;
    FILE *const f = fopen(path, "rb");
    if (!f) return NULL;
    if (fgets(line, sizeof line, f) && sscanf(line, "katune-cuda/1 %zu %zu", &ptx_size, &cubin_size) == 2 &&
        (ptx = calloc(ptx_size + 1, 1)) && (cubin = calloc(cubin_size + 1, 1)) &&
        fread(ptx, 1, ptx_size, f) == ptx_size && fread(cubin, 1, cubin_size, f) == cubin_size &&
        begins_with(image, cubin, cubin_size)) {
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
