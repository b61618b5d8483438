/* A program as one would write it for a GPU: cuda.h, linked with libcuda, nothing else. It sums rows of a
 * matrix and copies a vector, in two streams, and checks the results. */
#include <cuda.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(CUresult code, const char *call, int line) {
    if (code == CUDA_SUCCESS) {
        return;
    }
    const char *name = NULL, *text = NULL;
    cuGetErrorName(code, &name);
    cuGetErrorString(code, &text);
    fprintf(stderr, "linked.c:%d: %s: %s (%s)\n", line, call, name ? name : "?", text ? text : "?");
    exit(1);
}
#define CHECK(call) check(call, #call, __LINE__)

static void require(int truth, const char *what) {
    if (!truth) {
        fprintf(stderr, "linked.c: %s\n", what);
        exit(1);
    }
}

enum { COUNT = 4096, REDUCED = 1000, BLOCKS = 4 };

static void describe(CUdevice device) {
    char name[128];
    int version, major, minor, units, warp;
    size_t bytes;
    CUuuid uuid;
    CHECK(cuDriverGetVersion(&version));
    CHECK(cuDeviceGetName(name, sizeof name, device));
    CHECK(cuDeviceTotalMem(&bytes, device));
    CHECK(cuDeviceGetUuid(&uuid, device));
    CHECK(cuDeviceGetAttribute(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device));
    CHECK(cuDeviceGetAttribute(&minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device));
    CHECK(cuDeviceGetAttribute(&units, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, device));
    CHECK(cuDeviceGetAttribute(&warp, CU_DEVICE_ATTRIBUTE_WARP_SIZE, device));
    require(version >= 11000 && warp == 32 && bytes > 0, "the device's description makes no sense");
    printf("%s: sm_%d%d, %d multiprocessors, %zu MiB\n", name, major, minor, units, bytes >> 20);
}

/* Copies a vector by a kernel on a stream, between two events. */
static void copy_vector(CUmodule module, CUstream stream) {
    CUfunction copy;
    CUevent start, end;
    CUdeviceptr from, to;
    float *host, milliseconds;
    int count = COUNT / 4, grid, block, blocks;
    CHECK(cuModuleGetFunction(&copy, module, "copy4"));
    CHECK(cuOccupancyMaxPotentialBlockSize(&grid, &block, copy, NULL, 0, 256));
    CHECK(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, copy, block, 0));
    require(block > 0 && block <= 256 && blocks > 0, "occupancy makes no sense");
    CHECK(cuMemHostAlloc((void **)&host, COUNT * sizeof *host, CU_MEMHOSTALLOC_PORTABLE));
    CHECK(cuMemAlloc(&from, COUNT * sizeof *host));
    CHECK(cuMemAlloc(&to, COUNT * sizeof *host));
    for (int i = 0; i < COUNT; i++) {
        host[i] = (float)i * 0.25f;
    }
    CHECK(cuEventCreate(&start, CU_EVENT_DEFAULT));
    CHECK(cuEventCreate(&end, CU_EVENT_DEFAULT));
    CHECK(cuMemcpyHtoDAsync(from, host, COUNT * sizeof *host, stream));
    CHECK(cuEventRecord(start, stream));
    void *params[] = {&from, &to, &count};
    CUlaunchConfig config = {.gridDimX = 8,
                             .gridDimY = 1,
                             .gridDimZ = 1,
                             .blockDimX = 128,
                             .blockDimY = 1,
                             .blockDimZ = 1,
                             .hStream = stream};
    CHECK(cuLaunchKernelEx(&config, copy, params, NULL));
    CHECK(cuEventRecord(end, stream));
    memset(host, 0, COUNT * sizeof *host);
    CHECK(cuMemcpyDtoHAsync(host, to, COUNT * sizeof *host, stream));
    CHECK(cuStreamSynchronize(stream));
    CHECK(cuEventSynchronize(end));
    CHECK(cuEventElapsedTime(&milliseconds, start, end));
    require(milliseconds > 0, "no time passed");
    for (int i = 0; i < COUNT; i++) {
        require(host[i] == (float)i * 0.25f, "the copy differs");
    }
    CHECK(cuEventDestroy(start));
    CHECK(cuEventDestroy(end));
    CHECK(cuMemFree(from));
    CHECK(cuMemFree(to));
    CHECK(cuMemFreeHost(host));
}

static void sum_in_shared_memory(CUmodule module) {
    CUfunction reduce;
    CUdeviceptr from, to;
    int values[REDUCED], partial[BLOCKS], count = REDUCED, sum = 0, expected = 0;
    for (int i = 0; i < REDUCED; i++) {
        values[i] = i * 7 % 31;
        expected += values[i];
    }
    CHECK(cuModuleGetFunction(&reduce, module, "reduce_shared"));
    CHECK(cuFuncSetAttribute(reduce, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 64 << 10));
    CHECK(cuMemAlloc(&from, sizeof values));
    CHECK(cuMemAlloc(&to, sizeof partial));
    CHECK(cuMemsetD32(to, 0xffffffff, BLOCKS));
    CHECK(cuMemcpyHtoD(from, values, sizeof values));
    void *params[] = {&from, &count, &to};
    CHECK(cuLaunchKernel(reduce, BLOCKS, 1, 1, 256, 1, 1, 1024, NULL, params, NULL));
    CHECK(cuCtxSynchronize());
    CHECK(cuMemcpyDtoH(partial, to, sizeof partial));
    for (int i = 0; i < BLOCKS; i++) {
        sum += partial[i];
    }
    require(sum == expected, "the sum differs");
    require(cuLaunchKernel(reduce, BLOCKS, 1, 1, 2048, 1, 1, 0, NULL, params, NULL) ==
                CUDA_ERROR_INVALID_VALUE,
            "a block of 2048 threads was taken");
    CHECK(cuMemFree(from));
    CHECK(cuMemFree(to));
}

int main(int argc, char **argv) {
    CUdevice device;
    CUcontext context;
    CUmodule module;
    CUstream stream;
    int devices;
    require(argc == 2, "usage: linked MODULE.ptx");
    CHECK(cuInit(0));
    CHECK(cuDeviceGetCount(&devices));
    require(devices > 0, "no device");
    CHECK(cuDeviceGet(&device, 0));
    describe(device);
#if CUDA_VERSION >= 13000
    CHECK(cuCtxCreate(&context, NULL, 0, device));
#else
    CHECK(cuCtxCreate(&context, 0, device));
#endif
    CHECK(cuModuleLoad(&module, argv[1]));
    CHECK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
    copy_vector(module, stream);
    sum_in_shared_memory(module);
    CHECK(cuStreamDestroy(stream));
    CHECK(cuModuleUnload(module));
    CHECK(cuCtxDestroy(context));
    puts("all results are right");
    return 0;
}
