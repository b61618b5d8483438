/* Clocks of GPUs and what holds them back, by NVML. There is no GPU here: the library is the tests' own,
   whose functions have the types that nvml.h gives them (test_prototypes.c). */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "device/nvml.h"
#include "measure.h"

static struct nvml nvml;

static void library_use(const char *path, const char *clocks) {
    setenv("KATUNE_LIBNVML", path, 1);
    setenv("FAKE_NVML_CLOCKS", clocks, 1);
}

static void refused(const char *expected) {
    struct error err = {""};
    cr_assert(!nvml_open(&nvml, 0, 0x3b, 0, &err));
    cr_assert(strstr(err.text, expected) && !strchr(err.text, '\n'), "%s", err.text);
    cr_assert_null(nvml.library);
}

Test(nvml, each_refusal_is_one_line) {
    struct error err;
    library_use("/nowhere/libnvidia-ml.so.1", "1980:0");
    refused("KATUNE_LIBNVML=/nowhere/libnvidia-ml.so.1 cannot be loaded");
    library_use("libm.so.6", "1980:0");
    refused("libm.so.6 has no nvmlInit_v2: the driver is too old, or it is no NVML");
    library_use(FAKE_NVML, "1980:0");
    setenv("FAKE_NVML_INIT", "9", 1);
    refused("nvmlInit_v2: error 9");
    unsetenv("FAKE_NVML_INIT");
    cr_assert(!nvml_open(&nvml, 0, 1, 0, &err));
    cr_assert(strstr(err.text, "it knows no GPU at 00000000:01:00.0: error 6"), "%s", err.text);
}

Test(nvml, state) {
    struct error err;
    library_use(FAKE_NVML, "1410:36");
    cr_assert(nvml_open(&nvml, 0, 0x3b, 0, &err), "%s", err.text);
    const struct nvml_state s = nvml_state_read(&nvml);
    cr_expect_str_eq(s.driver, "580.00");
    cr_expect(s.units_mhz == 1410 && s.units_max == 1980 && s.memory_mhz == 2619 && s.memory_max == 2619);
    cr_expect_float_eq(s.watts, 650, 1e-9);
    cr_expect_float_eq(s.watts_max, 0, 0, "what is not supported is 0");
    cr_expect_eq(s.throttle, THROTTLE_POWER | THROTTLE_THERMAL);
    nvml_close(&nvml);
}

Test(nvml, reasons) {
    static const unsigned expected[] = {
        0, 0, 0, THROTTLE_POWER, THROTTLE_HARDWARE, 0, THROTTLE_THERMAL, THROTTLE_THERMAL, THROTTLE_POWER, 0};
    struct error err;
    /* none, idle, set by the user, power cap, slowdown, sync boost, thermal twice, power brake, display */
    library_use(FAKE_NVML, "1980:0 210:1 1500:2 1700:4 900:8 1900:16 1600:32 900:64 900:128 1900:256");
    cr_assert(nvml_open(&nvml, 0, 0x3b, 0, &err), "%s", err.text);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const struct device_clock c = nvml_clock(&nvml);
        cr_expect_eq(c.throttle, expected[i], "entry %zu: %u", i, c.throttle);
        if (i == 4) cr_expect_float_eq(c.ghz, 0.9, 1e-9);
    }
    nvml_close(&nvml);
}

static void run_sleep(const struct problem *p, const struct point *pt, const struct call *call) {
    (void)p, (void)pt, (void)call;
    nanosleep(&(struct timespec){0, 1000000}, NULL);
}

static struct device_clock clock_of_fake(struct device *d) {
    (void)d;
    return nvml_clock(&nvml);
}

/* A measurement whose samples have the clocks of the list beside them. */
static struct contender measured(const char *clocks) {
    struct error err = {""};
    struct variant v = {.name = "sleep", .run = run_sleep, .op = COPY, .dtypes = F32};
    struct contender c = {.variant = &v, .problem = problem_default(COPY, F32)};
    struct device *const d = device_open("cpu", false, &err);
    cr_assert_not_null(d, "%s", err.text);
    struct meter *const m = meter_open(d, &(struct measure_options){.warm = true, .width = 1e-9}, &err);
    library_use(FAKE_NVML, clocks);
    cr_assert(m && nvml_open(&nvml, 0, 0x3b, 0, &err), "%s", err.text);
    d->clock = clock_of_fake;
    cr_assert(measure(m, &c, 1, 0.05, false, &err), "%s", err.text);
    nvml_close(&nvml);
    meter_close(m);
    d->close(d);
    return c;
}

Test(nvml, a_few_samples_held_back_are_left_out) {
    const struct contender free_running = measured("1980:0"), c = measured("1980:0 1900:32 1980:0");
    cr_assert_geq(free_running.seconds.n, 10, "%d", free_running.seconds.n);
    cr_expect(!free_running.throttled && !free_running.throttle);
    cr_expect_float_eq(free_running.clock_ghz, 1.98, 1e-9);
    cr_expect(!c.throttled && c.throttle == THROTTLE_THERMAL);
    cr_expect_float_eq(c.clock_ghz, 1.98, 1e-9);
}

Test(nvml, many_samples_held_back_label_the_result) {
    const struct contender c = measured("1980:0 1980:0 1700:4");
    cr_expect(c.throttled && c.throttle == THROTTLE_POWER);
    cr_expect_geq(c.seconds.n, 10, "all samples are kept: %d", c.seconds.n);
}
