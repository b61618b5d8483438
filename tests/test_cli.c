/* The command line: help, listings, check and bench, and every bad argument one line and exit code 2. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "program.h"
#include "registry.h"

static int lines(const char *text) {
    int count = 0;
    for (; *text; text++) count += *text == '\n';
    return count;
}

static struct outcome run_ok(const char *arguments) {
    const struct outcome o = program_run(arguments);
    cr_assert_eq(o.code, 0, "katune %s: exit code %d: %s%s", arguments, o.code, o.out, o.err);
    return o;
}

Test(cli, help) {
    static const char *const commands[] = {"check", "bench", "variants", "devices"};
    const struct outcome all = run_ok("--help");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char arguments[64];
        cr_assert(strstr(all.out, commands[i]));
        snprintf(arguments, sizeof arguments, "%s --help", commands[i]);
        const struct outcome one = run_ok(arguments);
        cr_assert(strstr(one.out, "usage: katune ") && !*one.err);
    }
    cr_assert(strstr(run_ok("--version").out, "katune "));
}

Test(cli, bad_arguments) {
    program_refused("check --only", "--only needs a value");
    program_refused("check --nonsense", "--nonsense: unknown option");
    program_refused("check stray", "\"stray\" is no option");
    program_refused("check --op rational", "--op rational: unknown operation: use copy, gelu_fwd");
    program_refused("check --dtype f64", "--dtype f64: unknown: use f32, f16 or bf16");
    program_refused("check --shape 12", "--shape 12: write ROWSxCHANNELS");
    program_refused("check --shape 4x0", "--shape 4x0: rows are 0 to 2^40");
    program_refused("check --shape 4x-8", "--shape 4x-8: write ROWSxCHANNELS");
    program_refused("check --shape 4x12 --op rational_fwd", "channels (12) do not divide into 8 groups");
    program_refused("check --shape 4x16 --op rational_fwd --attr form=C",
                    "attribute form is \"C\": use A or B");
    program_refused("check --shape 4x16 --attr nonsense=1", "no attribute \"nonsense\"");
    program_refused("check --attr form=B", "--attr goes with --shape");
    program_refused("check --param ROWS", "--param ROWS: write NAME=VALUE");
    program_refused("check --only no_such_variant", "--only no_such_variant: there is no such variant");
    program_refused("tune --only 'copy_*,gelu_tpu'", "--only gelu_tpu: there is no such variant");
    program_refused("check --param NONSENSE=1", "--param NONSENSE=1: no variant has this parameter");
    program_refused("check --param ROWS=x", "--param ROWS=x: the value is a whole number");
    program_refused("check --dist gauss", "\"gauss\" is no distribution");
    program_refused("check --seed -1", "--seed -1: give a whole number");
    program_refused("check --device tpu", "unknown device \"tpu\"");
    program_refused("bench --time-budget 0", "--time-budget 0: give seconds");
    program_refused("bench --shape 0x8 --op copy", "nothing to time with 0 rows");
    program_refused("bench --strict", "--strict goes with --bars");
    program_refused("bench --bars --counters all", "--bars counts what it needs: leave out --counters");
    program_refused("devices --only x", "--only: unknown option");
    const struct outcome unknown = program_run("nonsense");
    cr_assert(unknown.code == 2 && strstr(unknown.err, "unknown command \"nonsense\""));
    cr_assert_eq(program_run("").code, 2);
    cr_assert_eq(program_run("check --op copy --only gelu_fwd_scalar").code, 3);
}

Test(cli, isa_of_the_environment) {
    struct outcome o;
    setenv("KATUNE_ISA", "nonsense", 1);
    o = program_run("check --op copy");
    cr_assert(o.code == 2 && strstr(o.err, "KATUNE_ISA=nonsense is unknown"), "%s", o.err);
    setenv("KATUNE_ISA", "scalar", 1);
    o = run_ok("devices --json");
    cJSON *const json = cJSON_Parse(o.out);
    cr_assert_eq(cJSON_GetArraySize(cJSON_GetObjectItem(cJSON_GetArrayItem(json, 0), "isa")), 1);
    cJSON_Delete(json);
    cr_assert(strstr(o.out, "\"vgpu:h100-sxm\"") && strstr(o.out, "\"vgpu:t4\""), "%s", o.out);
    o = program_run("bench --op copy --only 'copy_avx2,copy_cuda' --shape 8x8");
    cr_expect(o.code == 3 &&
                  strcmp(o.out, "  skipped copy_avx2: the device does not have this instruction set\n"
                                "0 timed, 0 failed their check, 1 skipped\n") == 0,
              "%s", o.out);
}

Test(cli, variants_as_json) {
    const struct outcome o = run_ok("variants --json --only '*copy*'");
    cJSON *const json = cJSON_Parse(o.out);
    cr_assert(cJSON_IsArray(json));
    int count = 0;
    for (int i = 0; i < variant_count(); i++) count += variant_matches(variant_at(i), "*copy*");
    cr_assert_eq(cJSON_GetArraySize(json), count);
    const cJSON *one;
    cJSON_ArrayForEach(one, json) {
        const struct variant *const v = variant_find(cJSON_GetStringValue(cJSON_GetObjectItem(one, "name")));
        cr_assert_not_null(v);
        cr_assert_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(one, "op")), op_name(v->op));
        cr_assert_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(one, "backend")), backend_name(v->backend));
        cr_assert_eq(cJSON_GetArraySize(cJSON_GetObjectItem(one, "params")), param_count(v));
        cr_assert(strlen(cJSON_GetStringValue(cJSON_GetObjectItem(one, "about"))) > 10);
    }
    cJSON_Delete(json);
}

Test(cli, variants_are_labelled) {
    const struct outcome o = run_ok("variants --op rational_bwd");
    for (int i = 0; i < variant_count(); i++) {
        const struct variant *const v = variant_at(i);
        if (v->op != RATIONAL_BWD) continue;
        const char *const name = strstr(o.out, v->name), *const line = name ? strchr(name, '\n') + 1 : "";
        const char *const order = strstr(line, ", order-dependent"), *const end = strchr(line, '\n');
        cr_expect_eq(order && order < end, (v->flags & ORDER_DEPENDENT) != 0, "%s", v->name);
    }
}

static cJSON *file_json(const char *path) {
    struct error err = {""};
    size_t size;
    char *const text = file_read(path, &size, &err);
    cr_assert_not_null(text, "%s", err.text);
    cJSON *const json = cJSON_Parse(text);
    cr_assert_not_null(json, "%s", text);
    free(text);
    return json;
}

Test(cli, check_writes_results) {
    const char *const path = scratch_place("check.json");
    char arguments[512];
    snprintf(arguments, sizeof arguments, "check --op copy --shape 7x24 --dtype bf16 --json %s", path);
    const struct outcome o = run_ok(arguments);
    cr_assert(strstr(o.out, " passed, 0 failed"));
    cJSON *const json = file_json(path);
    cr_assert_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(json, "schema")), "katune-results/1");
    const cJSON *const first = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "results"), 0);
    const cJSON *const problem = cJSON_GetObjectItem(first, "problem");
    cr_assert_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(problem, "dtype")), "bf16");
    cr_assert_eq(cJSON_GetNumberValue(cJSON_GetObjectItem(problem, "rows")), 7);
    const cJSON *const check = cJSON_GetObjectItem(first, "check");
    cr_assert_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(check, "status")), "passed");
    cJSON_Delete(json);
}

Test(cli, bench_writes_both_kinds_of_results) {
    const char *const own = scratch_place("own.json"), *const google = scratch_place("google.json");
    char arguments[1024];
    snprintf(arguments, sizeof arguments,
             "bench --only copy_scalar --shape 64x64 --warm --time-budget 0.05 --json %s --gbench %s", own,
             google);
    const struct outcome o = run_ok(arguments);
    cr_assert(strstr(o.out, "copy_scalar") && strstr(o.out, "1 timed"), "%s", o.out);
    cJSON *const json = file_json(own);
    const cJSON *const result = cJSON_GetArrayItem(cJSON_GetObjectItem(json, "results"), 0);
    const cJSON *const time = cJSON_GetObjectItem(result, "time_us");
    const double median = cJSON_GetNumberValue(cJSON_GetObjectItem(time, "median"));
    cr_assert(cJSON_GetNumberValue(cJSON_GetObjectItem(time, "lo")) <= median && median > 0);
    cr_assert(cJSON_IsFalse(cJSON_GetObjectItem(result, "cold")));
    cr_assert(cJSON_GetNumberValue(cJSON_GetObjectItem(cJSON_GetObjectItem(result, "roofline"), "fraction")) >
              0);
    cJSON *const gbench = file_json(google);
    static const char *const context[] = {
        "date",   "host_name",       "executable",         "num_cpus",           "mhz_per_cpu",
        "caches", "library_version", "library_build_type", "json_schema_version"};
    for (size_t i = 0; i < sizeof context / sizeof *context; i++)
        cr_assert(cJSON_GetObjectItem(cJSON_GetObjectItem(gbench, "context"), context[i]), "%s", context[i]);
    static const char *const keys[] = {"name",      "family_index",     "per_family_instance_index",
                                       "run_name",  "run_type",         "repetitions",
                                       "threads",   "repetition_index", "iterations",
                                       "real_time", "cpu_time",         "time_unit"};
    const cJSON *const benchmark = cJSON_GetArrayItem(cJSON_GetObjectItem(gbench, "benchmarks"), 0);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        cr_assert(cJSON_GetObjectItem(benchmark, keys[i]), "%s", keys[i]);
    cr_assert(!strchr(cJSON_GetStringValue(cJSON_GetObjectItem(benchmark, "name")), ' '));
    cJSON_Delete(json);
    cJSON_Delete(gbench);
}

Test(cli, unwritable_results_are_one_line_and_leave_the_old_file) {
    const char *const path = scratch_place("folder");
    char arguments[512];
    snprintf(arguments, sizeof arguments, "check --op copy --shape 2x8 --json %s",
             scratch_place("none/x.json"));
    const struct outcome o = program_run(arguments);
    cr_assert(o.code == 2 && lines(o.err) == 1 && strstr(o.err, "none/x.json"), "%s", o.err);
    cr_assert_eq(mkdir(path, 0777), 0);
    snprintf(arguments, sizeof arguments, "check --op copy --shape 2x8 --json %s", path);
    cr_assert_eq(program_run(arguments).code, 2);
}

Test(cli, bars) {
    const struct outcome o = run_ok("bench --bars --op gelu_fwd --shape 16x64 --time-budget 0.02");
    cr_assert(strstr(o.out, "gelu_fwd") && (strstr(o.out, "met") || strstr(o.out, "MISSED")), "%s", o.out);
    /* No scalar kernel reaches the copy's rate: the verdict, and with --strict the exit code, say so. */
    const struct outcome strict = program_run(
        "bench --bars --strict --op gelu_fwd --only gelu_fwd_scalar --shape 64x512 --time-budget 0.02");
    cr_assert(strict.code == 1 && strstr(strict.out, "MISSED") && strstr(strict.out, " missed"), "%s",
              strict.out);
}
