/* model_atomics: the timing model beside published times of 2^20 integer additions, a thread each, to a few
 * words of global memory: RTX 3500 Ada laptop (the L4's chip, AD104), JatinKhare/cuda-course,
 * module10/lesson.md, table B. Clocks of the two differ, so times are divided by that of one word. Run by
 * hand. */
#include <stdio.h>
#include <stdlib.h>

#include "load.h"

enum { ADDITIONS = 1 << 20, THREADS = 256, WORDS = 6, STRIDES = 4 };

static double modeled(CUfunction kernel, CUdeviceptr p, unsigned words, unsigned stride) {
    unsigned mask = words - 1;
    require(cuLaunchKernel(kernel, ADDITIONS / THREADS, 1, 1, THREADS, 1, 1, 0, NULL,
                           (void *[]){&p, &stride, &mask}, NULL),
            "spread");
    struct vgpu_counters c;
    vgpu_counters_read(&c, sizeof c);
    return c.modeled_seconds;
}

int main(void) {
    static const unsigned words[WORDS] = {1, 2, 4, 8, 16, 32}, strides[STRIDES] = {4, 32, 128, 4096};
    static const double published[WORDS][STRIDES] = {
        {0.5427, 0.5425, 0.5426, 0.5422}, {0.5419, 0.8112, 0.6350, 0.2743}, {0.2742, 0.6761, 0.3249, 0.1391},
        {0.1399, 0.6761, 0.3234, 0.0702}, {0.1035, 0.3409, 0.1674, 0.0370}, {0.0868, 0.3416, 0.0819, 0.0423}};
    setenv("VGPU_DEVICE", "l4", 0);
    setenv("VGPU_CHECK", "none", 1);
    CUmodule module = module_from("counters.ptx");
    CUfunction kernel;
    CUdeviceptr p;
    require(cuModuleGetFunction(&kernel, module, "spread"), "spread");
    require(cuMemAlloc_v2(&p, 32 * 4096), "cuMemAlloc");
    const double one = modeled(kernel, p, 1, 4);
    printf("one word: %.4f ms modeled, %.4f ms published\nothers divided by that, modeled / published\nwords",
           1e3 * one, published[0][0]);
    for (unsigned s = 0; s < STRIDES; s++) {
        printf("  %9u bytes", strides[s]);
    }
    printf("\n");
    for (unsigned w = 1; w < WORDS; w++) {
        printf("%5u", words[w]);
        for (unsigned s = 0; s < STRIDES; s++) {
            printf("  %6.3f / %5.3f", modeled(kernel, p, words[w], strides[s]) / one,
                   published[w][s] / published[0][s]);
        }
        printf("\n");
    }
    return 0;
}
