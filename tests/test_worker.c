/* Workers and the search over them: candidates that crash, hang or are wrong cost themselves alone. The bad
   ones are variants of this test, which no registry holds. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal.h"
#include "search.h"
#include "worker.h"

static void run_crash(const struct problem *p, const struct point *pt, const struct call *call) {
    (void)p, (void)pt, (void)call;
    signal(SIGSEGV, SIG_DFL); /* a sanitizer has a handler of its own */
    raise(SIGSEGV);
}

static void run_hang(const struct problem *p, const struct point *pt, const struct call *call) {
    (void)p, (void)pt, (void)call;
    for (;;) pause();
}

static void run_wrong(const struct problem *p, const struct point *pt, const struct call *call) {
    (void)pt;
    memset(call->out[T_Y], 0, tensor_bytes(p, T_Y));
}

static const struct variant crash = {.name = "copy_test_crash", .op = COPY, .dtypes = F32, .run = run_crash};
static const struct variant hang = {.name = "copy_test_hang", .op = COPY, .dtypes = F32, .run = run_hang};
static const struct variant wrong = {.name = "copy_test_wrong", .op = COPY, .dtypes = F32, .run = run_wrong};

static struct worker *worker_make(const volatile int *stop) {
    struct error err = {""};
    const struct worker_options o = {.device = "cpu",
                                     .measure = {.warm = true, .seed = 1, .distribution = {DIST_NORMAL, 0}},
                                     .stop = stop};
    struct worker *const w = worker_open(&o, &err);
    cr_assert(w, "%s", err.text);
    return w;
}

static struct contender contender_of(const struct variant *v, const char *key) {
    struct contender c = {.variant = v};
    struct error err = {""};
    cr_assert(problem_parse(key, &c.problem, &err), "%s", err.text);
    return c;
}

static const char small[] = "copy f32 rows=3 channels=50";

Test(worker, checks_and_times) {
    struct worker *const w = worker_make(NULL);
    struct contender c = contender_of(variant_find("copy_scalar"), small);
    struct error err = {""};
    cr_assert_eq(worker_check(w, &c, 30, &err), WORKER_OK, "%s", err.text);
    cr_assert_eq(c.verdict.status, CHECK_PASSED);
    cr_assert_eq(worker_measure(w, &c, 1, 0.05, false, 30, &err), WORKER_OK, "%s", err.text);
    cr_assert(c.seconds.median > 0 && c.seconds.n >= 5);
    worker_close(w);
}

Test(worker, a_crash_is_told_and_the_next_request_works) {
    struct worker *const w = worker_make(NULL);
    struct contender bad = contender_of(&crash, small),
                     good = contender_of(variant_find("copy_scalar"), small);
    struct error err = {""};
    cr_assert_eq(worker_check(w, &bad, 30, &err), WORKER_CRASHED);
    cr_assert_str_eq(err.text, "crashed: Segmentation fault");
    cr_assert_eq(worker_check(w, &good, 30, &err), WORKER_OK, "%s", err.text);
    cr_assert_eq(good.verdict.status, CHECK_PASSED);
    worker_close(w);
}

Test(worker, a_hang_is_ended_and_the_next_request_works) {
    struct worker *const w = worker_make(NULL);
    struct contender bad = contender_of(&hang, small),
                     good = contender_of(variant_find("copy_scalar"), small);
    struct error err = {""};
    cr_assert_eq(worker_check(w, &bad, 1, &err), WORKER_HUNG);
    cr_assert_str_eq(err.text, "no answer within 1 s: killed");
    cr_assert_eq(worker_check(w, &good, 30, &err), WORKER_OK, "%s", err.text);
    worker_close(w);
}

Test(worker, a_wrong_answer_is_never_timed) {
    struct worker *const w = worker_make(NULL);
    struct contender bad = contender_of(&wrong, small);
    struct error err = {""};
    cr_assert_eq(worker_check(w, &bad, 30, &err), WORKER_OK);
    cr_assert_eq(bad.verdict.status, CHECK_FAILED);
    cr_assert_eq(worker_measure(w, &bad, 1, 0.05, false, 30, &err), WORKER_REFUSED);
    cr_assert(strstr(err.text, "copy_test_wrong is not timed"), "%s", err.text);
    worker_close(w);
}

Test(worker, an_interruption_stops_the_wait) {
    static volatile int stop;
    struct worker *const w = worker_make(&stop);
    struct contender bad = contender_of(&hang, small);
    struct error err = {""};
    stop = 1;
    cr_assert_eq(worker_check(w, &bad, 30, &err), WORKER_STOPPED);
    worker_close(w);
}

static void journal_path(char path[64]) {
    char folder[] = "/tmp/katune-test-XXXXXX";
    cr_assert(mkdtemp(folder));
    snprintf(path, 64, "%s/journal.jsonl", folder);
}

