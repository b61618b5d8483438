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
