/* Workers and the search over them: candidates that crash, hang or are wrong cost themselves alone. The bad
   ones are variants of this test, which no registry holds. */
#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device/nvrtc.h"
#include "journal.h"
#include "program.h"
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

static struct worker *worker_make_on(const char *device, const volatile int *stop) {
    struct error err = {""};
    const struct worker_options o = {.device = device,
                                     .measure = {.warm = true, .seed = 1, .distribution = {DIST_NORMAL, 0}},
                                     .stop = stop};
    struct worker *const w = worker_open(&o, &err);
    cr_assert(w, "%s", err.text);
    return w;
}

static struct worker *worker_make(const volatile int *stop) {
    return worker_make_on("cpu", stop);
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

static void run_greedy(const struct problem *p, const struct point *pt, const struct call *call) {
    enum { PART = 16 << 20, PAGE = 4096 };
    (void)p, (void)pt, (void)call;
    for (;;) {
        volatile char *const part = malloc(PART);
        for (int i = 0; part && i < PART; i += PAGE) part[i] = 1;
        usleep(1000);
    }
}

static const struct variant greedy = {
    .name = "copy_test_greedy", .op = COPY, .dtypes = F32, .run = run_greedy};

Test(worker, memory_is_limited) {
    struct error err = {""};
    const struct worker_options o = {.device = "cpu",
                                     .measure = {.warm = true, .seed = 1, .distribution = {DIST_NORMAL, 0}},
                                     .memory = (size_t)512 << 20};
    struct worker *const w = worker_open(&o, &err);
    cr_assert(w, "%s", err.text);
    struct contender bad = contender_of(&greedy, small),
                     good = contender_of(variant_find("copy_scalar"), small);
    cr_assert_eq(worker_check(w, &bad, 30, &err), WORKER_MEMORY);
    cr_assert_str_eq(err.text, "more than 512 MB of memory: killed");
    cr_assert_eq(worker_check(w, &good, 30, &err), WORKER_OK, "%s", err.text);
    worker_close(w);
}

/* Kills its own process the first time, as the system may do; then it copies. */
static void run_killed_once(const struct problem *p, const struct point *pt, const struct call *call) {
    (void)pt;
    const char *const mark = getenv("KATUNE_TEST_MARK");
    if (access(mark, F_OK)) {
        FILE *const f = fopen(mark, "w");
        if (f) fclose(f);
        raise(SIGKILL);
    }
    memcpy(call->out[T_Y], call->in[T_X], tensor_bytes(p, T_Y));
}

static const struct variant killed_once = {
    .name = "copy_test_killed_once", .op = COPY, .dtypes = F32, .run = run_killed_once};

Test(worker, a_kill_from_outside_costs_nothing) {
    char mark[64];
    snprintf(mark, sizeof mark, "%s/mark", scratch_folder());
    setenv("KATUNE_TEST_MARK", mark, 1);
    struct worker *const w = worker_make(NULL);
    struct contender c = contender_of(&killed_once, small);
    struct error err = {""};
    cr_assert_eq(worker_check(w, &c, 30, &err), WORKER_OK, "%s", err.text);
    cr_assert_eq(c.verdict.status, CHECK_PASSED);
    worker_close(w);
}

static void run_slow(const struct problem *p, const struct point *pt, const struct call *call) {
    (void)pt;
    usleep(20000);
    memcpy(call->out[T_Y], call->in[T_X], tensor_bytes(p, T_Y));
}

static const struct variant slow = {.name = "copy_test_slow", .op = COPY, .dtypes = F32, .run = run_slow};

/* 20 ms in the check, as often as it is sampled in measuring: no less than 5 times; a second of the hang. */
Test(worker, says_where_the_time_went) {
    struct worker *const w = worker_make(NULL);
    struct contender c = contender_of(&slow, small), bad = contender_of(&hang, small);
    struct error err = {""};
    cr_assert_eq(worker_check(w, &c, 30, &err), WORKER_OK, "%s", err.text);
    const struct worker_times checked = worker_times(w);
    cr_expect(checked.running >= 0.02 && checked.waited >= checked.running + checked.checking, "%g of %g s",
              checked.running, checked.waited);
    cr_expect(checked.checking > 0 && checked.preparing >= 0);
    cr_assert_eq(worker_measure(w, &c, 1, 0.05, false, 30, &err), WORKER_OK, "%s", err.text);
    const struct worker_times timed = worker_times(w);
    cr_expect_geq(timed.running, checked.running + 0.1);
    cr_expect_eq(timed.checking, checked.checking);
    cr_expect(timed.preparing > checked.preparing);
    cr_assert_eq(worker_check(w, &bad, 1, &err), WORKER_HUNG);
    const struct worker_times hung = worker_times(w);
    cr_expect(hung.running >= timed.running + 0.9 && hung.checking == timed.checking);
    cr_expect_geq(hung.waited, hung.running + hung.checking + hung.preparing);
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
    snprintf(path, 64, "%s/journal.jsonl", scratch_folder());
}

static struct journal *journal_make(const char *path, bool resume, bool retry) {
    struct error err = {""};
    struct journal *const j =
        journal_open(path, &(struct journal_options){.resume = resume, .retry = retry}, &err);
    cr_assert(j, "%s", err.text);
    return j;
}

static bool failed(const struct journal *j, const struct problem *p, const struct variant *v,
                   const struct point *pt) {
    return journal_has_failed(j, &(struct candidate){p, v, pt});
}

Test(journal, remembers_failures_and_what_is_done) {
    char path[64];
    journal_path(path);
    struct error err = {""};
    const struct variant *const v = variant_find("copy_scalar");
    const struct contender c = contender_of(v, small), other = contender_of(v, "copy f32 rows=4 channels=50");
    const struct point one = point_at(v, 0), two = point_at(v, 1);
    const struct candidate bad = {&c.problem, v, &one}, good = {&c.problem, v, &two};
    const struct verdict passed = {.worst = 0.5, .error = 1e-7, .allowed = 2e-7};
    const struct journal_time time = {.seconds = {20, 2e-6, 1e-6, 3e-6},
                                      .pressure = {0.5, NAN, NAN, 0.25, NAN},
                                      .throttled = true,
                                      .throttle = THROTTLE_POWER | THROTTLE_HARDWARE};
    struct verdict verdict;
    struct journal_time found;
    struct effort effort, ignored;
    struct journal *j = journal_make(path, false, false);
    cr_assert(journal_failed(j, &bad, CAUSE_CRASHED, "crashed: Segmentation fault", &err) &&
              journal_checked(j, &good, &passed, &err) && journal_timed(j, &good, 1, &time, &err) &&
              journal_done(j, &other.problem, &(struct effort){300, 20}, &err));
    journal_close(j);
    j = journal_make(path, true, false);
    cr_assert(failed(j, &c.problem, v, &one) && !failed(j, &c.problem, v, &two));
    cr_assert(!failed(j, &other.problem, v, &one));
    cr_assert(journal_has_done(j, &other.problem, &effort) && !journal_has_done(j, &c.problem, &ignored));
    cr_assert(effort.points == 300 && effort.evaluations == 20);
    cr_assert(journal_has_checked(j, &good, &verdict) && !journal_has_checked(j, &bad, &verdict));
    cr_assert(verdict.status == CHECK_PASSED && verdict.error == 1e-7 && verdict.allowed == 2e-7);
    cr_assert(journal_has_timed(j, &good, 1, &found) && !journal_has_timed(j, &good, 0, &found));
    cr_assert(found.pressure[0] == 0.5 && found.pressure[3] == 0.25 && isnan(found.pressure[1]));
    cr_assert(found.seconds.n == 20 && found.seconds.median == 2e-6 && found.seconds.lo == 1e-6 &&
              found.seconds.hi == 3e-6);
    cr_assert(found.throttled && found.throttle == time.throttle);
    cr_assert_eq(journal_failures(j), 1);
    journal_close(j);
    /* Without resume only failures last; with retry they do not. */
    j = journal_make(path, false, false);
    cr_assert(failed(j, &c.problem, v, &one) && !journal_has_done(j, &other.problem, &ignored));
    cr_assert(!journal_has_checked(j, &good, &verdict) && !journal_has_timed(j, &good, 1, &found));
    journal_close(j);
    j = journal_make(path, true, true);
    cr_assert(!failed(j, &c.problem, v, &one) && journal_failures(j) == 0);
    journal_close(j);
}

static void journal_write(const char *path, const char *text) {
    FILE *const file = fopen(path, "w");
    cr_assert(file && fputs(text, file) >= 0);
    fclose(file);
}

static const char done_line[] =
    "{\"event\":\"done\",\"problem\":{\"op\":\"copy\",\"dtype\":\"f32\",\"rows\":3,\"channels\":50}}\n";

Test(journal, a_line_cut_short_is_dropped_for_good) {
    char path[64], text[512];
    journal_path(path);
    struct error err = {""};
    const struct contender c = contender_of(variant_find("copy_scalar"), small),
                           other = contender_of(variant_find("copy_scalar"), "copy f32 rows=4 channels=50");
    snprintf(text, sizeof text, "{\"event\":\"run\",\"sources_hash\":\"%s\"}\n%s{\"eve",
             registry_sources_hash(), done_line);
    journal_write(path, text);
    struct journal *j = journal_make(path, true, false);
    struct effort effort; /* of which the line, an earlier build's, says nothing */
    cr_assert(journal_has_done(j, &c.problem, &effort) && !effort.points && !effort.evaluations);
    cr_assert(search_is_through(&effort, 1000));
    cr_assert(journal_done(j, &other.problem, &(struct effort){7, 200}, &err));
    journal_close(j);
    j = journal_make(path, true, false); /* what was written after it can be read */
    cr_assert(journal_has_done(j, &c.problem, &effort) && journal_has_done(j, &other.problem, &effort));
    cr_assert_eq(effort.points, 7);
    journal_close(j);
}

Test(journal, other_sources_are_other_kernels) {
    char path[64], text[512];
    journal_path(path);
    snprintf(text, sizeof text, "{\"event\":\"run\",\"sources_hash\":\"of before\"}\n%s", done_line);
    journal_write(path, text);
    const struct contender c = contender_of(variant_find("copy_scalar"), small);
    struct journal *const j = journal_make(path, true, false);
    cr_assert(!journal_has_done(j, &c.problem, &(struct effort){0}));
    journal_close(j);
}

Test(journal, damage_is_refused) {
    static const char *const bad[] = {"{\"event\":1}", "{\"event\":\"won\"}", "{", "[]",
                                      "{\"event\":\"done\",\"problem\":{\"op\":\"copy\"}}"};
    char path[64], text[512], expected[160];
    journal_path(path);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error err = {""};
        snprintf(text, sizeof text, "{\"event\":\"run\",\"sources_hash\":\"%s\"}\n%s\n",
                 registry_sources_hash(), bad[i]);
        journal_write(path, text);
        cr_assert(!journal_open(path, &(struct journal_options){.resume = true}, &err));
        snprintf(expected, sizeof expected, "%s: line 2 is damaged", path);
        cr_expect(strstr(err.text, expected) == err.text && strstr(err.text, "move the file away"), "%s",
                  err.text);
    }
}

