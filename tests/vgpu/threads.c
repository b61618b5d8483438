/* threads: kernels whose blocks run on several host threads, for the thread sanitizer, under which Criterion
 * does not run. Copies, reductions and a histogram by atomics from many blocks, each result checked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"
#include "vgpu.h"

enum { COUNT = 1 << 14, BLOCKS = 24, BINS = 256 };

static void require(int truth, const char *what) {
    if (!truth) {
        fprintf(stderr, "threads: %s (%s)\n", what, vgpu_last_finding());
        exit(1);
    }
}

static char *text_of(const char *path) {
    FILE *const file = fopen(path, "rb");
    char *const text = calloc(1, 1 << 20);
    require(file && text && fread(text, 1, (1 << 20) - 1, file) > 0, path);
    fclose(file);
    return text;
}

static void launch(CUmodule module, const char *name, unsigned shared, void **params) {
    CUfunction f;
    require(cuModuleGetFunction(&f, module, name) == 0, name);
    require(cuLaunchKernel(f, BLOCKS, 1, 1, 128, 1, 1, shared, NULL, params, NULL) == 0, name);
    require(cuCtxSynchronize() == 0, name);
}

int main(int argc, char **argv) {
    require(argc == 2, "usage: threads MODULE.ptx");
    setenv("VGPU_THREADS", "4", 1);
    setenv("VGPU_DEVICE", "a100-sxm", 1);
    CUcontext context = NULL;
    CUmodule module;
    CUdeviceptr from, to, bins;
    static unsigned char x[COUNT], y[COUNT];
    unsigned got[BINS] = {0}, expected[BINS] = {0};
    for (int i = 0; i < COUNT; i++) {
        x[i] = (unsigned char)(i * 17 + i / 256);
        expected[x[i]]++;
    }
    char *const text = text_of(argv[1]);
    require(cuInit(0) == 0 && cuCtxCreate_v2(&context, 0, 0) == 0, "no device");
    require(cuModuleLoadData(&module, text) == 0, vgpu_last_error());
    require(cuMemAlloc_v2(&from, COUNT) == 0 && cuMemAlloc_v2(&to, COUNT) == 0 &&
                cuMemAlloc_v2(&bins, sizeof got) == 0,
            "no memory");
    require(cuMemcpyHtoD_v2(from, x, COUNT) == 0 && cuMemcpyHtoD_v2(bins, got, sizeof got) == 0, "copy");
    int vectors = COUNT / 16, bytes = COUNT, words = COUNT / 4;
    launch(module, "copy4", 0, (void *[]){&from, &to, &vectors});
    require(cuMemcpyDtoH_v2(y, to, COUNT) == 0 && memcmp(x, y, COUNT) == 0, "the copy differs");
    launch(module, "histogram", 0, (void *[]){&from, &bytes, &bins});
    require(cuMemcpyDtoH_v2(got, bins, sizeof got) == 0 && memcmp(got, expected, sizeof got) == 0,
            "the bins differ");
    launch(module, "reduce_shared", 512, (void *[]){&from, &words, &to});
    require(vgpu_findings(VGPU_FINDING_KINDS) == 0, "a finding");
    require(cuCtxDestroy_v2(context) == 0, "the context");
    free(text);
    puts("all results are right");
    return 0;
}
