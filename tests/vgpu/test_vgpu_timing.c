/* Properties that the timing model must have, whatever its constants are. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "driver.h"

#define SUCCEED(call) cr_assert_eq((call), CUDA_SUCCESS)

static CUmodule module;

static struct vgpu_counters run(const char *kernel, unsigned blocks, unsigned threads, unsigned shared_bytes,
                                void **params) {
    struct vgpu_counters c;
    SUCCEED(device_run(module, kernel, (unsigned[]){blocks, 1, 1}, (unsigned[]){threads, 1, 1}, shared_bytes,
                       params));
    cr_assert_eq(vgpu_counters_read(&c, sizeof c), 0);
    cr_assert_gt(c.modeled_seconds, 0);
    return c;
}

static void open_quietly(const char *device) {
    char name[64];
    snprintf(name, sizeof name, "VGPU_DEVICE=%s", device);
    device_open((const char *[]){name, "VGPU_CHECK=none", NULL});
    module = device_module_from("ptx/timing.ptx");
}

enum { MIB = 1 << 20, COPY_BYTES = 64 * MIB };
static const double launch_seconds = 1.7e-6;

struct streams {
    CUdeviceptr from, to;
};

static struct streams make_streams(void) {
    return (struct streams){device_array(NULL, COPY_BYTES), device_array(NULL, COPY_BYTES)};
}

Test(timing, copy_near_dram_floor) {
    open_quietly("h100-sxm");
    struct streams s = make_streams();
    const struct vgpu_counters c = run("copy", COPY_BYTES / 16 / 256, 256, 0, (void *[]){&s.from, &s.to});
    const double floor = 2.0 * COPY_BYTES / (0.904 * 3.35e12); /* half is written */
    cr_assert_str_eq(c.bound, "dram");
    cr_assert_geq(c.modeled_seconds - launch_seconds, floor * (1 - 1e-9));
    cr_assert_leq(c.modeled_seconds - launch_seconds, 1.1 * floor, "%g, floor %g", c.modeled_seconds, floor);
}

Test(timing, monotone_in_bytes_and_blocks) {
    open_quietly("a100-sxm");
    struct streams s = make_streams();
    double before = 0;
    for (unsigned blocks = 1; blocks <= 8192; blocks += 1 + blocks / 3) {
        const double seconds = run("copy", blocks, 256, 0, (void *[]){&s.from, &s.to}).modeled_seconds;
        cr_assert_geq(seconds, before * (1 - 1e-9), "%u blocks: %g after %g", blocks, seconds, before);
        before = seconds;
    }
    cr_assert_gt(before, 10 * launch_seconds);
}

/* Shared memory that nobody uses takes residents away. */
Test(timing, occupancy_helps_until_saturation) {
    open_quietly("h100-sxm");
    struct streams s = make_streams();
    static const unsigned shared[] = {200 << 10, 100 << 10, 27 << 10, 13 << 10, 6 << 10, 0};
    double before = 1, first = 0;
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) {
        CUfunction function;
        SUCCEED(cuModuleGetFunction(&function, module, "copy"));
        SUCCEED(cuFuncSetAttribute(function, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 200 << 10));
        const struct vgpu_counters c = run("copy", 132 * 32 * 4, 64, shared[i], (void *[]){&s.from, &s.to});
        cr_assert_leq(c.modeled_seconds, before * (1 + 1e-9), "%u bytes: %u blocks, %g after %g", shared[i],
                      c.blocks_per_multiprocessor, c.modeled_seconds, before);
        before = c.modeled_seconds;
        first = first > 0 ? first : before;
        cr_assert_str_eq(c.bound, i < 2 ? "latency" : i > 3 ? "dram" : c.bound);
    }
    cr_assert_gt(first, 2 * before);
}

/* Little's law: one block of two warps on each multiprocessor has 1 KiB in flight. */
Test(timing, few_warps_leave_bandwidth_unused) {
    open_quietly("h100-sxm");
    struct streams s = make_streams();
    const struct vgpu_counters c = run("copy", 132, 64, 0, (void *[]){&s.from, &s.to});
    const double seconds = c.modeled_seconds - launch_seconds;
    const double bytes = (double)(c.dram_read_bytes + c.dram_write_bytes);
    cr_assert_str_eq(c.bound, "latency");
    cr_assert_lt(bytes / seconds, 0.4 * 3.35e12);
    cr_assert_gt(seconds, 690 / 1.98e9);
}

/* Loads that depend on the ones before them, on nothing, and on nothing but with their uses between: ptxas
   moves these up. */