Test(journal, one_tuner_at_a_time) {
    char path[64];
    journal_path(path);
    struct error err = {""};
    struct journal *const j = journal_make(path, false, false);
    cr_assert(!journal_open(path, &(struct journal_options){.resume = true}, &err));
    cr_expect(strstr(err.text, "another katune tune is writing there"), "%s", err.text);
    journal_close(j);
    journal_close(journal_make(path, true, false));
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
    cr_assert(report.tried > 0 && report.tried <= report.effort.points && report.failed == 0);
    worker_close(w);
}

Test(search, what_the_journal_says_failed_is_not_tried) {
    char path[64];
    journal_path(path);
    const struct device_info info = info_here();
    struct worker *const w = worker_make(NULL);
    struct error err = {""};
    struct journal *const j = journal_make(path, false, false);
    const struct contender c = contender_of(variant_find("copy_scalar"), small);
    for (int i = 0; i < variant_count(); i++) {
        const struct variant *const v = variant_at(i);
        for (int64_t k = 0; v->op == COPY && strcmp(v->name, "copy_scalar") != 0 && k < point_count(v); k++) {
            const struct point pt = point_at(v, k);
            cr_assert(
                journal_failed(j, &(struct candidate){&c.problem, v, &pt}, CAUSE_WRONG, "said so", &err));
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

/* The check of a whole problem on a virtual GPU times it and counts as a run of its own does; that of the
   first rows of a larger one says nothing of its time. */
Test(worker, a_check_on_a_virtual_gpu_gives_the_modeled_time) {
    static const char *const variants[] = {"rational_fwd_cuda_flat", "rational_bwd_cuda_twopass"};
    static const char *const problems[] = {"rational_fwd f32 rows=197 channels=768",
                                           "rational_bwd f32 rows=197 channels=768"};
    struct nvrtc n;
    struct error err = {""};
    if (!nvrtc_open(&n, &err)) cr_skip_test("%s", err.text);
    setenv("KATUNE_CACHE", KATUNE_BINARY_DIR "/cuda-cache", 1);
    struct worker *const w = worker_make_on("vgpu:h100-sxm", NULL);
    struct device_info info;
    cr_assert_eq(worker_describe(w, &info, &err), WORKER_OK, "%s", err.text);
    for (int i = 0; i < 2; i++) {
        struct contender c = contender_of(variant_find(variants[i]), problems[i]);
        cr_assert(variant_default_point(c.variant, &c.problem, &info, &c.point, NULL));
        cr_assert_eq(worker_check(w, &c, 30, &err), WORKER_OK, "%s", err.text);
        cr_assert(c.verdict.status == CHECK_PASSED && c.seconds.n == 1, "%s", c.verdict.text);
        struct contender timed = c;
        timed.seconds.n = timed.counter_count = 0;
        cr_assert_eq(worker_measure(w, &timed, 1, 0, false, 30, &err), WORKER_OK, "%s", err.text);
        cr_expect_float_eq(c.seconds.median, timed.seconds.median, 1e-3 * timed.seconds.median, "%g, %g",
                           c.seconds.median, timed.seconds.median);
        cr_assert_eq(c.counter_count, timed.counter_count);
        cr_expect_eq(counter_value(c.counters, c.counter_count, "instructions"),
                     counter_value(timed.counters, timed.counter_count, "instructions"));
        cr_expect_gt(counter_value(c.counters, c.counter_count, "dram_bytes"), 2 * 4 * 197 * 768 - 1);
    }
    struct contender large =
        contender_of(variant_find("rational_fwd_cuda_flat"), "rational_fwd f32 rows=1024 channels=768");
    cr_assert(variant_default_point(large.variant, &large.problem, &info, &large.point, NULL));
    cr_assert_eq(worker_check(w, &large, 30, &err), WORKER_OK, "%s", err.text);
    cr_expect(large.verdict.status == CHECK_PASSED && large.seconds.n == 0, "%s", large.verdict.text);
    worker_close(w);
}
