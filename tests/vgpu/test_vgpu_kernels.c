/* Kernels as NVRTC compiles them for several architectures, run on the virtual GPU and checked against C. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"

static const unsigned architectures[] = {75, 80, 90, 100, 120};

struct context {
    CUmodule module;
    unsigned sm;
};

static void each_architecture(void (*test)(const struct context *)) {
    /* the newest device runs PTX of all of them */
    device_open((const char *const[]){"VGPU_DEVICE=rtx-5090", NULL});
    for (size_t i = 0; i < sizeof architectures / sizeof *architectures; i++) {
        char name[64];
        snprintf(name, sizeof name, "ptx/kernels_sm%u.ptx", architectures[i]);
        const struct context c = {device_module_from(name), architectures[i]};
        test(&c);
    }
    cr_assert_eq(vgpu_findings(VGPU_FINDING_KINDS), 0, "%s", vgpu_last_finding());
}

static float *random_floats(size_t count, uint64_t seed) {
    float *x = malloc(count * sizeof *x);
    cr_assert_not_null(x);
    for (size_t i = 0; i < count; i++) {
        x[i] = (float)((double)(device_random(&seed) >> 40) / (1 << 23) - 1) * 4;
    }
    return x;
}

/* Whole numbers up to most, so that sums of products come out exact in any order. */
static float *random_integers(size_t count, uint64_t seed, unsigned most) {
    float *x = malloc(count * sizeof *x);
    cr_assert_not_null(x);
    for (size_t i = 0; i < count; i++) {
        x[i] = (float)(int)((device_random(&seed) >> 40) % (2 * most + 1)) - (float)most;
    }
    return x;
}

static void run(const struct context *c, const char *kernel, unsigned grid, unsigned block, unsigned shared,
                void **params) {
    const CUresult code = device_run(c->module, kernel, (const unsigned[]){grid, 1, 1},
                                     (const unsigned[]){block, 1, 1}, shared, params);
    cr_assert_eq(code, 0, "%s for sm_%u: %d, %s", kernel, c->sm, (int)code, vgpu_last_finding());
}

static void check_copy(const struct context *c) {
    enum { COUNT = 4 * 1021 };
    float *x = random_floats(COUNT, 1), y[COUNT];
    CUdeviceptr from = device_array(x, sizeof y), to = device_array(NULL, sizeof y);
    int count = COUNT / 4;
    run(c, "copy4", 3, 128, 0, (void *[]){&from, &to, &count});
    struct vgpu_counters counters;
    cr_assert_eq(vgpu_counters_read(&counters, sizeof counters), 0);
    device_read(y, to, sizeof y);
    cr_assert_arr_eq(x, y, sizeof y);
    cr_assert_eq(counters.global_load_bytes, sizeof y);
    cr_assert_eq(counters.global_store_sectors, (sizeof y + 31) / 32);
    cr_assert_eq(counters.dram_read_bytes, (sizeof y + 31) / 32 * 32);
    cr_assert_eq(counters.dram_write_bytes, (sizeof y + 31) / 32 * 32);
    free(x);
}

Test(kernels, copy) {
    each_architecture(check_copy);
}

static void check_reduce(const struct context *c) {
    enum { COUNT = 10007 };
    float *x = random_integers(COUNT, 2, 1000), zero = 0, sum, exact = 0;
    for (int i = 0; i < COUNT; i++) {
        exact += x[i];
    }
    int count = COUNT;
    CUdeviceptr from = device_array(x, COUNT * sizeof *x), to = device_array(&zero, sizeof zero);
    run(c, "reduce_shuffle", 5, 256, 0, (void *[]){&from, &count, &to});
    device_read(&sum, to, sizeof sum);
    cr_assert(sum == exact, "sm_%u: %.9g for %.9g", c->sm, (double)sum, (double)exact);
    struct vgpu_counters counters;
    vgpu_counters_read(&counters, sizeof counters);
    cr_assert_eq(counters.float_atomics, 5, "one a block");
    cr_assert_eq(counters.atomics, 5);
    int values[1000], partial[4], total = 0, expected = 0;
    for (int i = 0; i < 1000; i++) {
        values[i] = i * 37 % 101 - 50;
        expected += values[i];
    }
    count = 1000;
    from = device_array(values, sizeof values);
    to = device_array(NULL, sizeof partial);
    run(c, "reduce_shared", 4, 256, 1024, (void *[]){&from, &count, &to});
    device_read(partial, to, sizeof partial);
    for (int i = 0; i < 4; i++) {
        total += partial[i];
    }
    cr_assert_eq(total, expected);
    free(x);
}

