/* model_rational: the timing model beside published times of the rational backward, 1024 x 197 x 768 elements
 * in 8 groups: ten global atomics an element took 1.03 s, sums over tiles of 64 x 64 took 7.33 ms (FlashKAT,
 * arXiv 2505.13813). Large grids are sampled. Run by hand; VGPU_DEVICE chooses the profile. */
#include <stdio.h>
#include <stdlib.h>

#include "load.h"

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
    CUmodule module = module_from("rational.ptx");
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
