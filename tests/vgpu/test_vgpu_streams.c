/* The Driver API of the virtual GPU: streams and events, calls of the host, libraries, looking functions up.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "device.h"
#include "driver.h"

Test(streams, streams_and_events) {
    device_open(NULL);
    CUmodule module = device_module_from("ptx/api.ptx");
    CUfunction plain;
    cr_assert_eq(cuModuleGetFunction(&plain, module, "plain"), 0);
    CUdeviceptr p = device_array(NULL, 4);
    CUstream a, b;
    CUevent start, end, untimed;
    float launch_time, both;
    unsigned flags;
    cr_assert_eq(cuStreamCreate(&a, CU_STREAM_NON_BLOCKING), 0);
    cr_assert_eq(cuStreamCreate(&b, 99), CUDA_ERROR_INVALID_VALUE);
    cr_assert_eq(cuStreamCreate(&b, 0), 0);
    cr_assert_eq(cuStreamGetFlags(a, &flags), 0);
    cr_assert_eq(flags, CU_STREAM_NON_BLOCKING);
    cr_assert_eq(cuEventCreate(&start, 0), 0);
    cr_assert_eq(cuEventCreate(&end, 0), 0);
    cr_assert_eq(cuEventCreate(&untimed, CU_EVENT_DISABLE_TIMING), 0);
    cr_assert_eq(cuEventElapsedTime(&both, start, end), CUDA_ERROR_INVALID_HANDLE, "not recorded yet");
    void *params[] = {&p};
    cr_assert_eq(cuEventRecord(start, a), 0);
    cr_assert_eq(cuLaunchKernel(plain, 1, 1, 1, 32, 1, 1, 0, a, params, NULL), 0);
    cr_assert_eq(cuEventRecord(end, a), 0);
    cr_assert_eq(cuEventElapsedTime(&launch_time, start, end), 0);
    struct vgpu_counters counters;
    cr_assert_eq(vgpu_counters_read(&counters, sizeof counters), 0);
    cr_assert_float_eq(launch_time, 1e3 * counters.modeled_seconds, 1e-9, "%g", (double)launch_time);
    cr_assert_gt(launch_time, 0);
    /* work in one stream takes no time of another that does not wait for it */
    cr_assert_eq(cuEventRecord(start, b), 0);
    cr_assert_eq(cuLaunchKernel(plain, 1, 1, 1, 32, 1, 1, 0, a, params, NULL), 0);
    cr_assert_eq(cuEventRecord(end, b), 0);
    cr_assert_eq(cuEventElapsedTime(&both, start, end), 0);
    cr_assert_eq(both, 0);
    cr_assert_eq(cuEventRecord(untimed, a), 0);
    cr_assert_eq(cuStreamWaitEvent(b, untimed, 0), 0);
    cr_assert_eq(cuEventRecord(end, b), 0);
    cr_assert_eq(cuEventElapsedTime(&both, start, end), 0);
    cr_assert_gt(both, launch_time);
    cr_assert_eq(cuEventElapsedTime(&both, start, untimed), CUDA_ERROR_INVALID_HANDLE);
    cr_assert_eq(cuStreamDestroy_v2(a), 0);
    cr_assert_eq(cuStreamSynchronize(a), CUDA_ERROR_INVALID_HANDLE);
    cr_assert_eq(cuLaunchKernel(plain, 1, 1, 1, 32, 1, 1, 0, a, params, NULL), CUDA_ERROR_INVALID_HANDLE);
    cr_assert_eq(cuEventRecord(end, a), CUDA_ERROR_INVALID_HANDLE);
    cr_assert_eq(cuEventDestroy_v2(end), 0);
    cr_assert_eq(cuEventDestroy_v2(end), CUDA_ERROR_INVALID_HANDLE);
    cr_assert_eq(cuEventSynchronize(end), CUDA_ERROR_INVALID_HANDLE);
}

static int calls;

static void count_call(void *data) {
    calls += *(int *)data;
}

Test(streams, host_functions_libraries_and_look_up) {
    device_open(NULL);
    int three = 3;
    cr_assert_eq(cuLaunchHostFunc(NULL, count_call, &three), 0);
    cr_assert_eq(calls, 3);
    CUlibrary library;
    CUkernel kernel;
    CUfunction f;
    char *ptx = device_text("ptx/api.ptx");
    cr_assert_eq(cuLibraryLoadData(&library, ptx, NULL, NULL, 0, NULL, NULL, 0), 0);
    free(ptx);
    cr_assert_eq(cuLibraryGetKernel(&kernel, library, "plain"), 0);
    cr_assert_eq(cuKernelGetFunction(&f, kernel), 0);
    CUdeviceptr p = device_array(NULL, 4);
    cr_assert_eq(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, (void *[]){&p}, NULL), 0);
    cr_assert_eq(cuLibraryUnload(library), 0);
    cr_assert_eq(cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, NULL, (void *[]){&p}, NULL),
                 CUDA_ERROR_INVALID_HANDLE);
    const char *text;
    cr_assert_eq(cuGetErrorName(CUDA_ERROR_LAUNCH_TIMEOUT, &text), 0);
    cr_assert_str_eq(text, "CUDA_ERROR_LAUNCH_TIMEOUT");
    cr_assert_eq(cuGetErrorString((CUresult)12345, &text), CUDA_ERROR_INVALID_VALUE);
    void *found;
    CUdriverProcAddressQueryResult status;
    static const struct {
        const char *name;
        int version;
        void *expected;
    } names[] = {
        {"cuMemAlloc", 12000, (void *)(uintptr_t)&cuMemAlloc_v2},
        {"cuCtxCreate", 11000, (void *)(uintptr_t)&cuCtxCreate_v2},
        {"cuCtxCreate", 13000, (void *)(uintptr_t)&cuCtxCreate_v4},
        {"cuCtxSynchronize", 12000, (void *)(uintptr_t)&cuCtxSynchronize},
        {"cuGetProcAddress", 11030, (void *)(uintptr_t)&cuGetProcAddress},
        {"cuGetProcAddress", 12000, (void *)(uintptr_t)&cuGetProcAddress_v2},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cr_assert_eq(cuGetProcAddress_v2(names[i].name, &found, names[i].version, 0, &status), 0);
        cr_assert_eq(found, names[i].expected, "%s", names[i].name);
    }
    cr_assert_eq(cuGetProcAddress_v2("cuNothing", &found, 12000, 0, &status), CUDA_ERROR_NOT_FOUND);
    cr_assert_eq(status, CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND);
    cr_assert_eq(cuGetProcAddress_v2("vgpu_findings", &found, 12000, 0, &status), CUDA_ERROR_NOT_FOUND);
    cr_assert_eq(cuMemAllocManaged(&p, 4, 1), CUDA_ERROR_NOT_SUPPORTED);
}
