/* Tuning tables: written, read back, and refused with the path of what is wrong. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "file.h"
#include "program.h"
#include "table.h"

static struct table_entry entry_of(const char *key, const char *variant) {
    struct table_entry e = {.time_us = {10, 9, 11, 20}, .roofline = {"memory", 0.9}, .error = {1e-9, 1e-8}};
    struct error err = {""};
    cr_assert(problem_parse(key, &e.problem, &err), "%s", err.text);
    e.choice.variant = variant_find(variant);
    cr_assert(e.choice.variant);
    snprintf(e.fallback.variant, sizeof e.fallback.variant, "%s", variant);
    e.choice.point = point_at(e.choice.variant, 0);
    e.ties[e.tie_count++] = e.choice;
    return e;
}

static struct table table_sample(void) {
    struct table t;
    table_init(&t);
    t.device = (struct device_info){
        .name = "A CPU", .backend = "cpu", .arch = "avx2", .fingerprint = "a/2", .units = 2};
    t.device.caches[t.device.cache_count++] = (struct cache_info){.level = 1, .bytes = 32768};
    t.bandwidth_gbs = 20;
    t.tuning = (struct tuning){40, 30, 4, 3, 2, 1, 50};
    const struct table_entry one = entry_of("rational_fwd f32 rows=197 channels=768", "rational_fwd_scalar");
    const struct table_entry two =
        entry_of("bspline_bwd bf16 rows=5 channels=8 boundary=linear lo=-0.1", "bspline_bwd_scalar");
    static const struct counter winner[] = {{"dram_bytes", 1210368}, {"instructions", 0}},
                                runner_up[] = {{"dram_bytes", 1e17}};
    struct why why = {.sentence = "Memory bounds it.",
                      .role[WHY_WINNER] = {.variant = one.choice.variant,
                                           .bound = "memory",
                                           .busy = 0.9,
                                           .counters = winner,
                                           .counter_count = 2},
                      .role[WHY_RUNNER_UP] = {.variant = variant_find("rational_fwd_avx2"),
                                              .point = point_at(variant_find("rational_fwd_avx2"), 1),
                                              .time_us = 11,
                                              .bound = "issue",
                                              .busy = 0.75,
                                              .counters = runner_up,
                                              .counter_count = 1}};
    struct table_entry explained = one;
    explained.throttled = true, explained.throttle = THROTTLE_POWER | THROTTLE_THERMAL;
    explained.why = &why;
    cr_assert(table_put(&t, &explained) && table_put(&t, &two));
    return t;
}

Test(table, round_trip) {
    struct table t = table_sample(), back;
    struct error err = {""};
    const char *const path = scratch_place("table.json");
    cr_assert(table_write(&t, path, &err), "%s", err.text);
    cr_assert(table_read(&back, path, &err), "%s", err.text);
    cr_assert_eq(back.count, 2);
    for (int i = 0; i < 2; i++) {
        const struct table_entry *const e = table_find(&back, &t.entries[i].problem);
        cr_assert(e);
        cr_assert_eq(e->choice.variant, t.entries[i].choice.variant);
        cr_assert(point_equal(e->choice.variant, &e->choice.point, &t.entries[i].choice.point));
        cr_assert_eq(e->time_us.median, 10);
        cr_assert_eq(e->tie_count, 1);
        cr_assert(e->throttled == t.entries[i].throttled && e->throttle == t.entries[i].throttle);
    }
    cr_assert_str_eq(back.device.fingerprint, "a/2");
    cr_assert(memcmp(&back.tuning, &t.tuning, sizeof t.tuning) == 0);
    cr_assert_eq(back.device.caches[0].bytes, 32768u);
    table_free(&t);
    table_free(&back);
}

Test(table, put_replaces_the_same_problem) {
    struct table t = table_sample();
    struct table_entry e = t.entries[0];
    e.time_us.median = 9.5;
    cr_assert(table_put(&t, &e));
    cr_assert_eq(t.count, 2);
    cr_assert_eq(table_find(&t, &e.problem)->time_us.median, 9.5);
    table_free(&t);
}

Test(table, puts_problems_in_order) {
    struct table t = table_sample();
    const struct problem first = t.entries[0].problem, second = t.entries[1].problem;
    const struct problem absent = problem_default(COPY, F32), list[] = {absent, second};
    const struct why *const why = t.entries[0].why;
    cr_assert(why && table_order(&t, list, 2));
    cr_assert_eq(t.count, 2);
    cr_expect(problem_equal(&t.entries[0].problem, &second) && problem_equal(&t.entries[1].problem, &first));
    cr_expect_eq(table_find(&t, &first), &t.entries[1]);
    cr_expect_eq(t.entries[1].why->role[WHY_WINNER].counter_count, 2);
    cr_expect_str_eq(t.device.fingerprint, "a/2");
    cr_expect_gt(t.tuning.candidates, 0);
    table_free(&t);
}

/* The sample with `from` replaced by `to` must be refused with `reason`. */
static void expect_refusal(const char *from, const char *to, const char *reason) {
    struct table t = table_sample(), back;
    struct error err = {""};
    const char *const path = scratch_place("table.json");
    cr_assert(table_write(&t, path, &err), "%s", err.text);
    table_free(&t);
    size_t size;
    char *const text = file_read(path, &size, &err);
    char *const at = strstr(text, from);
    cr_assert(at, "\"%s\" is not in the sample", from);
    char *const changed = malloc(size + strlen(to) + 1);
    const int used = sprintf(changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    cr_assert(file_write(path, changed, (size_t)used, &err));
    free(text);
    free(changed);
    cr_assert(!table_read(&back, path, &err), "%s -> %s was accepted", from, to);
    char expected[512];
    snprintf(expected, sizeof expected, "%s: %s", path, reason);
    cr_expect_str_eq(err.text, expected);
    cr_expect_eq(back.count, 0);
}

Test(table, refusals) {
    expect_refusal("katune-table/1", "katune-table/2",
                   "schema is \"katune-table/2\": this build reads katune-table/1");
    expect_refusal("\"schema\"", "\"scheme\"", "schema is missing");
    expect_refusal("{", "[", "line 2: not JSON from there on");
    expect_refusal("rational_fwd_scalar", "rational_fwd_abacus",
                   "entries[0].variant \"rational_fwd_abacus\" is unknown to this build");
    expect_refusal("rational_fwd_scalar", "gelu_fwd_scalar",
                   "entries[0].variant gelu_fwd_scalar does not compute rational_fwd in f32");
    expect_refusal("\"THREADS\":\t0", "\"THREADS\":\t3",
                   "entries[0].params.THREADS=3 is not among the values of rational_fwd_scalar");
    expect_refusal("\"THREADS\":\t0", "\"THREADS\":\t0.5",
                   "entries[0].params.THREADS is 0.5: no value of it");
    expect_refusal("\"THREADS\":\t0", "\"THREDS\":\t0",
                   "entries[0].params.THREDS is no parameter of rational_fwd_scalar");
    expect_refusal("\"groups\":\t8", "\"groups\":\t7",
                   "entries[0].problem.channels (768) do not divide into 7 groups");
    expect_refusal("\"form\":\t\"A\",", "", "entries[0].problem.form is missing");
    expect_refusal("\"median\":\t10", "\"median\":\t-1",
                   "entries[0].time_us.median is -1: it must be above 0");
    expect_refusal("\"median\":\t10", "\"median\":\t1e999", "entries[0].time_us.median is no number");
    expect_refusal("\"measured\"", "\"guessed\"",
                   "entries[0].source is \"guessed\": use measured or modeled");
    expect_refusal("\"units\":\t2", "\"units\":\t0", "device.units is 0: it must be 1 or more");
    expect_refusal("\"level\":\t1", "\"level\":\t9", "device.caches[] has an impossible level or size");
    expect_refusal("\"entries\"", "\"entrys\"", "entries is missing");
}

Test(table, refusals_of_tuning) {
    expect_refusal("\"running\":\t30", "\"running\":\t-30", "tuning.running is -30: it must be 0 or more");
    expect_refusal("\"parent\":", "\"child\":", "tuning.parent is missing");
    expect_refusal("\"seconds\":\t40", "\"seconds\":\t0", "tuning.seconds is 0: it must be above 0");
    expect_refusal("\"candidates\":\t50", "\"candidates\":\t0",
                   "tuning.candidates is 0: it must be 1 or more");
    expect_refusal("\"tuning\":\t{", "\"tuning\":\t1, \"rest\": {", "tuning is no object");
}

Test(table, refusals_of_throttling) {
    expect_refusal("\"throttled\":\ttrue", "\"throttled\":\t1",
                   "entries[0].throttled is neither true nor false");
    expect_refusal("\"throttle\":\t[\"power\"", "\"throttle\":\t[\"luck\"",
                   "entries[0].throttle[] is none of power, thermal and hardware");
    expect_refusal("\"throttle\":\t[\"power\", \"thermal\"]", "\"throttle\":\t\"power\"",
                   "entries[0].throttle is no array");
}

Test(table, refusals_of_evidence) {
    expect_refusal("\"sentence\"", "\"sentense\"", "entries[0].why.sentence is missing");
    expect_refusal("\"winner\":\t{\n\t\t\t\t\t\"bound\"", "\"loser\":\t{\n\t\t\t\t\t\"bound\"",
                   "entries[0].why.winner is missing");
    expect_refusal("\"busy\":\t0.9", "\"busy\":\t-0.9",
                   "entries[0].why.winner.busy is -0.9: it must be 0 or more");
    expect_refusal("\"bound\":\t\"issue\"", "\"bound\":\t7", "entries[0].why.runner_up.bound is no string");
    expect_refusal("rational_fwd_avx2", "rational_bwd_avx2",
                   "entries[0].why.runner_up.variant rational_bwd_avx2 does not compute rational_fwd in f32");
    expect_refusal("\"time_us\":\t11", "\"time_us\":\t0",
                   "entries[0].why.runner_up.time_us is 0: it must be above 0");
    expect_refusal("\"why\"", "\"wherefore\"", "entries[0].counters are there, but why is not");
    expect_refusal("\"counters\":\t{", "\"counters\":\t{\"default\": {},",
                   "entries[0].counters.default is there, but why.default is not");
    expect_refusal("\"dram_bytes\":\t1210368", "\"dram_bytes\":\t\"many\"",
                   "entries[0].counters.winner.dram_bytes is no number");
    expect_refusal("\"dram_bytes\":\t1210368", "\"dram_bytes\":\t-1",
                   "entries[0].counters.winner.dram_bytes is -1: it must be 0 or more");
    expect_refusal("\"instructions\"", "\"dram_bytes\"",
                   "entries[0].counters.winner.dram_bytes is there twice");
}

Test(table, evidence_is_optional_and_copied) {
    struct table t = table_sample(), back;
    struct error err = {""};
    const char *const path = scratch_place("table.json");
    const struct table_entry *const e = &t.entries[0];
    cr_assert(table_put(&t, e)); /* over itself: what is copied is not what is freed */
    snprintf(t.environment.driver, sizeof t.environment.driver, "vgpu, as 13.0");
    cr_assert(table_write(&t, path, &err) && table_read(&back, path, &err), "%s", err.text);
    cr_assert_str_eq(back.environment.driver, "vgpu, as 13.0");
    cr_assert_str_eq(back.environment.nvrtc, "");
    cr_assert_null(back.entries[1].why);
    const struct why *const one = t.entries[0].why, *const other = back.entries[0].why;
    cr_assert(other && one != other);
    cr_assert_str_eq(other->sentence, one->sentence);
    cr_assert_eq(other->role[WHY_WINNER].variant, t.entries[0].choice.variant);
    cr_assert_eq(other->role[WHY_WINNER].time_us, 10);
    cr_assert_str_eq(other->role[WHY_WINNER].bound, "memory");
    cr_assert_eq(other->role[WHY_WINNER].busy, 0.9);
    cr_assert_eq(other->role[WHY_RUNNER_UP].variant, one->role[WHY_RUNNER_UP].variant);
    cr_assert(point_equal(one->role[WHY_RUNNER_UP].variant, &other->role[WHY_RUNNER_UP].point,
                          &one->role[WHY_RUNNER_UP].point));
    cr_assert_eq(other->role[WHY_RUNNER_UP].time_us, 11);
    cr_assert_null(other->role[WHY_DEFAULT].variant);
    cr_assert_eq(other->role[WHY_WINNER].counter_count, 2);
    for (int i = 0; i < 2; i++) {
        cr_assert_str_eq(other->role[WHY_WINNER].counters[i].name, one->role[WHY_WINNER].counters[i].name);
        cr_assert_eq(other->role[WHY_WINNER].counters[i].value, one->role[WHY_WINNER].counters[i].value);
    }
    cr_assert_eq(counter_find(other->role[WHY_RUNNER_UP].counters, 1, "dram_bytes")->value, 1e17);
    table_free(&t);
    table_free(&back);
}

Test(table, a_problem_twice_is_refused) {
    struct table t = table_sample(), back;
    struct error err = {""};
    const char *const path = scratch_place("table.json");
    char expected[160];
    t.entries[1] = t.entries[0];
    t.entries[1].why = NULL; /* which belongs to the first */
    cr_assert(table_write(&t, path, &err));
    cr_assert(!table_read(&back, path, &err));
    snprintf(expected, sizeof expected, "%s: entries[1].problem is there twice", path);
    cr_assert_str_eq(err.text, expected);
    table_free(&t);
}

Test(table, unwritable_folder_and_full_disk_leave_what_was_there) {
    struct table t = table_sample();
    struct error err = {""};
    cr_assert(!table_write(&t, "/nonexistent-folder/table.json", &err));
    cr_assert(strstr(err.text, "/nonexistent-folder/table.json: "), "%s", err.text);
    /* A limit on the size of files fails writes as a full disk does. */
    const char *const path = scratch_place("table.json");
    cr_assert(file_write(path, "before", 6, &err));
    signal(SIGXFSZ, SIG_IGN);
    cr_assert(setrlimit(RLIMIT_FSIZE, &(struct rlimit){100, 100}) == 0);
    cr_assert(!table_write(&t, path, &err));
    cr_assert(strstr(err.text, "cannot be written: File too large; what it held before is intact"), "%s",
              err.text);
    size_t size;
    char *const text = file_read(path, &size, &err);
    cr_assert_str_eq(text, "before");
    struct dirent **names;
    /* ., .. and the table: nothing half-written */
    cr_assert_eq(scandir(scratch_folder(), &names, NULL, alphasort), 3);
    free(text);
    table_free(&t);
}
