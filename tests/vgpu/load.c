#include "load.h"

#include <stdio.h>
#include <stdlib.h>

void require(CUresult code, const char *what) {
    if (code) {
        fprintf(stderr, "%s: error %d %s\n", what, (int)code, vgpu_last_error());
        exit(2);
    }
}

static char *text_read(const char *path) {
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, 1 << 20);
    if (!file || !text || !fread(text, 1, (1 << 20) - 1, file)) {
        fprintf(stderr, "%s cannot be read\n", path);
        exit(2);
    }
    fclose(file);
    return text;
}

CUmodule module_from(const char *name) {
    CUdevice device;
    CUcontext context;
    CUmodule module;
    require(cuInit(0), "cuInit");
    require(cuDeviceGet(&device, 0), "cuDeviceGet");
    require(cuDevicePrimaryCtxRetain(&context, device), "cuDevicePrimaryCtxRetain");
    require(cuCtxSetCurrent(context), "cuCtxSetCurrent");
    char path[512];
    snprintf(path, sizeof path, "%s/ptx/%s", VGPU_TEST_DIR, name);
    char *ptx = text_read(path);
    require(cuModuleLoadData(&module, ptx), "cuModuleLoadData");
    free(ptx);
    return module;
}
