/* The Driver API of the virtual GPU: codes of errors, contexts, modules, launches. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "driver.h"

static CUfunction function_of(CUmodule module, const char *name) {
    CUfunction f;
    cr_assert_eq(cuModuleGetFunction(&f, module, name), 0);
    return f;
}

static CUresult launch(CUfunction f, unsigned grid, unsigned block, unsigned shared, void **params) {
    return cuLaunchKernel(f, grid, 1, 1, block, 1, 1, shared, NULL, params, NULL);
}

Test(api, nothing_works_before_init) {
    CUdevice device;
    CUdeviceptr p;
    CUcontext context;
    int count;
    cr_assert_eq(cuDeviceGetCount(&count), CUDA_ERROR_NOT_INITIALIZED);
    cr_assert_eq(cuDeviceGet(&device, 0), CUDA_ERROR_NOT_INITIALIZED);
    cr_assert_eq(cuMemAlloc_v2(&p, 4), CUDA_ERROR_NOT_INITIALIZED);
    cr_assert_eq(cuCtxGetCurrent(&context), CUDA_ERROR_NOT_INITIALIZED);
    cr_assert_eq(cuInit(1), CUDA_ERROR_INVALID_VALUE);
    cr_assert_eq(cuInit(0), 0);
    cr_assert_eq(cuMemAlloc_v2(&p, 4), CUDA_ERROR_INVALID_CONTEXT);
}

static void expect_refused(const char *name, const char *value) {
    setenv(name, value, 1);
    cr_assert_eq(cuInit(0), CUDA_ERROR_INVALID_DEVICE, "%s=%s", name, value);
    cr_assert(strstr(vgpu_last_error(), name) && strstr(vgpu_last_error(), "expected"), "%s",
              vgpu_last_error());
    unsetenv(name);
}

Test(api, environment_is_checked) {
    expect_refused("VGPU_DEVICE", "h100");
    expect_refused("VGPU_DEVICE", "t4,,l4");
    expect_refused("VGPU_CHECK", "races");
    expect_refused("VGPU_THREADS", "0");
    expect_refused("VGPU_THREADS", "2x");
    expect_refused("VGPU_LIMIT", "-1");
    expect_refused("VGPU_ORDER", "random");
    setenv("VGPU_DEVICE", "t4,b200", 1);
    cr_assert_eq(cuInit(0), 0);
    int count, major;
    char name[64];
    cr_assert_eq(cuDeviceGetCount(&count), 0);
    cr_assert_eq(count, 2);
    cr_assert_eq(cuDeviceGetAttribute(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 1), 0);
    cr_assert_eq(major, 10);
    cr_assert_eq(cuDeviceGetName(name, sizeof name, 0), 0);
    cr_assert(strstr(name, "T4"), "%s", name);
    cr_assert_eq(cuDeviceGet(&count, 2), CUDA_ERROR_INVALID_DEVICE);
    CUuuid a, b;
    cr_assert_eq(cuDeviceGetUuid_v2(&a, 0), 0);
    cr_assert_eq(cuDeviceGetUuid_v2(&b, 1), 0);
    cr_assert_neq(memcmp(&a, &b, sizeof a), 0);
    CUdevice device;
    char id[16];
    cr_assert_eq(cuDeviceGetPCIBusId(id, sizeof id, 1), 0);
    cr_assert_eq(cuDeviceGetByPCIBusId(&device, id), 0);
    cr_assert_eq(device, 1);
}

Test(api, contexts_are_a_stack) {
    cr_assert_eq(cuInit(0), 0);
    CUcontext a, b, primary, c;
    CUdeviceptr p;
    unsigned flags;
    int active;
    cr_assert_eq(cuCtxCreate_v2(&a, 0, 0), 0);
    cr_assert_eq(cuCtxCreate_v2(&b, 0, 0), 0);
    cr_assert_eq(cuCtxGetCurrent(&c), 0);
    cr_assert_eq(c, b);
    cr_assert_eq(cuCtxPopCurrent_v2(&c), 0);
    cr_assert_eq(c, b);
    cr_assert_eq(cuCtxGetCurrent(&c), 0);
    cr_assert_eq(c, a);
    cr_assert_eq(cuCtxPushCurrent_v2(b), 0);
    cr_assert_eq(cuMemAlloc_v2(&p, 100), 0);
    cr_assert_eq(cuCtxDestroy_v2(b), 0);
    cr_assert_eq(cuCtxDestroy_v2(b), CUDA_ERROR_INVALID_CONTEXT);
    cr_assert_eq(cuCtxPushCurrent_v2(b), CUDA_ERROR_INVALID_CONTEXT);
    cr_assert_eq(cuCtxGetCurrent(&c), 0);
    cr_assert_eq(c, a);
    cr_assert_eq(cuMemFree_v2(p), CUDA_ERROR_INVALID_VALUE, "it went with its context");
    cr_assert_eq(cuDevicePrimaryCtxGetState(0, &flags, &active), 0);
    cr_assert_eq(active, 0);
    cr_assert_eq(cuDevicePrimaryCtxRetain(&primary, 0), 0);
    cr_assert_eq(cuDevicePrimaryCtxRetain(&c, 0), 0);
    cr_assert_eq(c, primary);
    cr_assert_eq(cuCtxDestroy_v2(primary), CUDA_ERROR_INVALID_CONTEXT);
    cr_assert_eq(cuDevicePrimaryCtxRelease_v2(0), 0);
    cr_assert_eq(cuCtxSetCurrent(primary), 0);
    cr_assert_eq(cuDevicePrimaryCtxRelease_v2(0), 0);
    cr_assert_eq(cuDevicePrimaryCtxRelease_v2(0), CUDA_ERROR_INVALID_CONTEXT);
    cr_assert_eq(cuMemAlloc_v2(&p, 100), CUDA_ERROR_INVALID_CONTEXT, "the current context is gone");
    cr_assert_eq(cuCtxSetCurrent(NULL), 0);
    cr_assert_eq(cuCtxSetCurrent(a), 0);
    cr_assert_eq(cuCtxDestroy_v2(a), 0);
}

Test(api, a_fault_poisons_its_context_and_no_other) {
    device_open(NULL);
    CUmodule module = device_module_from("ptx/api.ptx");
    CUdeviceptr nowhere = 16, p;
    cr_assert_eq(launch(function_of(module, "plain"), 1, 32, 0, (void *[]){&nowhere}), 0,
                 "kernels fail later");
    cr_assert_eq(cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);
    cr_assert_eq(cuMemAlloc_v2(&p, 4), CUDA_ERROR_ILLEGAL_ADDRESS);
    cr_assert_eq(cuModuleUnload(module), CUDA_ERROR_ILLEGAL_ADDRESS);
    CUcontext other;
    cr_assert_eq(cuCtxCreate_v2(&other, 0, 0), 0);
    cr_assert_eq(cuMemAlloc_v2(&p, 4), 0);
    cr_assert_eq(cuMemFree_v2(p), 0);
    cr_assert_eq(cuCtxDestroy_v2(other), 0);
    cr_assert_eq(cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);
    cr_assert_eq(cuDevicePrimaryCtxReset_v2(0), 0);
    device_open(NULL);
    p = device_array(NULL, 4);
    cr_assert_eq(device_run(device_module_from("ptx/api.ptx"), "plain", (const unsigned[]){1, 1, 1},
                            (const unsigned[]){1, 1, 1}, 0, (void *[]){&p}),
                 0);
}

/* As with a driver of NVIDIA's. */
Test(api, a_forked_process_cannot_go_on) {
    int status;
    device_open(NULL);
    const pid_t child = fork();
    if (child == 0) _exit(cuInit(0) != CUDA_ERROR_NOT_INITIALIZED || cuCtxSynchronize() == 0);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    cr_assert_eq(cuCtxSynchronize(), 0, "the parent can");
}

