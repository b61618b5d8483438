/* model_rational: the timing model beside published times of the rational backward, 1024 x 197 x 768 elements
 * in 8 groups: ten global atomics an element took 1.03 s, sums over tiles of 64 x 64 took 7.33 ms (FlashKAT,
 * arXiv 2505.13813). Large grids are sampled. Run by hand; VGPU_DEVICE chooses the profile. */
#include <stdio.h>
#include <stdlib.h>

#include "cuda_abi.h"
#include "vgpu.h"

CUresult cuInit(unsigned flags);
CUresult cuDeviceGet(CUdevice *device, int ordinal);
CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device);
CUresult cuCtxSetCurrent(CUcontext context);
CUresult cuModuleLoadData(CUmodule *module, const void *image);
CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name);
CUresult cuMemAlloc_v2(CUdeviceptr *pointer, size_t bytes);
CUresult cuLaunchKernel(CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                        unsigned bz, unsigned shared, CUstream stream, void **params, void **extra);

static void require(CUresult code, const char *what) {
    if (code) {
        fprintf(stderr, "model_rational: %s: error %d %s\n", what, (int)code, vgpu_last_error());
        exit(2);
    }
}

static double modeled(CUmodule module, const char *kernel, unsigned gx, unsigned gy, unsigned threads,
                      void **params) {
    CUfunction function;
    require(cuModuleGetFunction(&function, module, kernel), kernel);
    require(cuLaunchKernel(function, gx, gy, 1, threads, 1, 1, 0, NULL, params, NULL), kernel);
    struct vgpu_counters c;
    vgpu_counters_read(&c, sizeof c);
    printf("%-24s %9.2f ms modeled, bound by %s; %llu of %llu blocks ran\n", kernel, 1e3 * c.modeled_seconds,
           c.bound, (unsigned long long)c.sampled_blocks, (unsigned long long)c.blocks);
    return c.modeled_seconds;
}

int main(void) {
    setenv("VGPU_DEVICE", "l4", 0);
    setenv("VGPU_CHECK", "none", 1);
    static char text[1 << 20];
    FILE *file = fopen(VGPU_TEST_DIR "/ptx/rational.ptx", "rb");
    if (!file || !fread(text, 1, sizeof text - 1, file)) {
        fprintf(stderr, "model_rational: %s cannot be read\n", VGPU_TEST_DIR "/ptx/rational.ptx");
        return 2;
    }
    fclose(file);
    CUdevice device;
    CUcontext context;
    CUmodule module;
    require(cuInit(0), "cuInit");
    require(cuDeviceGet(&device, 0), "cuDeviceGet");
    require(cuDevicePrimaryCtxRetain(&context, device), "cuDevicePrimaryCtxRetain");
    require(cuCtxSetCurrent(context), "cuCtxSetCurrent");
    require(cuModuleLoadData(&module, text), "cuModuleLoadData");
    int rows = 1024 * 197, channels = 768, group_channels = 96, count = rows * channels;
    CUdeviceptr x, dy, dx, num, den, dnum, dden;
    CUdeviceptr *const large[] = {&x, &dy, &dx}, *const small[] = {&num, &den, &dnum, &dden};
    for (unsigned i = 0; i < 3; i++) {
        require(cuMemAlloc_v2(large[i], (size_t)count * 4), "cuMemAlloc");
    }
    for (unsigned i = 0; i < 4; i++) {
        require(cuMemAlloc_v2(small[i], 256), "cuMemAlloc");
    }
    vgpu_set_sampling(1024);
    const double naive =
        modeled(module, "rational_backward_naive", (unsigned)(count + 255) / 256, 1, 256,
                (void *[]){&dy, &x, &num, &den, &dx, &dnum, &dden, &channels, &count, &group_channels});
    const double tile =
        modeled(module, "rational_backward_tile", (unsigned)(rows + 63) / 64, 8, 128,
                (void *[]){&dy, &x, &num, &den, &dx, &dnum, &dden, &rows, &channels, &group_channels});
    printf("ratio %.1f modeled, 140.5 published\n", naive / tile);
    return 0;
}
