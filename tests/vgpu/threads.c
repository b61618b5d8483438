/* threads: kernels whose blocks run on several host threads, for the thread sanitizer, under which Criterion
 * does not run. Copies, reductions and a histogram by atomics from many blocks, and blocks that touch the
 * same words at the same time; each result checked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"
#include "vgpu.h"

enum { COUNT = 1 << 14, BLOCKS = 24, THREADS = 128, BINS = 256 };

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
    require(cuLaunchKernel(f, BLOCKS, 1, 1, THREADS, 1, 1, shared, NULL, params, NULL) == 0, name);
    require(cuCtxSynchronize() == 0, name);
}

static CUmodule load(const char *path) {
    CUmodule module;
    char *const text = text_of(path);
    require(cuModuleLoadData(&module, text) == 0, vgpu_last_error());
    free(text);
    return module;
}

static CUdeviceptr zeros(size_t bytes) {
    CUdeviceptr p;
    require(cuMemAlloc_v2(&p, bytes) == 0 && cuMemsetD8_v2(p, 0, bytes) == 0, "no memory");
    return p;
}

/* Blocks at the same words: all write the same, and the last one reads what the others wrote. */
static void share_words(CUmodule module) {
    static unsigned out[BLOCKS * THREADS];
    unsigned sum = 0;
    for (unsigned round = 0; round < 20; round++) {
        CUdeviceptr words = zeros(2048), vectors = zeros(16 * THREADS), bytes = zeros(THREADS),
                    result = zeros(sizeof out);
        launch(module, "agree", 0, (void *[]){&words, &vectors, &bytes, &result});
        require(cuMemcpyDtoH_v2(out, result, sizeof out) == 0, "copy");
        for (unsigned i = 0; i < BLOCKS * THREADS; i++) {
            require(out[i] == 2 * (i % THREADS) + 7, "a word that all write differs");
        }
        CUdeviceptr partial = zeros(4 * BLOCKS), ticket = zeros(4), total = zeros(4);
        launch(module, "last_block", 0, (void *[]){&partial, &ticket, &total});
        require(cuMemcpyDtoH_v2(&sum, total, sizeof sum) == 0 && sum == BLOCKS * (BLOCKS + 1) / 2,
                "the last block missed a part");
    }
}

int main(int argc, char **argv) {
    require(argc == 3, "usage: threads KERNELS.ptx RACES.ptx");
    setenv("VGPU_THREADS", "4", 1);
    setenv("VGPU_ORDER", "relaxed", 1);
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
    require(cuInit(0) == 0 && cuCtxCreate_v2(&context, 0, 0) == 0, "no device");
    module = load(argv[1]);
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
    share_words(load(argv[2]));
    require(vgpu_findings(VGPU_FINDING_KINDS) == 0, "a finding");
    require(cuCtxDestroy_v2(context) == 0, "the context");
    puts("all results are right");
    return 0;
}
