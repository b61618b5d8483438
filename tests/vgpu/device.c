#include "device.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"

void device_open(const char *const *environment) {
    for (; environment && *environment; environment++) {
        const char *equals = strchr(*environment, '=');
        char *name = strndup(*environment, (size_t)(equals - *environment));
        setenv(name, equals + 1, 1);
        free(name);
    }
    CUdevice device;
    CUcontext context;
    cr_assert_eq(cuInit(0), 0);
    cr_assert_eq(cuDeviceGet(&device, 0), 0);
    cr_assert_eq(cuDevicePrimaryCtxRetain(&context, device), 0);
    cr_assert_eq(cuCtxSetCurrent(context), 0);
}

CUmodule device_module(const char *ptx) {
    CUmodule module = NULL;
    const CUresult code = cuModuleLoadData(&module, ptx);
    cr_assert_eq(code, 0, "module does not load (%d): %s", (int)code, vgpu_last_error());
    return module;
}

CUdeviceptr device_array(const void *host, size_t bytes) {
    CUdeviceptr pointer = 0;
    cr_assert_eq(cuMemAlloc_v2(&pointer, bytes), 0);
    if (host) {
        cr_assert_eq(cuMemcpyHtoD_v2(pointer, host, bytes), 0);
    }
    return pointer;
}

void device_read(void *host, CUdeviceptr device, size_t bytes) {
    const CUresult code = cuMemcpyDtoH_v2(host, device, bytes);
    cr_assert_eq(code, 0, "cuMemcpyDtoH: %d, %s", (int)code, vgpu_last_finding());
}

CUresult device_run(CUmodule module, const char *kernel, const unsigned grid[3], const unsigned block[3],
                    unsigned shared_bytes, void **params) {
    CUfunction function;
    cr_assert_eq(cuModuleGetFunction(&function, module, kernel), 0, "no kernel %s", kernel);
    const CUresult code = cuLaunchKernel(function, grid[0], grid[1], grid[2], block[0], block[1], block[2],
                                         shared_bytes, NULL, params, NULL);
    return code ? code : cuCtxSynchronize();
}

char *device_text(const char *name) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", VGPU_TEST_DIR, name);
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "cannot open %s", path);
    fseek(file, 0, SEEK_END);
    const long bytes = ftell(file);
    rewind(file);
    char *text = calloc(1, (size_t)bytes + 1);
    cr_assert_not_null(text);
    cr_assert_eq(fread(text, 1, (size_t)bytes, file), (size_t)bytes);
    fclose(file);
    return text;
}

CUmodule device_module_from(const char *name) {
    char *ptx = device_text(name);
    CUmodule module = device_module(ptx);
    free(ptx);
    return module;
}

uint64_t device_random(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}
