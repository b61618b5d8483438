/* `katune selftest` on the CPU, on the virtual GPU, and among variants that fail. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/nvrtc.h"
#include "program.h"

static cJSON *report_read(void) {
    return json_read(scratch_place("report.json"));
}

static void step_is(const cJSON *report, const char *name, const char *status) {
    const cJSON *step;
    cJSON_ArrayForEach(step, cJSON_GetObjectItem(report, "steps")) {
        if (strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(step, "step")), name) != 0) continue;
        cr_expect_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(step, "status")), status, "%s: %s", name,
                         cJSON_GetStringValue(cJSON_GetObjectItem(step, "text")));
        return;
    }
    cr_assert_fail("no step %s", name);
}

/* The whole program with a report in the scratch folder. */
static struct outcome selftest_run(const char *prefix, const char *arguments) {
    char line[600];
    snprintf(line, sizeof line, "selftest --quiet --json %s %s", scratch_place("report.json"), arguments);
    return program_run_with(prefix, line);
}

Test(selftest, cpu) {
    const struct outcome o = selftest_run("", "--only 'copy_*,silu_*,gelu_*' --time-budget 20");
    cr_assert(o.code == 0 || o.code == 3, "%d: %s%s", o.code, o.out, o.err);
    cJSON *const report = report_read();
    cr_expect_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(report, "schema")), "katune-selftest/1");
    cr_expect(cJSON_GetObjectItem(cJSON_GetObjectItem(report, "libraries"), "NVML"));
    step_is(report, "memory", "ok");
    step_is(report, "compiler", "skipped");
    step_is(report, "bandwidth", "ok");
    step_is(report, "timing", "ok");
    cr_expect(strstr(o.out, "\nselftest ") && strstr(o.out, "\nNVRTC "), "%s", o.out);
    cJSON_Delete(report);
}

Test(selftest, virtual_gpu) {
    struct nvrtc n;
    struct error err;
    if (!nvrtc_open(&n, &err)) cr_skip_test("%s", err.text);
    const struct outcome o =
        selftest_run("KATUNE_CACHE=" KATUNE_BINARY_DIR "/cuda-cache",
                     "--device vgpu:h100-sxm --only 'silu_fwd_cuda,copy_cuda' --time-budget 120");
    cr_assert_eq(o.code, 0, "%d: %s%s", o.code, o.out, o.err);
    cJSON *const report = report_read();
    static const char *const expected[][2] = {{"check", "ok"},      {"memory", "ok"},   {"compiler", "ok"},
                                              {"bandwidth", "ok"},  {"counters", "ok"}, {"clock", "skipped"},
                                              {"timing", "skipped"}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        step_is(report, expected[i][0], expected[i][1]);
    cr_expect(strstr(o.out, "6 of 6 variants x dtypes") && strstr(o.out, "a spoilt entry is made anew"), "%s",
              o.out);
    cJSON_Delete(report);
}

/* Each failure is a line, and what comes after it is tried all the same. */
Test(selftest, failures) {
    char line[600], said[8000];
    snprintf(line, sizeof line,
             "'%s' selftest --quiet --only 'silu_fwd_scalar,silu_fwd_scalar_[cw]*,silu_fwd_scalar_hang' "
             "--time-budget 20; echo exit $?",
             KATUNE_FAULTY);
    FILE *const pipe = popen(line, "r");
    cr_assert_not_null(pipe);
    said[fread(said, 1, sizeof said - 1, pipe)] = 0;
    pclose(pipe);
    static const char *const expected[] = {"check      FAILED ",
                                           " silu_fwd_scalar_crash on silu_fwd f32 ",
                                           ": crashed: ",
                                           ": no answer within 10 s: killed",
                                           "selftest FAILED\nexit 1\n",
                                           "\nmemory     ok "};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        cr_expect(strstr(said, expected[i]), "%s is not in: %s", expected[i], said);
}

Test(selftest, refusals) {
    program_refused("selftest --device cuda:x", "cuda:x: write the GPU's number");
    program_refused("selftest --device vgpu:nothing", "there is no such profile");
    setenv("KATUNE_LIBCUDA", KATUNE_BINARY_DIR "/vgpu/libvgpu.so", 1);
    program_refused("selftest --device cuda:9", "cuda:9: the driver finds 1 GPU, numbered from 0");
    setenv("KATUNE_LIBCUDA", "/nowhere/libcuda.so", 1);
    program_refused("selftest --device cuda:0", "KATUNE_LIBCUDA=/nowhere/libcuda.so cannot be loaded");
}
