/* Workers: candidates that crash, hang or are wrong cost themselves alone. The bad ones are variants of this
   test, which no registry holds. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contenders.h"
#include "device/nvrtc.h"
#include "program.h"

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

static const char small[] = "copy f32 rows=3 channels=50";

Test(worker, checks_and_times) {
    struct worker *const w = worker_make_on("cpu", NULL);
    struct contender c = contender_of(variant_find("copy_scalar"), small);
    struct error err = {""};
    cr_assert_eq(worker_check(w, &c, 30, &err), WORKER_OK, "%s", err.text);
    cr_assert_eq(c.verdict.status, CHECK_PASSED);
    cr_assert_eq(worker_measure(w, &c, 1, 0.05, false, 30, &err), WORKER_OK, "%s", err.text);
    cr_assert(c.seconds.median > 0 && c.seconds.n >= 5);
    worker_close(w);
}

Test(worker, a_crash_is_told_and_the_next_request_works) {
    struct worker *const w = worker_make_on("cpu", NULL);
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
    struct worker *const w = worker_make_on("cpu", NULL);
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
    setenv("KATUNE_TEST_MARK", scratch_place("mark"), 1);
    struct worker *const w = worker_make_on("cpu", NULL);
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
    struct worker *const w = worker_make_on("cpu", NULL);
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
    struct worker *const w = worker_make_on("cpu", NULL);
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
    struct worker *const w = worker_make_on("cpu", &stop);
    struct contender bad = contender_of(&hang, small);
    struct error err = {""};
    stop = 1;
    cr_assert_eq(worker_check(w, &bad, 30, &err), WORKER_STOPPED);
    worker_close(w);
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
