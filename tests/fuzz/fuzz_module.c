/* fuzz_module: libFuzzer's way into the virtual GPU. The input is the text of a PTX module; it is loaded and,
 * in the second program (FUZZ_LAUNCH), every kernel in it is run for a few thousand instructions. Whatever
 * the text says, the driver has to answer with a code: no crash, no hang, no leak. */
#include <stdlib.h>
#include <string.h>

#include "cuda_abi.h"

CUresult cuInit(unsigned flags);
CUresult cuCtxCreate_v2(CUcontext *context, unsigned flags, CUdevice device);
CUresult cuCtxDestroy_v2(CUcontext context);
CUresult cuModuleLoadData(CUmodule *module, const void *image);
CUresult cuModuleUnload(CUmodule module);
CUresult cuModuleGetFunctionCount(unsigned *count, CUmodule module);
CUresult cuModuleEnumerateFunctions(CUfunction *functions, unsigned count, CUmodule module);
CUresult cuMemAlloc_v2(CUdeviceptr *pointer, size_t bytes);
CUresult cuLaunchKernel(CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                        unsigned bz, unsigned shared, CUstream stream, void **params, void **extra);

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);
size_t LLVMFuzzerMutate(uint8_t *data, size_t bytes, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t most, unsigned seed);

static CUcontext context;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
#ifdef FUZZ_LAUNCH
    setenv("VGPU_DEVICE", "t4", 1); /* the smallest caches to set up */
#else
    setenv("VGPU_DEVICE", "b200", 1);
#endif
    setenv("VGPU_THREADS", "1", 1);
    setenv("VGPU_LIMIT", "4000", 1);
    setenv("VGPU_REPORT", "/dev/null", 1);
    setenv("VGPU_CHECK", "init,race,sync", 1);
    if (cuInit(0) || cuCtxCreate_v2(&context, 0, 0)) {
        abort();
    }
    return 0;
}

#ifdef FUZZ_LAUNCH
enum { MOST_KERNELS = 4, PARAM_BYTES = 32768 };

/* Every parameter is a pointer to the same small allocation. */
static void launch_all(CUmodule module) {
    static CUdeviceptr params[PARAM_BYTES / sizeof(CUdeviceptr)];
    CUfunction functions[MOST_KERNELS];
    unsigned count = 0;
    size_t bytes = sizeof params;
    if (cuModuleGetFunctionCount(&count, module) || !count) {
        return;
    }
    count = count < MOST_KERNELS ? count : MOST_KERNELS;
    CUdeviceptr array;
    if (cuModuleEnumerateFunctions(functions, count, module) || cuMemAlloc_v2(&array, 4096)) {
        abort();
    }
    for (size_t i = 0; i < sizeof params / sizeof *params; i++) {
        params[i] = array;
    }
    void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, params, CU_LAUNCH_PARAM_BUFFER_SIZE, &bytes,
                     CU_LAUNCH_PARAM_END};
    for (unsigned i = 0; i < count; i++) {
        cuLaunchKernel(functions[i], 2, 1, 1, 40, 1, 1, 64, NULL, NULL, extra);
    }
}
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    char *text = malloc(bytes + 1); /* of the exact size, so that reading past the end shows */
    if (!text) {
        return 0;
    }
    memcpy(text, data, bytes);
    text[bytes] = 0;
    CUmodule module;
    if (cuModuleLoadData(&module, text) == CUDA_SUCCESS) {
#ifdef FUZZ_LAUNCH
        launch_all(module);
        /* a kernel may have poisoned the context */
        if (cuCtxDestroy_v2(context) || cuCtxCreate_v2(&context, 0, 0)) {
            abort();
        }
#else
        if (cuModuleUnload(module)) {
            abort();
        }
#endif
    }
    free(text);
    return 0;
}

/* ---- mutations that know of lines: a module that still parses gets further than one that does not ---- */

struct span {
    size_t start, length;
};

static uint32_t next_random(uint32_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static struct span line_at(const uint8_t *data, size_t bytes, size_t at) {
    size_t start = at, end = at;
    while (start && data[start - 1] != '\n') {
        start--;
    }
    while (end < bytes && data[end] != '\n') {
        end++;
    }
    return (struct span){start, (end < bytes ? end + 1 : end) - start};
}

/* A word of the text: from one separator to the next. */
static struct span word_at(const uint8_t *data, size_t bytes, size_t at) {
    static const char separators[] = " \t\n,;[](){}";
    size_t start = at, end = at;
    while (start && !strchr(separators, data[start - 1])) {
        start--;
    }
    while (end < bytes && data[end] && !strchr(separators, data[end])) {
        end++;
    }
    return (struct span){start, end - start};
}

/* Puts a copy of one span in place of another. */
static size_t replace(uint8_t *data, size_t bytes, size_t most, struct span to, struct span from) {
    uint8_t piece[512];
    if (from.length > sizeof piece || bytes - to.length + from.length > most) {
        return bytes;
    }
    memcpy(piece, data + from.start, from.length);
    memmove(data + to.start + from.length, data + to.start + to.length, bytes - to.start - to.length);
    memcpy(data + to.start, piece, from.length);
    return bytes - to.length + from.length;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t most, unsigned seed) {
    uint32_t state = seed * 2654435761u | 1;
    const uint32_t kind = next_random(&state) % 8;
    if (bytes < 8 || kind < 2) {
        return LLVMFuzzerMutate(data, bytes, most);
    }
    const size_t a = next_random(&state) % bytes, b = next_random(&state) % bytes;
    switch (kind) {
    case 2: return replace(data, bytes, most, line_at(data, bytes, a), (struct span){0, 0});
    case 3: /* one line once more, before another */
        return replace(data, bytes, most, (struct span){line_at(data, bytes, a).start, 0},
                       line_at(data, bytes, b));
    case 4: return replace(data, bytes, most, line_at(data, bytes, a), line_at(data, bytes, b));
    default: return replace(data, bytes, most, word_at(data, bytes, a), word_at(data, bytes, b));
    }
}
