/* Recordings: other tuners' formats read, written, and checked against their definitions. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "program.h"
#include "record.h"

static const char cache[] =
    "{\"device_name\": \"Test GPU\", \"kernel_name\": \"axpy\", \"problem_size\": [4096, 2],\n"
    "\"tune_params_keys\": [\"block\", \"unroll\", \"use_ldg\", \"layout\"],\n"
    "\"tune_params\": {\"block\": [32, 64], \"unroll\": [1, 2], \"use_ldg\": [true, false], \"layout\": "
    "[\"soa\", \"a,os\"]},\n\"cache\": {\n"
    "\"32,1,True,soa\": {\"block\": 32, \"unroll\": 1, \"use_ldg\": true, \"layout\": \"soa\", \"time\": "
    "2.5, "
    "\"times\": [2.25, 2.5, 2.75], \"compile_time\": 100, \"verification_time\": 0, \"benchmark_time\": 7.5, "
    "\"strategy_time\": 1, \"framework_time\": 2, \"timestamp\": \"2026-01-02T03:04:05\", \"pressure\": "
    "{\"memory\": 0.75}},\n"
    "\"64,1,True,soa\": {\"block\": 64, \"unroll\": 1, \"use_ldg\": true, \"layout\": \"soa\", \"time\": "
    "1.25},\n"
    "\"64,2,False,a,os\": {\"block\": 64, \"unroll\": 2, \"use_ldg\": false, \"layout\": \"a,os\", "
    "\"__error__\": "
    "\"CompilationFailedConfig\"},\n"
    "\"32,2,False,a,os\": {\"block\": 32, \"unroll\": 2, \"use_ldg\": false, \"layout\": \"a,os\", \"time\": "
    "\"InvalidConfig\"},\n";

static const char *file_of(const char *name, const char *text) {
    const char *const path = scratch_place(name);
    struct error err;
    cr_assert(file_write(path, text, strlen(text), &err), "%s", err.text);
    return path;
}

static struct record read_of(const char *name, const char *text) {
    struct record r;
    struct error err = {""};
    cr_assert(record_read(&r, file_of(name, text), &err), "%s", err.text);
    return r;
}

static void expect_axpy(const struct record *r) {
    cr_assert_eq(r->count, 4);
    cr_assert_eq(space_param_count(r->space), 4);
    int64_t best = record_best(r);
    cr_assert_float_eq(r->rows[best].seconds, 1.25e-3, 1e-12);
    const int block = space_param_find(r->space, "block"), layout = space_param_find(r->space, "layout");
    cr_assert(block >= 0 && layout >= 0);
    cr_assert(space_param_at(r->space, block)->ordered);
    cr_assert_not(space_param_at(r->space, layout)->ordered);
    cr_assert_eq(space_param_at(r->space, block)->values[r->rows[best].config.at[block]].number, 64);
    int compile = 0, constraint = 0;
    for (int i = 0; i < 4; i++) {
        compile += r->rows[i].status == RECORD_COMPILE;
        constraint += r->rows[i].status == RECORD_CONSTRAINT;
        cr_assert_eq(space_find(r->space, &r->rows[i].config), i);
        cr_assert_eq(isfinite(r->rows[i].seconds), r->rows[i].status == RECORD_CORRECT);
    }
    cr_assert_eq(compile, 1);
    cr_assert_eq(constraint, 1);
}

/* Left open at its end, as Kernel Tuner leaves it, and closed. */
Test(record, reads_kernel_tuner_caches) {
    char closed[4096];
    struct record r = read_of("open.json", cache);
    expect_axpy(&r);
    cr_assert_str_eq(r.device, "Test GPU");
    cr_assert_str_eq(r.kernel, "axpy");
    cr_assert_str_eq(r.problem, "4096,2");
    cr_assert_eq(r.rows[0].time_count, 3);
    cr_assert_float_eq(r.rows[0].times[2], 2.75e-3, 1e-12);
    cr_assert_float_eq(r.rows[0].pressure[RESOURCE_MEMORY], 0.75, 1e-12);
    cr_assert(isnan(r.rows[0].pressure[RESOURCE_COMPUTE]));
    cr_assert_float_eq(r.rows[0].compile, 0.1, 1e-12);
    record_free(&r);
    snprintf(closed, sizeof closed, "%.*s}}", (int)(strlen(cache) - 2), cache);
    r = read_of("closed.json", closed);
    expect_axpy(&r);
    record_free(&r);
}