Test(journal, remembers_failures_and_what_is_done) {
    char path[64];
    journal_path(path);
    struct error err = {""};
    const struct variant *const v = variant_find("copy_scalar");
    const struct contender c = contender_of(v, small), other = contender_of(v, "copy f32 rows=4 channels=50");
    const struct point one = point_at(v, 0), two = point_at(v, 1);
    struct journal *j = journal_open(path, false, &err);
    cr_assert(j, "%s", err.text);
    cr_assert(journal_failed(j, &c.problem, v, &one, "crashed", &err) &&
              journal_done(j, &other.problem, &err));
    journal_close(j);
    j = journal_open(path, true, &err);
    cr_assert(j, "%s", err.text);
    cr_assert(journal_has_failed(j, &c.problem, v, &one) && !journal_has_failed(j, &c.problem, v, &two));
    cr_assert(!journal_has_failed(j, &other.problem, v, &one));
    cr_assert(journal_has_done(j, &other.problem) && !journal_has_done(j, &c.problem));
    cr_assert_eq(journal_failures(j), 1);
    journal_close(j);
    j = journal_open(path, false, &err); /* without resume it starts anew */
    cr_assert(!journal_has_done(j, &other.problem));
    journal_close(j);
}

static void journal_write(const char *path, const char *text) {
    FILE *const file = fopen(path, "w");
    cr_assert(file && fputs(text, file) >= 0);
    fclose(file);
}

Test(journal, a_line_cut_short_is_dropped_and_a_damaged_one_refused) {
    char path[64], expected[160];
    journal_path(path);
    struct error err = {""};
    journal_write(path, "{\"event\":\"done\",\"problem\":{\"op\":\"copy\",\"dtype\":\"f32\",\"rows\":3,"
                        "\"channels\":50}}\n{\"eve");
    struct journal *const j = journal_open(path, true, &err);
    cr_assert(j, "%s", err.text);
    const struct contender c = contender_of(variant_find("copy_scalar"), small);
    cr_assert(journal_has_done(j, &c.problem));
    journal_close(j);
    journal_write(path, "{\"event\":1}\n");
    cr_assert(!journal_open(path, true, &err));
    snprintf(expected, sizeof expected, "%s: line 1 is damaged: run without --resume", path);
    cr_assert_str_eq(err.text, expected);
}

static struct device_info info_here(void) {
    struct error err = {""};
    struct device *const d = device_open("cpu", false, &err);
    cr_assert(d, "%s", err.text);
    const struct device_info info = *d->info(d);
    d->close(d);
    return info;
}

Test(search, finds_an_entry_whose_choice_is_accepted) {
    const struct device_info info = info_here();
    struct worker *const w = worker_make(NULL);
    const struct search s = {.worker = w, .device = &info, .seed = 1};
    const struct contender c =
        contender_of(variant_find("rational_bwd_scalar"), "rational_bwd f32 rows=20 channels=48");
    struct table_entry e;
    struct search_report report;
    struct error err = {""};
    cr_assert(search_problem(&s, &c.problem, 1, &e, &report, &err), "%s", err.text);
    cr_assert(!variant_reject(e.choice.variant, &c.problem, &e.choice.point, &info));
    cr_assert(problem_equal(&e.problem, &c.problem));
    cr_assert(e.time_us.median > 0 && e.time_us.lo <= e.time_us.median && e.time_us.median <= e.time_us.hi);
    cr_assert(e.roofline.fraction > 0 && *e.fallback.variant);
    cr_assert(report.tried > 0 && report.tried <= report.points && report.failed == 0);
    worker_close(w);
}

Test(search, what_the_journal_says_failed_is_not_tried) {
    char path[64];
    journal_path(path);
    const struct device_info info = info_here();
    struct worker *const w = worker_make(NULL);
    struct error err = {""};
    struct journal *const j = journal_open(path, false, &err);
    const struct contender c = contender_of(variant_find("copy_scalar"), small);
    for (int i = 0; i < variant_count(); i++) {
        const struct variant *const v = variant_at(i);
        for (int64_t k = 0; v->op == COPY && strcmp(v->name, "copy_scalar") != 0 && k < point_count(v); k++) {
            const struct point pt = point_at(v, k);
            cr_assert(journal_failed(j, &c.problem, v, &pt, "said so", &err));
        }
    }
    const struct search s = {.worker = w, .journal = j, .device = &info, .seed = 1};
    struct table_entry e;
    struct search_report report;
    cr_assert(search_problem(&s, &c.problem, 0.5, &e, &report, &err), "%s", err.text);
    cr_assert_str_eq(e.choice.variant->name, "copy_scalar");
    journal_close(j);
    worker_close(w);
}

Test(search, the_fixed_rule_between_equals) {
    const struct device_info info = info_here();
    const struct variant *const v = variant_find("rational_bwd_scalar");
    const struct contender c = contender_of(v, "rational_bwd f32 rows=20 channels=48");
    struct table_choice usual = {v, {{0}}}, other;
    cr_assert(variant_default_point(v, &c.problem, &info, &usual.point, NULL));
    other = usual;
    other.point.value[param_find(v, "BLOCK")] = 8;
    cr_assert(search_prefer(&info, &c.problem, &usual, &other) < 0);
    cr_assert(search_prefer(&info, &c.problem, &other, &usual) > 0);
    cr_assert_eq(search_prefer(&info, &c.problem, &usual, &usual), 0);
}
