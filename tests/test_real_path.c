/* The path that a real GPU takes, on machines without one: a driver that has nothing of the virtual GPU's own
   (plain_driver.c), and an NVML that says what a test wants (fake_nvml.c). */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/nvrtc.h"
#include "program.h"

static void setup(void) {
    struct nvrtc n;
    struct error err;
    if (!nvrtc_open(&n, &err)) cr_skip_test("%s", err.text);
    setenv("KATUNE_CACHE", scratch_place("cache"), 1);
    setenv("KATUNE_LIBCUDA", PLAIN_DRIVER, 1);
    setenv("KATUNE_LIBNVML", FAKE_NVML, 1);
    setenv("FAKE_NVML_ADDRESS", "00000000:00:00.0", 1); /* where the virtual GPU is */
    setenv("VGPU_DEVICE", "h100-sxm", 1);
    setenv("VGPU_REPORT", "/dev/null", 1);
}

TestSuite(real_path, .init = setup, .timeout = 300);

static cJSON *json_of(const char *pattern) {
    glob_t found;
    const char *const path = scratch_place(pattern);
    cr_assert_eq(glob(path, 0, NULL, &found), 0, "%s", path);
    cJSON *const o = json_read(found.gl_pathv[0]);
    globfree(&found);
    return o;
}

/* One variant timed beside these clocks; its result. The caller deletes *whole. */
static const cJSON *bench(const char *clocks, struct outcome *o, cJSON **whole) {
    char arguments[600];
    setenv("FAKE_NVML_CLOCKS", clocks, 1);
    snprintf(arguments, sizeof arguments,
             "bench --device cuda:0 --op silu_fwd --shape 20x48 --only silu_fwd_cuda --no-ceilings --warm "
             "--time-budget 0.3 --json %s",
             scratch_place("bench.json"));
    *o = program_run(arguments);
    cr_assert_eq(o->code, 0, "%s%s", o->out, o->err);
    *whole = json_of("bench.json");
    const cJSON *const result = cJSON_GetArrayItem(cJSON_GetObjectItem(*whole, "results"), 0);
    cr_assert_not_null(result, "%s", cJSON_Print(*whole));
    return result;
}

static double number(const cJSON *o, const char *name) {
    return cJSON_GetNumberValue(cJSON_GetObjectItem(o, name));
}

/* What no counter says of a real GPU's kernels, the compiler does. */
Test(real_path, bars_know_spills_and_occupancy) {
    setenv("FAKE_NVML_CLOCKS", "1980", 1);
    const struct outcome o =
        program_run("bench --bars --device cuda:0 --op silu_fwd --dtype f32 --shape 64x96 --time-budget 0.1");
    const char *const what[] = {"silu_fwd f32: spilled bytes", "silu_fwd f32: theoretical occupancy"};
    cr_assert_eq(o.code, 0, "%s%s", o.out, o.err);
    for (int i = 0; i < 2; i++) {
        const char *const line = strstr(o.out, what[i]);
        cr_assert(line, "%s", o.out);
        const char *const met = strstr(line, " met ");
        cr_expect(met && met < strchr(line, '\n'), "%.100s", line);
    }
}

Test(real_path, clocks_are_watched) {
    struct outcome o;
    cJSON *whole;
    const cJSON *const r = bench("1980:0", &o, &whole);
    cr_expect_null(cJSON_GetObjectItem(r, "source"), "measured, not modeled");
    cr_expect(number(cJSON_GetObjectItem(r, "time_us"), "n") >= 5 &&
              number(cJSON_GetObjectItem(r, "time_us"), "batch") > 1);
    cr_expect_float_eq(number(r, "clock_ghz"), 1.98, 1e-9);
    cr_expect(cJSON_IsFalse(cJSON_GetObjectItem(r, "throttled")) && !cJSON_GetObjectItem(r, "throttle"));
    cJSON_Delete(whole);
}

Test(real_path, what_is_held_back_is_labelled) {
    struct outcome o;
    cJSON *whole;
    const cJSON *const r = bench("1980:0 1650:36", &o, &whole);
    cr_expect(cJSON_IsTrue(cJSON_GetObjectItem(r, "throttled")));
    char *const reasons = cJSON_PrintUnformatted(cJSON_GetObjectItem(r, "throttle"));
    cr_expect_str_eq(reasons, "[\"power\",\"thermal\"]");
    cr_expect(strstr(o.out, " throttled (power, thermal)"), "%s", o.out);
    free(reasons);
    cJSON_Delete(whole);
}