static char *written(const struct record *r, void (*write)(const struct record *const *, int, FILE *)) {
    char *text = NULL;
    size_t size;
    FILE *const to = open_memstream(&text, &size);
    write(&r, 1, to);
    fclose(to);
    return text;
}

static void kernel_tuner_write_one(const struct record *const *records, int count, FILE *to) {
    cr_assert_eq(count, 1);
    kernel_tuner_write(records[0], to);
}

/* What a format keeps comes back. */
Test(record, every_format_round_trips) {
    static const struct {
        const char *name;
        void (*write)(const struct record *const *, int, FILE *);
    } formats[] = {{"kt.json", kernel_tuner_write_one}, {"t4.json", t4_write}, {"x.csv", csv_write}};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct record r = read_of("in.json", cache);
        char *const text = written(&r, formats[i].write);
        struct record back = read_of(formats[i].name, text);
        expect_axpy(&back);
        cr_assert_str_eq(back.device, "Test GPU");
        cr_assert_str_eq(back.rows[0].timestamp, "2026-01-02T03:04:05");
        char *const again = written(&back, formats[i].write);
        cr_assert_str_eq(text, again);
        free(text);
        free(again);
        record_free(&back);
        record_free(&r);
    }
}

static const cJSON *member(const cJSON *o, const char *name, int type) {
    const cJSON *const found = cJSON_GetObjectItemCaseSensitive(o, name);
    cr_assert(found && (found->type & 0xff) == type, "%s", name);
    return found;
}

/* As Kernel Tuner's reader and its simulation mode want them. */
Test(record, kernel_tuner_caches_keep_to_their_definition) {
    struct record r = read_of("in.json", cache);
    char *const text = written(&r, kernel_tuner_write_one);
    /* Kernel Tuner takes a file that ends otherwise for one left open. */
    cr_assert_str_eq(text + strlen(text) - 4, "}\n}\n");
    cJSON *const root = cJSON_Parse(text);
    member(root, "device_name", cJSON_String), member(root, "kernel_name", cJSON_String);
    cr_assert(cJSON_HasObjectItem(root, "problem_size"));
    const cJSON *const keys = member(root, "tune_params_keys", cJSON_Array),
                       *const params = member(root, "tune_params", cJSON_Object), *entry, *key;
    cr_assert_eq(cJSON_GetArraySize(keys), cJSON_GetArraySize(params));
    cr_assert_str_eq(member(root, "objective", cJSON_String)->valuestring, "time");
    cJSON_ArrayForEach(entry, member(root, "cache", cJSON_Object)) {
        char name[256] = "";
        cJSON_ArrayForEach(key, keys) {
            const cJSON *const value = cJSON_GetObjectItemCaseSensitive(entry, key->valuestring), *one;
            cr_assert(value, "%s", key->valuestring);
            bool listed = false;
            cJSON_ArrayForEach(one, member(params, key->valuestring, cJSON_Array)) listed =
                listed || cJSON_Compare(one, value, true);
            cr_assert(listed, "%s", key->valuestring);
            /* the entry's name is the values as Python prints them, with commas between */
            char number[32];
            snprintf(number, sizeof number, "%g", value->valuedouble);
            if (*name) strcat(name, ",");
            strcat(name, cJSON_IsString(value) ? value->valuestring
                         : cJSON_IsTrue(value) ? "True"
                         : cJSON_IsBool(value) ? "False"
                                               : number);
        }
        cr_assert_str_eq(entry->string, name);
        static const char *const times[] = {"compile_time", "verification_time", "benchmark_time",
                                            "strategy_time", "framework_time"};
        for (size_t i = 0; i < sizeof times / sizeof *times; i++) member(entry, times[i], cJSON_Number);
        member(entry, "timestamp", cJSON_String);
        if (!cJSON_HasObjectItem(entry, "__error__")) {
            cr_assert_gt(member(entry, "time", cJSON_Number)->valuedouble, 0);
            member(entry, "times", cJSON_Array);
        }
    }
    cJSON_Delete(root);
    free(text);
    record_free(&r);
}

