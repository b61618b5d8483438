/* A program that opens the driver at run time, by the path it is given, and gets every function from
 * cuGetProcAddress for the version of CUDA that it was written for. It fills a histogram. */
#include <cudaTypedefs.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static PFN_cuGetProcAddress_v12000 get;

static void fail(const char *what, int code) {
    fprintf(stderr, "opened.c: %s: %d\n", what, code);
    exit(1);
}

static void *function(const char *name) {
    void *found = NULL;
    CUdriverProcAddressQueryResult status;
    const CUresult code = get(name, &found, 12000, CU_GET_PROC_ADDRESS_DEFAULT, &status);
    if (code || status != CU_GET_PROC_ADDRESS_SUCCESS || !found) {
        fail(name, (int)code);
    }
    return found;
}

static void check(CUresult code, const char *what) {
    if (code) {
        fail(what, (int)code);
    }
}

static char *text_of(const char *path) {
    FILE *const file = fopen(path, "rb");
    char *const text = calloc(1, 1 << 20);
    if (!file || !text || !fread(text, 1, (1 << 20) - 1, file)) {
        fail(path, 0);
    }
    fclose(file);
    return text;
}

enum { COUNT = 3000, BINS = 256 };

int main(int argc, char **argv) {
    if (argc != 3) {
        fail("usage: opened DRIVER MODULE.ptx", 0);
    }
    void *const library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fail(dlerror(), 0);
    }
    get = (PFN_cuGetProcAddress_v12000)dlsym(library, "cuGetProcAddress_v2");
    if (!get) {
        fail("cuGetProcAddress_v2", 0);
    }
    CUdevice device;
    CUcontext context;
    CUlibrary code;
    CUkernel kernel;
    CUdeviceptr from, to;
    unsigned char x[COUNT];
    unsigned bins[BINS], expected[BINS] = {0};
    int count = COUNT;
    for (int i = 0; i < COUNT; i++) {
        x[i] = (unsigned char)(i * i % 251);
        expected[x[i]]++;
    }
    char *const text = text_of(argv[2]);
    check(((PFN_cuInit_v2000)function("cuInit"))(0), "cuInit");
    check(((PFN_cuDeviceGet_v2000)function("cuDeviceGet"))(&device, 0), "cuDeviceGet");
    /* of version 12.0: it has no parameter for options of newer ones */
    check(((PFN_cuCtxCreate_v11040)function("cuCtxCreate"))(&context, NULL, 0, 0, device) ==
                  CUDA_ERROR_NOT_SUPPORTED
              ? CUDA_SUCCESS
              : CUDA_ERROR_UNKNOWN,
          "cuCtxCreate with affinity should not be supported");
    check(((PFN_cuDevicePrimaryCtxRetain_v7000)function("cuDevicePrimaryCtxRetain"))(&context, device),
          "retain");
    check(((PFN_cuCtxPushCurrent_v4000)function("cuCtxPushCurrent"))(context), "push");
    check(((PFN_cuLibraryLoadData_v12000)function("cuLibraryLoadData"))(&code, text, NULL, NULL, 0, NULL,
                                                                        NULL, 0),
          "load");
    check(((PFN_cuLibraryGetKernel_v12000)function("cuLibraryGetKernel"))(&kernel, code, "histogram"),
          "kernel");
    check(((PFN_cuMemAlloc_v3020)function("cuMemAlloc"))(&from, sizeof x), "cuMemAlloc");
    check(((PFN_cuMemAlloc_v3020)function("cuMemAlloc"))(&to, sizeof bins), "cuMemAlloc");
    check(((PFN_cuMemcpyHtoD_v3020)function("cuMemcpyHtoD"))(from, x, sizeof x), "cuMemcpyHtoD");
    check(((PFN_cuMemsetD8_v3020)function("cuMemsetD8"))(to, 0, sizeof bins), "cuMemsetD8");
    void *params[] = {&from, &count, &to};
    /* a kernel's handle is taken in place of a function's */
    check(((PFN_cuLaunchKernel_v4000)function("cuLaunchKernel"))((CUfunction)kernel, 3, 1, 1, 160, 1, 1, 0,
                                                                 NULL, params, NULL),
          "cuLaunchKernel");
    check(((PFN_cuCtxSynchronize_v2000)function("cuCtxSynchronize"))(), "cuCtxSynchronize");
    check(((PFN_cuMemcpyDtoH_v3020)function("cuMemcpyDtoH"))(bins, to, sizeof bins), "cuMemcpyDtoH");
    for (int i = 0; i < BINS; i++) {
        if (bins[i] != expected[i]) {
            fail("the histogram differs in bin", i);
        }
    }
    check(((PFN_cuMemFree_v3020)function("cuMemFree"))(from), "cuMemFree");
    check(((PFN_cuMemFree_v3020)function("cuMemFree"))(to), "cuMemFree");
    check(((PFN_cuLibraryUnload_v12000)function("cuLibraryUnload"))(code), "unload");
    check(((PFN_cuDevicePrimaryCtxRelease_v11000)function("cuDevicePrimaryCtxRelease"))(device), "release");
    free(text);
    puts("all results are right");
    return 0;
}