Test(real_path, nothing_needs_nvml) {
    struct outcome o;
    cJSON *whole;
    setenv("KATUNE_LIBNVML", "/nowhere/libnvidia-ml.so.1", 1);
    const cJSON *const r = bench("1980:0", &o, &whole);
    cr_expect(!cJSON_GetObjectItem(r, "clock_ghz") && cJSON_IsFalse(cJSON_GetObjectItem(r, "throttled")));
    cJSON_Delete(whole);
    o = program_run("devices");
    cr_expect(o.code == 0 &&
                  strstr(o.out, "    clocks unknown: KATUNE_LIBNVML=/nowhere/libnvidia-ml.so.1 cannot be"),
              "%s%s", o.out, o.err);
}

Test(real_path, devices) {
    setenv("FAKE_NVML_CLOCKS", "1410:32", 1);
    const struct outcome o = program_run("devices");
    cr_expect(o.code == 0 && strstr(o.out, "\ncuda:0: NVIDIA H100 80GB HBM3 (vgpu)\n"), "%s%s", o.out, o.err);
    cr_expect(
        strstr(
            o.out,
            "    clocks now 1410 of 1980 MHz, memory 2619 of 2619 MHz; 650 of 0 W; held back by: thermal\n"),
        "%s", o.out);
}

/* Tunes one candidate beside these clocks, and says whether the entry that this made is throttled by heat. */
static bool held_back(const char *results, const char *clocks, const char *more, struct outcome *o) {
    char arguments[600];
    setenv("FAKE_NVML_CLOCKS", clocks, 1);
    snprintf(
        arguments, sizeof arguments,
        "tune --device cuda:0 --results %s --quiet --op silu_fwd --shape 20x48 --only silu_fwd_cuda "
        "--param BLOCK=256 --param VEC=4 --param UNROLL=1 --param PER_UNIT=0 --param LOAD=0 --param STORE=0 "
        "--time-budget 1 %s",
        scratch_place(results), more);
    *o = program_run(arguments);
    cr_assert_eq(o->code, 0, "%s", o->err);
    snprintf(arguments, sizeof arguments, "%s/*/table.json", results);
    cJSON *const table = json_of(arguments);
    const cJSON *const entry = cJSON_GetArrayItem(cJSON_GetObjectItem(table, "entries"), 0);
    char *const reasons = cJSON_PrintUnformatted(cJSON_GetObjectItem(entry, "throttle"));
    const bool held = cJSON_IsTrue(cJSON_GetObjectItem(entry, "throttled"));
    if (held) cr_expect_str_eq(reasons, "[\"thermal\"]");
    free(reasons);
    cJSON_Delete(table);
    return held;
}

Test(real_path, what_was_held_back_is_said_where_its_time_is) {
    static const char said[] =
        "katune tune: silu_fwd f32 rows=20 channels=48: throttled (thermal) while it was "
        "timed: tune it again when it is not\n";
    char arguments[500];
    struct outcome o;
    cr_expect(held_back("held", "1980:0 1650:32", "", &o));
    cr_expect_str_eq(o.err, said);
    cr_expect(!held_back("free", "1980:0", "", &o));
    cr_expect_str_eq(o.err, "");
    const char *const held = scratch_place("held/*/table.json");
    snprintf(arguments, sizeof arguments, "table show %s", held);
    o = program_run(arguments);
    cr_expect(strstr(o.out, "  throttled (thermal)\n"), "%s%s", o.out, o.err);
    snprintf(arguments, sizeof arguments, "compare %s %s", held, scratch_place("free/*/table.json"));
    o = program_run(arguments);
    cr_expect(strstr(o.out, "; A throttled (thermal)\n"), "%s%s", o.out, o.err);
    /* The journal answers with the times of before, and they are as throttled as they were. */
    snprintf(arguments, sizeof arguments, "rm %s", held);
    cr_assert_eq(system(arguments), 0);
    cr_expect(held_back("held", "1980:0", "--resume", &o));
    cr_expect_str_eq(o.err, said);
}

