/* `katune probe`: the virtual GPU gives back the figures that its times are made of. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/nvrtc.h"
#include "program.h"

static void need_nvrtc(void) {
    struct nvrtc n;
    struct error err;
    if (!nvrtc_open(&n, &err)) cr_skip_test("%s", err.text);
    setenv("KATUNE_CACHE", KATUNE_BINARY_DIR "/cuda-cache", 1);
}

static cJSON *report_read(void) {
    return json_read(scratch_place("probe.json"));
}

static cJSON *probe(const char *arguments, int code) {
    char line[600];
    snprintf(line, sizeof line, "probe --quiet --time-budget 900 --json %s %s", scratch_place("probe.json"),
             arguments);
    const struct outcome o = program_run(line);
    cr_assert_eq(o.code, code, "%d: %s%s", o.code, o.out, o.err);
    return report_read();
}

static double number(const cJSON *o, const char *name) {
    return cJSON_GetNumberValue(cJSON_GetObjectItem(o, name));
}

static double value_of(const cJSON *report, const char *name) {
    const cJSON *c;
    cJSON_ArrayForEach(c, cJSON_GetObjectItem(report, "cases")) {
        if (strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(c, "case")), name) == 0)
            return number(c, "value");
    }
    cr_assert_fail("no case %s", name);
    return 0;
}

/* Every case with a figure comes within a factor of it, and these figures have a case. */
static const char *case_of(const cJSON *c) {
    return cJSON_GetStringValue(cJSON_GetObjectItem(c, "case"));
}

static void figures_come_back(const cJSON *report) {
    static const double factor =
        1.15; /* loops have instructions of their own; DRAM attains 0.92 of its peak */
    static const char *const all[] = {"alu",
                                      "half",
                                      "fp64",
                                      "half_cycles",
                                      "fp64_cycles",
                                      "fma",
                                      "sfu",
                                      "lsu",
                                      "issue",
                                      "tensor",
                                      "alu_cycles",
                                      "fma_cycles",
                                      "sfu_cycles",
                                      "shuffle_cycles",
                                      "tensor_cycles",
                                      "shared_cycles",
                                      "l1_cycles",
                                      "l2_cycles",
                                      "dram_cycles",
                                      "launch_nanoseconds",
                                      "l2_bytes_per_clock",
                                      "dram_gigabytes_per_second"};
    unsigned found = 0;
    const cJSON *c;
    cJSON_ArrayForEach(c, cJSON_GetObjectItem(report, "cases")) {
        const cJSON *const figure = cJSON_GetObjectItem(c, "figure");
        if (!figure) continue;
        const double ratio = number(c, "value") / number(c, "profile");
        const double least = strncmp(case_of(c), "copy", 4) == 0 ? 0.85 : 1 / factor; /* DRAM turns around */
        cr_expect(ratio < factor && ratio > least, "%s: %s is %g, %g times the profile's", case_of(c),
                  figure->valuestring, number(c, "value"), ratio);
        for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
            found |= (unsigned)(strcmp(all[i], figure->valuestring) == 0) << i;
    }
    cr_expect_eq(found, (1u << sizeof all / sizeof *all) - 1, "some figure has no case: %x", found);
}

TestSuite(probe, .timeout = 300);

Test(probe, h100) {
    need_nvrtc();
    cJSON *const report =
        probe("--device vgpu:h100-sxm --only 'latency,throughput,bandwidth,launch,add.f32 on 1 word,add.f32 "
              "on 32 words*'",
              0);
    cr_expect_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(report, "schema")), "katune-probe/1");
    cr_expect_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(report, "beside")), "h100-sxm");
    cr_expect(cJSON_IsTrue(cJSON_GetObjectItem(report, "modeled")));
    figures_come_back(report);
    cr_expect_gt(value_of(report, "add.f32 on 32 words 4096 B apart, lanes spread"),
                 8 * value_of(report, "add.f32 on 1 word"));
    cJSON_Delete(report);
}

/* Of another time and another kind, and without warps for all the blocks. */
Test(probe, rtx_4060_ti) {
    need_nvrtc();
    cJSON *const report =
        probe("--device vgpu:rtx-4060-ti --only 'latency,throughput,bandwidth,launch,shared'", 0);
    figures_come_back(report);
    cJSON_Delete(report);
}

/* Beside another device's profile. */
Test(probe, beside) {
    need_nvrtc();
    cJSON *const report = probe("--device vgpu:t4 --beside h100-sxm --only 'load from L2*'", 0);
    const cJSON *const c = cJSON_GetArrayItem(cJSON_GetObjectItem(report, "cases"), 0);
    cr_expect(number(c, "profile") == 285 && number(c, "value") < 200, "%s", cJSON_Print(c));
    cJSON_Delete(report);
}

/* What cannot be done is a line each, and the report has it. */
Test(probe, no_time_is_left) {
    need_nvrtc();
    cJSON *const report = probe("--device vgpu:h100-sxm --only 'launch' --time-budget 1e-9", 1);
    const cJSON *const c = cJSON_GetArrayItem(cJSON_GetObjectItem(report, "cases"), 0);
    cr_expect_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(c, "failure")),
                     "no time is left: --time-budget gives more");
    cJSON_Delete(report);
}

Test(probe, refusals) {
    program_refused("probe", "--device cpu is no GPU: give cuda:0, or vgpu:h100-sxm");
    program_refused("probe --device vgpu:nothing", "there is no such profile");
    program_refused("probe --device vgpu:h100-sxm --beside h200",
                    "--beside h200: there is no such profile: there are h100-sxm, ");
    program_refused("probe --device vgpu:h100-sxm --only nothing",
                    "--only nothing: no group and no case is called that");
    setenv("KATUNE_LIBCUDA", "/nowhere/libcuda.so", 1);
    program_refused("probe --device cuda:0", "KATUNE_LIBCUDA=/nowhere/libcuda.so cannot be loaded");
}