Test(api, images_that_do_not_load) {
    device_open((const char *const[]){"VGPU_DEVICE=a100-sxm", NULL});
    static const struct {
        const char *text, *message;
        CUresult code;
    } cases[] = {
        {"", "starts with .version", CUDA_ERROR_INVALID_PTX},
        {".version 8.0\n.target sm_90\n", "PTX is for sm_90, the device is sm_80",
         CUDA_ERROR_NO_BINARY_FOR_GPU},
        {".version 8.0\n.target sm_75a\n", "PTX is for sm_75a", CUDA_ERROR_NO_BINARY_FOR_GPU},
        {".version 99.0\n.target sm_80\n", "version", CUDA_ERROR_INVALID_PTX},
        {"\177ELF\2\1\1", "cubin", CUDA_ERROR_INVALID_IMAGE},
        {".version 8.0\n.target sm_80\n.entry k() { frobnicate.b32 1; }\n", "line 3", CUDA_ERROR_INVALID_PTX},
        {".version 8.0\n.target sm_80\n.entry k() { ret }\n", "line 3", CUDA_ERROR_INVALID_PTX},
        {".version 8.0\n.target sm_80\n.entry k() { bra nowhere; }\n", "'nowhere'", CUDA_ERROR_INVALID_PTX},
        {".version 8.0\n.target sm_80\n.entry k() { .shared .b8 a[50000]; .reg .b32 %r; st.shared.u32 [a], "
         "%r; }\n",
         "kernel k has 50000 bytes", CUDA_ERROR_INVALID_PTX},
        {".version 8.0\n.target sm_80\n.extern .global .u32 elsewhere;\n", "'elsewhere'",
         CUDA_ERROR_NOT_FOUND},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CUmodule module;
        cr_expect_eq(cuModuleLoadData(&module, cases[i].text), cases[i].code, "case %zu: %s", i,
                     vgpu_last_error());
        cr_expect(strstr(vgpu_last_error(), cases[i].message), "case %zu: %s", i, vgpu_last_error());
    }
    CUmodule module;
    char log[200] = "";
    CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
    void *values[] = {log, (void *)(uintptr_t)sizeof log};
    cr_assert_eq(cuModuleLoadDataEx(&module, cases[5].text, 2, options, values), CUDA_ERROR_INVALID_PTX);
    cr_assert(strstr(log, "frobnicate"), "the log says '%s'", log);
    cr_assert_eq(cuModuleLoad(&module, "/no/such/file"), CUDA_ERROR_FILE_NOT_FOUND);
}