Test(record, t4_results_keep_to_their_schema) {
    static const char *const invalidities[] = {"timeout",     "compile",     "runtime",
                                               "correctness", "constraints", "correct"};
    struct record r = read_of("in.json", cache);
    char *const text = written(&r, t4_write);
    cJSON *const root = cJSON_Parse(text);
    int major, minor, patch;
    cr_assert_eq(
        sscanf(member(root, "schema_version", cJSON_String)->valuestring, "%d.%d.%d", &major, &minor, &patch),
        3);
    const cJSON *const metadata = member(root, "metadata", cJSON_Object);
    static const char *const about[] = {"compute_api",       "platform",  "device",  "autotuner",
                                        "autotuner_version", "timestamp", "timeunit"};
    for (size_t i = 0; i < sizeof about / sizeof *about; i++) member(metadata, about[i], cJSON_String);
    const cJSON *result, *m;
    cJSON_ArrayForEach(result, member(root, "results", cJSON_Array)) {
        cr_assert_eq(cJSON_GetArraySize(member(result, "configuration", cJSON_Object)), 4);
        const cJSON *const times = member(result, "times", cJSON_Object);
        static const char *const names[] = {"compilation_time", "framework", "search_algorithm",
                                            "validation"};
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) member(times, names[i], cJSON_Number);
        member(times, "runtimes", cJSON_Array);
        const char *const invalidity = member(result, "invalidity", cJSON_String)->valuestring;
        bool known = false;
        for (size_t i = 0; i < sizeof invalidities / sizeof *invalidities; i++)
            known = known || strcmp(invalidity, invalidities[i]) == 0;
        cr_assert(known, "%s", invalidity);
        const bool correct = strcmp(invalidity, "correct") == 0;
        cr_assert_eq(member(result, "correctness", cJSON_Number)->valuedouble, correct);
        cr_assert_str_eq(member(result, "objectives", cJSON_Array)->child->valuestring, "time");
        cr_assert_eq(cJSON_GetArraySize(member(result, "measurements", cJSON_Array)), correct);
        cJSON_ArrayForEach(m, member(result, "measurements", cJSON_Array)) {
            cr_assert_str_eq(member(m, "name", cJSON_String)->valuestring, "time");
            cr_assert_str_eq(member(m, "unit", cJSON_String)->valuestring, "ms");
            member(m, "value", cJSON_Number);
        }
    }
    cJSON_Delete(root);
    free(text);
    record_free(&r);
}

Test(record, google_benchmark_names_carry_the_configuration) {
    struct record r = read_of("in.json", cache);
    char *const text = written(&r, gbench_write);
    cJSON *const root = cJSON_Parse(text);
    member(member(root, "context", cJSON_Object), "date", cJSON_String);
    const cJSON *b;
    int failed = 0;
    cJSON_ArrayForEach(b, member(root, "benchmarks", cJSON_Array)) {
        cr_assert_str_eq(member(b, "run_type", cJSON_String)->valuestring, "iteration");
        cr_assert_not(strchr(member(b, "name", cJSON_String)->valuestring, ' '));
        member(b, "iterations", cJSON_Number), member(b, "real_time", cJSON_Number),
            member(b, "cpu_time", cJSON_Number);
        failed += cJSON_HasObjectItem(b, "error_occurred");
    }
    cr_assert_eq(failed, 2);
    cJSON_Delete(root);
    struct record back = read_of("gb.json", text);
    cr_assert_eq(back.count, 4);
    cr_assert_float_eq(back.rows[record_best(&back)].seconds, 1.25e-3, 1e-12);
    record_free(&back);
    free(text);
    record_free(&r);
}

