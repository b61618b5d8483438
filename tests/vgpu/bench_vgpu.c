/* bench_vgpu: how fast the virtual GPU is. Thread instructions per second and core on rational kernels, with
 * all checks and with none, and the time from the program's start to the end of a first small launch. Every
 * figure is taken in a process of its own, since the driver reads its environment once.
 *
 *   bench_vgpu [seconds for each figure, 1 [kernel]] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

enum { ROWS = 1024, CHANNELS = 768, GROUPS = 8, COUNT = ROWS * CHANNELS };

struct arrays {
    CUdeviceptr x, dy, y, num, den, dnum, dden, bins;
};

struct workload {
    const char *kernel, *about;
    unsigned grid[2], block;
    /* fills the kernel's parameters in; they point into arrays and to constants */
    void (*params)(struct arrays *arrays, void **params);
};

static int count4 = COUNT / 4, rows = ROWS, channels = CHANNELS, count = COUNT,
           group_channels = CHANNELS / GROUPS, mask = 4095;

static void forward_params(struct arrays *a, void **p) {
    void *const list[] = {&a->x, &a->num, &a->den, &a->y, &count4, &channels, &group_channels};
    memcpy(p, list, sizeof list);
}

static void naive_params(struct arrays *a, void **p) {
    void *const list[] = {&a->dy,   &a->x,    &a->num,   &a->den, &a->y,
                          &a->dnum, &a->dden, &channels, &count,  &group_channels};
    memcpy(p, list, sizeof list);
}

static void tile_params(struct arrays *a, void **p) {
    void *const list[] = {&a->dy,   &a->x,    &a->num, &a->den,   &a->y,
                          &a->dnum, &a->dden, &rows,   &channels, &group_channels};
    memcpy(p, list, sizeof list);
}

static void histogram_params(struct arrays *a, void **p) {
    void *const list[] = {&a->x, &a->bins, &count, &mask};
    memcpy(p, list, sizeof list);
}

static const struct workload workloads[] = {
    {"rational_forward", "four elements a lane", {COUNT / 1024, 1}, 256, forward_params},
    {"rational_backward_tile", "shuffles, shared memory, barriers", {ROWS / 64, GROUPS}, 128, tile_params},
    {"rational_backward_naive", "float atomics: blocks in order", {COUNT / 256, 1}, 256, naive_params},
    {"histogram_global", "integer atomics: blocks side by side", {COUNT / 1024, 1}, 256, histogram_params},
};

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static CUmodule open_device(const char *checks, const char *threads) {
    setenv("VGPU_CHECK", checks, 1);
    setenv("VGPU_THREADS", threads, 1);
    return module_from("rational.ptx");
}

static CUdeviceptr array(const float *from, size_t elements) {
    CUdeviceptr pointer = 0;
    require(cuMemAlloc_v2(&pointer, elements * sizeof *from), "cuMemAlloc");
    require(from ? cuMemcpyHtoD_v2(pointer, from, elements * sizeof *from)
                 : cuMemsetD8_v2(pointer, 0, elements * sizeof *from),
            "copy");
    return pointer;
}

static struct arrays make_arrays(void) {
    float *x = malloc(COUNT * sizeof *x), coefficients[GROUPS * 6];
    if (!x) {
        exit(2);
    }
    for (int i = 0; i < COUNT; i++) {
        x[i] = (float)((unsigned)i * 2654435761u >> 8) / (1 << 21) - 4;
    }
    for (int i = 0; i < GROUPS * 6; i++) {
        coefficients[i] = 0.1f * (float)(i % 7) - 0.25f;
    }
    const struct arrays a = {array(x, COUNT),
                             array(x, COUNT),
                             array(NULL, COUNT),
                             array(coefficients, GROUPS * 6),
                             array(coefficients, GROUPS * 4),
                             array(NULL, GROUPS * 6),
                             array(NULL, GROUPS * 4),
                             array(NULL, 4096)};
    free(x);
    return a;
}

static void free_arrays(const struct arrays *a) {
    const CUdeviceptr all[] = {a->x, a->dy, a->y, a->num, a->den, a->dnum, a->dden, a->bins};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        require(cuMemFree_v2(all[i]), "cuMemFree");
    }
}

/* Instructions per second of one workload, the best launch of those that fit the time. */
static void measure(const struct workload *w, const char *checks, const char *threads, double seconds) {
    CUmodule module = open_device(checks, threads);
    struct arrays arrays = make_arrays();
    CUfunction function;
    void *params[16] = {0};
    w->params(&arrays, params);
    require(cuModuleGetFunction(&function, module, w->kernel), w->kernel);
    double best = 1e30;
    const double end = now() + seconds;
    while (now() < end) {
        const double start = now();
        require(cuLaunchKernel(function, w->grid[0], w->grid[1], 1, w->block, 1, 1, 0, NULL, params, NULL),
                w->kernel);
        require(cuCtxSynchronize(), "cuCtxSynchronize");
        const double took = now() - start;
        best = took < best ? took : best;
    }
    struct vgpu_counters c;
    vgpu_counters_read(&c, sizeof c);
    double instructions = 0;
    for (unsigned i = 0; i < VGPU_PIPES; i++) {
        instructions += (double)c.thread_instructions[i];
    }
    printf("%-24s checks %-4s host threads %-2s  %8.0f M thread instructions/s  %7.2f ms\n", w->kernel,
           checks, threads, instructions / best / 1e6, best * 1e3);
    free_arrays(&arrays);
}

static void measure_start(void) {
    const double start = now();
    CUmodule module = open_device("all", "1");
    const double loaded = now();
    CUfunction function;
    CUdeviceptr x = array(NULL, 1024), bins = array(NULL, 4096);
    int small = 1024;
    require(cuModuleGetFunction(&function, module, "histogram_global"), "cuModuleGetFunction");
    require(cuLaunchKernel(function, 1, 1, 1, 256, 1, 1, 0, NULL, (void *[]){&x, &bins, &small, &mask}, NULL),
            "cuLaunchKernel");
    require(cuCtxSynchronize(), "cuCtxSynchronize");
    const double end = now();
    printf("start: cuInit to a loaded module of 1900 lines %.2f ms, first launch %.2f ms\n",
           1e3 * (loaded - start), 1e3 * (end - loaded));
    require(cuMemFree_v2(x), "cuMemFree");
    require(cuMemFree_v2(bins), "cuMemFree");
}

/* Runs one figure in a process of its own. w: NULL for the start. */
static void in_child(const struct workload *w, const char *checks, const char *threads, double seconds) {
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        if (w) {
            measure(w, checks, threads, seconds);
        } else {
            measure_start();
        }
        exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status) {
        fprintf(stderr, "bench_vgpu: a measurement failed\n");
        exit(2);
    }
}

int main(int argc, char **argv) {
    const double seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
    char all[16];
    snprintf(all, sizeof all, "%ld", sysconf(_SC_NPROCESSORS_ONLN));
    in_child(NULL, NULL, NULL, 0);
    for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++) {
        if (argc > 2 && strcmp(argv[2], workloads[i].kernel) != 0) {
            continue;
        }
        printf("%s: %s\n", workloads[i].kernel, workloads[i].about);
        in_child(&workloads[i], "none", "1", seconds);
        in_child(&workloads[i], "all", "1", seconds);
        in_child(&workloads[i], "none", all, seconds);
    }
    return 0;
}