Test(timing, loads_in_flight_overlap) {
    open_quietly("h100-sxm");
    CUdeviceptr p = device_array(NULL, 8 * MIB);
    const double blocks = launch_seconds + (1440 + 2 * 22) / 1.98e9; /* two warps' coming and going */
    const double chain = run("gather_chain", 132, 64, 0, (void *[]){&p}).modeled_seconds - blocks;
    const double one = run("gather1", 132, 64, 0, (void *[]){&p}).modeled_seconds - blocks;
    const double four = run("gather4", 132, 64, 0, (void *[]){&p}).modeled_seconds - blocks;
    cr_assert_gt(chain, 2.5 * four, "%g and %g", chain, four);
    cr_assert_lt(chain, 4 * four);
    cr_assert_float_eq(one, four, 0.02 * four, "%g and %g", one, four);
}

Test(timing, independent_chains_help) {
    open_quietly("l4");
    CUdeviceptr p = device_array(NULL, MIB);
    unsigned n = 1000;
    const struct vgpu_counters one = run("chain", 58, 32, 0, (void *[]){&p, &n});
    const struct vgpu_counters four = run("chains", 58, 32, 0, (void *[]){&p, &n});
    cr_assert_str_eq(one.bound, "latency");
    cr_assert_gt(one.modeled_seconds, 1.3 * four.modeled_seconds);
    /* four dependent fma of four cycles each, every iteration */
    cr_assert_gt(one.modeled_seconds, launch_seconds + 16e3 / 2.04e9);
    /* with many warps the chains no longer matter */
    const double many_one = run("chain", 58 * 4, 1024, 0, (void *[]){&p, &n}).modeled_seconds;
    const double many_four = run("chains", 58 * 4, 1024, 0, (void *[]){&p, &n}).modeled_seconds;
    cr_assert_float_eq(many_one, many_four, 0.01 * many_one);
}

/* What an iteration leaves in flight is waited for in the next, not forgotten. */
Test(timing, loads_are_waited_for_across_iterations) {
    open_quietly("h100-sxm");
    CUdeviceptr p = device_array(NULL, MIB);
    unsigned n = 200;
    const double now = run("wait_now", 132, 32, 0, (void *[]){&p, &n}).modeled_seconds - launch_seconds;
    const double next = run("wait_next", 132, 32, 0, (void *[]){&p, &n}).modeled_seconds - launch_seconds;
    cr_assert_gt(next, 0.9 * now, "%g and %g", next, now);
    cr_assert_leq(next, 1.05 * now);
}

/* Published for this card: 1.03 s with ten global atomics an element, 7.33 ms with sums over tiles
 * (reference/vgpu/README.md). */
Test(timing, published_rational_backward) {
    device_open((const char *[]){"VGPU_DEVICE=rtx-4060-ti", "VGPU_CHECK=none", NULL});
    module = device_module_from("ptx/rational.ptx");
    int rows = 1024 * 197, channels = 768, group_channels = 96, count = rows * channels;
    CUdeviceptr large[3], small[4];
    for (unsigned i = 0; i < 3; i++) {
        large[i] = device_array(NULL, (size_t)count * 4);
    }
    for (unsigned i = 0; i < 4; i++) {
        small[i] = device_array(NULL, 256);
    }
    vgpu_set_sampling(256);
    void *params[] = {&large[0], &large[1], &small[0], &small[1], &large[2],
                      &small[2], &small[3], &channels, &count,    &group_channels};
    struct vgpu_counters c;
    SUCCEED(device_run(module, "rational_backward_naive", (unsigned[]){(unsigned)count / 256, 1, 1},
                       (unsigned[]){256, 1, 1}, 0, params));
    cr_assert_eq(vgpu_counters_read(&c, sizeof c), 0);
    const double naive = c.modeled_seconds;
    cr_assert_str_eq(c.bound, "atomics");
    params[7] = &rows;
    params[8] = &channels;
    SUCCEED(device_run(module, "rational_backward_tile", (unsigned[]){(unsigned)rows / 64, 8, 1},
                       (unsigned[]){128, 1, 1}, 0, params));
    cr_assert_eq(vgpu_counters_read(&c, sizeof c), 0);
    const double ratio = naive / c.modeled_seconds;
    cr_assert(ratio > 140.5 / 3 && ratio < 140.5 * 3, "%g", ratio);
    cr_assert_float_eq(c.modeled_seconds, 7.33e-3, 0.2 * 7.33e-3);
}

static char *counters_with(unsigned threads) {
    char command[512];
    snprintf(command, sizeof command, "VGPU_CHECK=none VGPU_THREADS=%u '%s'", threads, COUNTERS_PRINT);
    FILE *pipe = popen(command, "r");
    cr_assert_not_null(pipe);
    char *text = calloc(1, 1 << 16);
    cr_assert_not_null(text);
    const size_t length = fread(text, 1, (1 << 16) - 1, pipe);
    cr_assert_eq(pclose(pipe), 0);
    cr_assert_gt(length, 1000);
    return text;
}

Test(timing, counters_do_not_depend_on_host_threads) {
    char *const one = counters_with(1), *const two = counters_with(2), *const four = counters_with(4);
    cr_assert_str_eq(one, two);
    cr_assert_str_eq(one, four);
    free(one);
    free(two);
    free(four);
}