Test(kernels, reduce) {
    each_architecture(check_reduce);
}

static void check_transpose(const struct context *c) {
    int rows = 67, columns = 101;
    float *x = random_floats((size_t)(rows * columns), 3), *y = malloc((size_t)(rows * columns) * sizeof *y);
    CUdeviceptr from = device_array(x, (size_t)(rows * columns) * 4),
                to = device_array(NULL, (size_t)(rows * columns) * 4);
    const CUresult code =
        device_run(c->module, "transpose", (const unsigned[]){4, 3, 1}, (const unsigned[]){32, 8, 1}, 0,
                   (void *[]){&from, &to, &rows, &columns});
    cr_assert_eq(code, 0, "%s", vgpu_last_finding());
    device_read(y, to, (size_t)(rows * columns) * 4);
    for (int r = 0; r < rows; r++) {
        for (int q = 0; q < columns; q++) {
            cr_assert(x[r * columns + q] == y[q * rows + r], "sm_%u: (%d,%d)", c->sm, r, q);
        }
    }
    struct vgpu_counters counters;
    vgpu_counters_read(&counters, sizeof counters);
    cr_assert_eq(counters.shared_bank_conflicts, 0, "the tile is padded against bank conflicts");
    free(x);
    free(y);
}

Test(kernels, transpose) {
    each_architecture(check_transpose);
}

static void check_histogram(const struct context *c) {
    enum { COUNT = 5000 };
    uint8_t x[COUNT];
    unsigned bins[256] = {0}, expected[256] = {0};
    uint64_t seed = 4;
    for (int i = 0; i < COUNT; i++) {
        x[i] = (uint8_t)(device_random(&seed) % 7 ? device_random(&seed) : 5);
        expected[x[i]]++;
    }
    int count = COUNT;
    CUdeviceptr from = device_array(x, sizeof x), to = device_array(bins, sizeof bins);
    run(c, "histogram", 6, 192, 0, (void *[]){&from, &count, &to});
    device_read(bins, to, sizeof bins);
    cr_assert_arr_eq(bins, expected, sizeof bins);
    struct vgpu_counters counters;
    vgpu_counters_read(&counters, sizeof counters);
    cr_assert_eq(counters.atomics, 6 * 256);
    cr_assert_eq(counters.atomic_longest_chain, 6);
    cr_assert_eq(counters.shared_atomics, COUNT);
    cr_assert_eq(counters.float_atomics, 0);
}

Test(kernels, histogram) {
    each_architecture(check_histogram);
}

static double mixed_expected(double x, int i, int mode) {
    static const double a[] = {1, -0.5, 0.25, -0.125, 0.0625, -0.03125};
    double p = 0;
    switch (mode) {
    case 0:
        for (int k = 5; k >= 0; k--) {
            p = p * x + a[k];
        }
        return p;
    case 1: return exp(x);
    case 2: return sin(x) * cos(x);
    case 3: return pow(x, (i & 7) + 1);
    case 4: return tanh(x) + erf(x);
    case 5: return log(fabs(x) + 1) / sqrt(x * x + 1);
    default: return -1;
    }
}