/* A fault spoils the context, as it does on a GPU: the worker is replaced, and the sweep goes on. */
Test(real_path, a_sweep_goes_on_after_faults) {
    char line[900], said[4000];
    setenv("FAKE_NVML_CLOCKS", "1980:0", 1);
    snprintf(
        line, sizeof line,
        "'%s' tune --device cuda:0 --results %s --quiet --op silu_fwd --shape 20x48 --only "
        "'silu_fwd_cuda*' "
        "--param BLOCK=256 --param VEC=4 --param UNROLL=1 --param PER_UNIT=0 --param LOAD=0 --param STORE=0 "
        "--time-limit 8 --time-budget 1 2>&1; echo exit $?",
        KATUNE_FAULTY, scratch_place("results"));
    FILE *const pipe = popen(line, "r");
    cr_assert_not_null(pipe);
    said[fread(said, 1, sizeof said - 1, pipe)] = 0;
    pclose(pipe);
    cr_assert_str_eq(said, "exit 0\n");
    cJSON *const table = json_of("results/*/table.json");
    const cJSON *const entry = cJSON_GetArrayItem(cJSON_GetObjectItem(table, "entries"), 0);
    cr_expect_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(entry, "variant")), "silu_fwd_cuda");
    cr_expect_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(entry, "source")), "measured");
    char *const journal = device_file(scratch_place("results"), "journal.jsonl");
    cr_assert(journal && strstr(journal, "CUDA_ERROR_ILLEGAL_ADDRESS"), "%s", journal);
    cr_expect(strstr(journal, " at cuda.c:"), "the failing call's line: %s", journal);
    free(journal);
    cJSON_Delete(table);
}

Test(real_path, check_and_bench_go_on_after_faults) {
    static const char *const commands[][2] = {
        {"check", "\n1 passed, 5 failed, 0 skipped;"},
        {"bench --no-ceilings --time-budget 0.05", "\n1 timed, 5 failed their check, 0 skipped\n"}};
    setenv("FAKE_NVML_CLOCKS", "1980:0", 1);
    for (int i = 0; i < 2; i++) {
        char arguments[300];
        snprintf(arguments, sizeof arguments,
                 "%s --device cuda:0 --quiet --op silu_fwd --dtype f32 --shape 20x48 --only 'silu_fwd_cuda*' "
                 "--time-limit 6",
                 commands[i][0]);
        const struct outcome o = faulty_run(arguments);
        cr_expect_eq(o.code, 1, "exit code %d: %s", o.code, o.err);
        cr_expect(strstr(o.out, commands[i][1]), "%s", o.out);
        const char *const fault = strstr(o.out, "CUDA_ERROR_ILLEGAL_ADDRESS"),
                          *const hang = strstr(o.out, "no answer within 6 s: killed"),
                          *const wrong = strstr(o.out, "y[7] (row 0, channel 7) is ");
        cr_expect(fault && fault < hang && hang < wrong, "%s", o.out);
    }
}

/* Loops that are long enough to be timed, by the device's own clocks. */
Test(real_path, probe) {
    char arguments[300];
    snprintf(arguments, sizeof arguments,
             "probe --device cuda:0 --quiet --only 'syncwarp,empty kernel' --json %s",
             scratch_place("probe.json"));
    const struct outcome o = program_run(arguments);
    cr_assert_eq(o.code, 0, "%s%s", o.out, o.err);
    cJSON *const report = json_of("probe.json");
    cr_expect(cJSON_IsFalse(cJSON_GetObjectItem(report, "modeled")));
    cr_expect_null(cJSON_GetObjectItem(report, "beside"));
    const cJSON *const cases = cJSON_GetObjectItem(report, "cases"),
                       *const chain = cJSON_GetArrayItem(cases, 0),
                       *const launches = cJSON_GetArrayItem(cases, 1);
    cr_assert_eq(cJSON_GetArraySize(cases), 2);
    cr_expect(number(chain, "repeats") == 5 &&
              cJSON_GetNumberValue(cJSON_GetArrayItem(cJSON_GetObjectItem(chain, "seconds"), 0)) >= 0.9e-3);
    cr_expect_float_eq(number(chain, "clock_hz"), 1e9, 1, "the virtual GPU's two clocks are one");
    cr_expect_eq(number(launches, "rounds"), 100);
    cJSON_Delete(report);
}
