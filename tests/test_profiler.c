/* Counters through the program: exact on the virtual GPU, told once where they are not to be had. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "device/nvrtc.h"
#include "program.h"

static void needs_nvrtc(void) {
    struct nvrtc n;
    struct error err;
    if (!nvrtc_open(&n, &err)) cr_skip_test("%s", err.text);
}

static double number_at(const cJSON *counters, const char *name) {
    const cJSON *const value = cJSON_GetObjectItemCaseSensitive(counters, name);
    cr_assert(cJSON_IsNumber(value), "no counter %s", name);
    return value->valuedouble;
}

Test(profiler, a_copy_moves_its_bytes_and_no_more) {
    needs_nvrtc();
    const char *const path = scratch_place("copy.json");
    char arguments[800];
    snprintf(arguments, sizeof arguments,
             "bench --device vgpu:h100-sxm --op copy --shape 64x768 --time-budget 0.01 --no-ceilings "
             "--counters memory,compute --json %s",
             path);
    const struct outcome o = program_run(arguments);
    cr_assert_eq(o.code, 0, "%s%s", o.out, o.err);
    cr_assert_not_null(strstr(o.out, "8.000 bytes an element, of at least 8.000"), "%s", o.out);
    cJSON *const file = json_read(path);
    cr_assert_not_null(file);
    const cJSON *const result = cJSON_GetObjectItem(file, "results")->child;
    const cJSON *const counters = cJSON_GetObjectItem(result, "counters");
    cr_assert_eq(number_at(counters, "dram_read_bytes"), 64 * 768 * 4);
    cr_assert_eq(number_at(counters, "dram_write_bytes"), 64 * 768 * 4);
    cr_assert_eq(number_at(counters, "bank_conflicts"), 0);
    cr_assert_gt(number_at(counters, "instructions"), 0);
    cr_assert_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(result, "source")), "modeled");
    cJSON_Delete(file);
}

/* Counters are compared to the instruction, so a build is the same as itself. */
Test(profiler, modeled_results_compare_exactly) {
    needs_nvrtc();
    const char *const path = scratch_place("base.json");
    char arguments[800];
    snprintf(arguments, sizeof arguments,
             "bench --device vgpu:h100-sxm --op silu_fwd --shape 16x768 --time-budget 0.01 --no-ceilings "
             "--json %s",
             path);
    cr_assert_eq(program_run(arguments).code, 0);
    snprintf(arguments, sizeof arguments, "compare %s %s", path, path);
    const struct outcome o = program_run(arguments);
    cr_assert_eq(o.code, 0, "%s%s", o.out, o.err);
}

Test(profiler, cpu_counters_leave_times_alone) {
    const struct outcome o = program_run(
        "bench --only copy_scalar --shape 16x96 --warm --no-ceilings --time-budget 0.02 --counters all");
    cr_assert_eq(o.code, 0, "%s%s", o.out, o.err);
    cr_assert_not_null(strstr(o.out, "1 timed"));
}

Test(profiler, an_unknown_set_is_one_line) {
    const struct outcome o = program_run("bench --counters caches");
    cr_assert_eq(o.code, 2);
    cr_assert_not_null(strstr(o.err, "unknown set of counters \"caches\""), "%s", o.err);
}