Test(api, launches_that_are_refused) {
    device_open((const char *const[]){"VGPU_DEVICE=l4", NULL});
    CUmodule module = device_module_from("ptx/api.ptx");
    CUdeviceptr p = device_array(NULL, 4);
    int n = 1;
    void *params[] = {&p, &n};
    static const struct {
        const char *kernel, *message;
        unsigned grid[3], block[3], shared;
    } cases[] = {
        {"small", "threads of a block: 65, limit 64", {1, 1, 1}, {65, 1, 1}, 0},
        {"plain", "threads in x: 1025, limit 1024", {1, 1, 1}, {1025, 1, 1}, 0},
        {"plain", "threads in z: 65, limit 64", {1, 1, 1}, {1, 1, 65}, 0},
        {"plain", "threads of a block: 2048, limit 1024", {1, 1, 1}, {512, 4, 1}, 0},
        {"plain", "blocks in y: 65536, limit 65535", {1, 65536, 1}, {1, 1, 1}, 0},
        {"plain", "blocks in x: 0", {0, 1, 1}, {1, 1, 1}, 0},
        {"plain", "shared memory, static and dynamic: 49153, limit 49152", {1, 1, 1}, {1, 1, 1}, 49153},
        {"large", "shared memory, static and dynamic: 49200, limit 49152", {1, 1, 1}, {1, 1, 1}, 19200},
        {"exact", ".reqntid", {1, 1, 1}, {64, 1, 1}, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const unsigned *g = cases[i].grid, *b = cases[i].block;
        cr_expect_eq(cuLaunchKernel(function_of(module, cases[i].kernel), g[0], g[1], g[2], b[0], b[1], b[2],
                                    cases[i].shared, NULL, params, NULL),
                     CUDA_ERROR_INVALID_VALUE, "case %zu", i);
        cr_expect(strstr(vgpu_last_error(), cases[i].message) && strstr(vgpu_last_error(), cases[i].kernel),
                  "case %zu: %s", i, vgpu_last_error());
    }
    CUfunction plain = function_of(module, "plain");
    cr_assert_eq(launch((CUfunction)module, 1, 1, 0, params), CUDA_ERROR_INVALID_HANDLE);
    cr_assert_eq(launch(NULL, 1, 1, 0, params), CUDA_ERROR_INVALID_HANDLE);
    cr_assert_eq(launch(plain, 1, 1, 0, NULL), CUDA_ERROR_INVALID_VALUE);
    cr_assert_eq(launch(plain, 1, 1, 0, (void *[]){NULL}), CUDA_ERROR_INVALID_VALUE);
    /* more shared memory than the default is for those who ask */
    cr_assert_eq(cuFuncSetAttribute(plain, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 90 << 10), 0);
    cr_assert_eq(launch(plain, 1, 1, 90 << 10, params), 0);
    cr_assert_eq(cuFuncSetAttribute(plain, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 100 << 10),
                 CUDA_ERROR_INVALID_VALUE);
    /* registers: ptxas' figure for the kernel times the threads does not fit */
    cr_assert_eq(vgpu_module_ptxas_log(module, "ptxas info : Compiling entry function 'plain' for 'sm_89'\n"
                                               "ptxas info : Used 96 registers, 360 bytes cmem[0]\n"),
                 1);
    cr_assert_eq(launch(plain, 1, 1024, 0, params), CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);
    cr_assert_eq(launch(plain, 1, 512, 0, params), 0);
    cr_assert_eq(cuCtxSynchronize(), 0);
}

Test(api, parameters_in_a_buffer) {
    device_open(NULL);
    CUmodule module = device_module_from("ptx/api.ptx");
    CUdeviceptr p = device_array(NULL, 4);
    size_t bytes = sizeof p;
    uint32_t value;
    void *extra[] = {CU_LAUNCH_PARAM_BUFFER_POINTER, &p, CU_LAUNCH_PARAM_BUFFER_SIZE, &bytes,
                     CU_LAUNCH_PARAM_END};
    cr_assert_eq(cuLaunchKernel(function_of(module, "plain"), 1, 1, 1, 1, 1, 1, 0, NULL, NULL, extra), 0);
    device_read(&value, p, 4);
    cr_assert_eq(value, 0);
    bytes = 4;
    cr_assert_eq(cuLaunchKernel(function_of(module, "plain"), 1, 1, 1, 1, 1, 1, 0, NULL, NULL, extra),
                 CUDA_ERROR_INVALID_VALUE);
}

Test(api, functions_and_variables_of_a_module) {
    device_open((const char *const[]){"VGPU_DEVICE=a100-sxm", NULL});
    CUmodule module = device_module_from("ptx/api.ptx");
    CUfunction f, all[8] = {0};
    unsigned count;
    int value;
    cr_assert_eq(cuModuleGetFunction(&f, module, "nothing"), CUDA_ERROR_NOT_FOUND);
    cr_assert_eq(cuModuleGetFunctionCount(&count, module), 0);
    cr_assert_eq(count, 4);
    cr_assert_eq(cuModuleEnumerateFunctions(all, 8, module), 0);
    cr_assert(all[3] && !all[4]);
    static const struct {
        const char *kernel;
        CUfunction_attribute attribute;
        int value;
    } attributes[] = {
        /* each kernel has its own shared memory, not the module's */
        {"small", CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, 400},
        {"large", CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, 30000},
        {"plain", CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, 0},
        {"small", CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, 64},
        {"plain", CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, 1024},
        {"plain", CU_FUNC_ATTRIBUTE_PTX_VERSION, 80},
        {"plain", CU_FUNC_ATTRIBUTE_BINARY_VERSION, 80},
    };
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
        cr_assert_eq(
            cuFuncGetAttribute(&value, attributes[i].attribute, function_of(module, attributes[i].kernel)),
            0);
        cr_assert_eq(value, attributes[i].value, "attribute %zu: %d", i, value);
    }
    size_t offset, bytes;
    cr_assert_eq(cuFuncGetParamInfo(function_of(module, "small"), 1, &offset, &bytes), 0);
    cr_assert(offset == 8 && bytes == 4);
    cr_assert_eq(cuFuncGetParamInfo(function_of(module, "small"), 2, &offset, &bytes),
                 CUDA_ERROR_INVALID_VALUE);
    CUdeviceptr p;
    double scale;
    uint32_t counter;
    cr_assert_eq(cuModuleGetGlobal_v2(&p, &bytes, module, "counter"), 0);
    cr_assert_eq(bytes, 4);
    device_read(&counter, p, 4);
    cr_assert_eq(counter, 7);
    cr_assert_eq(cuModuleGetGlobal_v2(&p, &bytes, module, "scale"), 0);
    device_read(&scale, p, 8);
    cr_assert(scale == 1.5);
    cr_assert_eq(cuModuleGetGlobal_v2(&p, &bytes, module, "plain"), CUDA_ERROR_NOT_FOUND);
    cr_assert_eq(cuModuleUnload(module), 0);
    cr_assert_eq(cuModuleUnload(module), CUDA_ERROR_INVALID_HANDLE);
    cr_assert_eq(cuMemFree_v2(p), CUDA_ERROR_INVALID_VALUE);
}