static void check_mixed(const struct context *c) {
    enum { COUNT = 300 };
    float *x = random_floats(COUNT, 5), y[COUNT];
    CUdeviceptr from = device_array(x, sizeof y), to = device_array(NULL, sizeof y);
    int count = COUNT;
    for (int mode = 0; mode < 7; mode++) {
        run(c, "mixed", 3, 128, 0, (void *[]){&from, &to, &count, &mode});
        device_read(y, to, sizeof y);
        for (int i = 0; i < COUNT; i++) {
            const double e = mixed_expected((double)x[i], i, mode);
            cr_assert_float_eq(y[i], e, 1e-5 * (fabs(e) + 0.1), "sm_%u mode %d: %g for %g at x = %g", c->sm,
                               mode, (double)y[i], e, (double)x[i]);
        }
    }
    free(x);
}

Test(kernels, functions_and_special_functions) {
    each_architecture(check_mixed);
}

static uint16_t bf16_of(float x) {
    uint32_t u;
    memcpy(&u, &x, 4);
    return (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

static float float_of_bf16(uint16_t h) {
    const uint32_t u = (uint32_t)h << 16;
    float x;
    memcpy(&x, &u, 4);
    return x;
}

static void check_matmul(const struct context *c) {
    if (c->sm < 80) {
        return;
    }
    int m = 77, n = 70, k = 88; /* ragged in every direction; k a multiple of the 8 that a copy takes */
    uint16_t *a = malloc((size_t)(m * k) * 2), *b = malloc((size_t)(n * k) * 2);
    float *values = random_integers((size_t)((m + n) * k), 6, 128), *y = malloc((size_t)(m * n) * 4);
    for (int i = 0; i < m * k; i++) {
        a[i] = bf16_of(values[i]);
    }
    for (int i = 0; i < n * k; i++) {
        b[i] = bf16_of(values[m * k + i]);
    }
    CUdeviceptr da = device_array(a, (size_t)(m * k) * 2), db = device_array(b, (size_t)(n * k) * 2),
                dc = device_array(NULL, (size_t)(m * n) * 4);
    const CUresult code = device_run(c->module, "matmul", (const unsigned[]){2, 2, 1},
                                     (const unsigned[]){128, 1, 1}, 0, (void *[]){&da, &db, &dc, &m, &n, &k});
    cr_assert_eq(code, 0, "sm_%u: %d %s", c->sm, (int)code, vgpu_last_finding());
    device_read(y, dc, (size_t)(m * n) * 4);
    for (int r = 0; r < m; r++) {
        for (int q = 0; q < n; q++) {
            float e = 0;
            for (int i = 0; i < k; i++) {
                e += float_of_bf16(a[r * k + i]) * float_of_bf16(b[q * k + i]);
            }
            cr_assert(y[r * n + q] == e, "sm_%u (%d,%d): %.9g for %.9g", c->sm, r, q, (double)y[r * n + q],
                      (double)e);
        }
    }
    free(a);
    free(b);
    free(values);
    free(y);
}

Test(kernels, matmul_on_tensor_cores) {
    each_architecture(check_matmul);
}

Test(kernels, counters_repeat) {
    device_open((const char *const[]){"VGPU_DEVICE=l4", "VGPU_THREADS=3", NULL});
    const struct context c = {device_module_from("ptx/kernels_sm80.ptx"), 80};
    struct vgpu_counters first, second;
    enum { COUNT = 1 << 18 };
    float *x = random_floats(COUNT, 8);
    CUdeviceptr from = device_array(x, COUNT * 4), to = device_array(NULL, COUNT * 4);
    int count = COUNT / 4;
    run(&c, "copy4", 300, 128, 0, (void *[]){&from, &to, &count});
    vgpu_counters_read(&first, sizeof first);
    run(&c, "copy4", 300, 128, 0, (void *[]){&from, &to, &count});
    vgpu_counters_read(&second, sizeof second);
    second.launch = first.launch;
    cr_assert_arr_eq(&first, &second, sizeof first);
    free(x);
}