static void expect_refusal(const char *text, const char *reason) {
    struct record r;
    struct error err = {""};
    const char *const path = file_of("bad.json", text);
    cr_expect_not(record_read(&r, path, &err), "%s", text);
    cr_expect(strstr(err.text, reason) && strstr(err.text, path), "%s", err.text);
    cr_expect_null(r.space);
    record_free(&r);
}

Test(record, bad_files) {
    expect_refusal("{\"cache\": {}}", "tune_params_keys is missing");
    expect_refusal("{\"tune_params_keys\": [1], \"cache\": {}}", "holds what is no text");
    expect_refusal("{\"tune_params_keys\": [\"a\"], \"cache\": {}}", "holds no configuration");
    expect_refusal("{\"tune_params_keys\": [\"a\"], \"cache\": {\"1\": 5}}", "cache[\"1\"]: is no object");
    expect_refusal("{\"tune_params_keys\": [\"a\"], \"cache\": {\"1\": {\"a\": null}}}", "a is missing");
    expect_refusal("{\"tune_params_keys\": [\"a\"], \"cache\": {\"1\": {\"a\": 1}}}", "neither time nor");
    expect_refusal("{\"tune_params_keys\": [\"a\"], \"cache\": {\"1\": {\"a\": 1, \"time\": -1}}}",
                   "above 0");
    expect_refusal("{\"tune_params_keys\": [\"a\"],\n \"cache\": {\"1\": ", "line 2: not JSON");
    expect_refusal("{\"results\": [{\"configuration\": {\"a\": 1}, \"invalidity\": \"maybe\"}]}",
                   "results[0]: invalidity is not one of");
    expect_refusal("{\"results\": [{\"configuration\": {\"a\": 1}, \"invalidity\": \"correct\"}]}",
                   "no measurement of its objective");
    expect_refusal("{\"some\": 1}", "neither a Kernel Tuner cache");
    expect_refusal("a,b\n1,2\n", "a column time_ms");
    expect_refusal("a,time_ms\n1,2\n3\n", "line 3: has not 2 fields");
    expect_refusal("a,time_ms\n1,x\n", "line 2: time_ms is \"x\"");
    expect_refusal("a,status,time_ms\n1,odd,1\n", "status \"odd\" is unknown");
}

Test(record, replays_without_a_device) {
    char line[1024];
    snprintf(line, sizeof line, "tune --replay %s --strategy random --seed 4", file_of("axpy.json", cache));
    const struct outcome o = program_run(line);
    cr_assert_eq(o.code, 0, "%s", o.err);
    cr_assert(strstr(o.out, "random: 4 of 4 configurations tried, 2 of them failed"), "%s", o.out);
    cr_assert(strstr(o.out, "block=64 unroll=1 use_ldg=true layout=soa"), "%s", o.out);
    snprintf(line, sizeof line, "bench --search %s", scratch_folder());
    const struct outcome b = program_run(line);
    cr_assert_eq(b.code, 0, "%s", b.err);
    cr_assert(strstr(b.out, "bayes") && strstr(b.out, "random") && strstr(b.out, "worse than random on 0"),
              "%s", b.out);
    const struct outcome bad = program_run("tune --replay /nonexistent --strategy random");
    cr_assert_eq(bad.code, 2);
    cr_assert_eq(program_run("tune --replay x --strategy clever").code, 2);
    cr_assert_eq(program_run("tune --replay x --budget-evals 0").code, 2);
}