Test(api, occupancy) {
    device_open((const char *const[]){"VGPU_DEVICE=a100-sxm", NULL});
    CUmodule module = device_module_from("ptx/api.ptx");
    CUfunction large = function_of(module, "large"), plain = function_of(module, "plain");
    int blocks, grid, block;
    size_t bytes;
    cr_assert_eq(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, plain, 256, 0), 0);
    cr_assert_eq(blocks, 8, "2048 threads: %d", blocks);
    cr_assert_eq(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, plain, 32, 0), 0);
    cr_assert_eq(blocks, 32, "slots: %d", blocks);
    cr_assert_eq(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, large, 32, 0), 0);
    cr_assert_eq(blocks, 5, "164 KiB for 30000 + 1024 bytes each: %d", blocks);
    cr_assert_eq(cuOccupancyMaxPotentialBlockSize(&grid, &block, plain, NULL, 0, 0), 0);
    cr_assert(block == 1024 && grid == 2 * 108, "%d blocks of %d", grid, block);
    cr_assert_eq(cuOccupancyAvailableDynamicSMemPerBlock(&bytes, plain, 2, 1024), 0);
    cr_assert_eq(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, plain, 1024, bytes), 0);
    cr_assert_eq(blocks, 2);
    cr_assert_eq(cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, plain, 1024, bytes + 256), 0);
    cr_assert_eq(blocks, 1);
}
