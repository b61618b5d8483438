/* Timing, on variants whose times are known. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ceiling.h"
#include "measure.h"

enum { CALLS_MAX = 100000 };
static const void *seen[CALLS_MAX]; /* the addresses of x, call by call */
static int seen_count;

static void sleep_us(long us) {
    const struct timespec t = {0, us * 1000};
    nanosleep(&t, NULL);
}

static void run_slow(const struct problem *p, const struct point *pt, const struct call *call) {
    (void)p, (void)pt, (void)call;
    sleep_us(3000);
}

static void run_quick(const struct problem *p, const struct point *pt, const struct call *call) {
    (void)p, (void)pt;
    if (seen_count < CALLS_MAX) seen[seen_count++] = call->in[T_X];
    sleep_us(500);
}

static void run_instant(const struct problem *p, const struct point *pt, const struct call *call) {
    (void)p, (void)pt, (void)call;
}

static struct contender contender(struct variant *v, enum verdict_status status) {
    v->op = COPY;
    v->dtypes = F32;
    struct contender c = {.variant = v, .problem = problem_default(COPY, F32), .verdict = {.status = status}};
    c.problem.rows = 512;
    c.problem.channels = 512;
    return c;
}

static struct device *device;
static struct meter *meter;

static void setup(void) {
    struct error err = {""};
    device = device_open("cpu", false, &err);
    cr_assert_not_null(device, "%s", err.text);
}

static void open_meter(bool warm) {
    struct error err = {""};
    const struct measure_options o = {.warm = warm, .seed = 1};
    meter = meter_open(device, &o, &err);
    cr_assert_not_null(meter, "%s", err.text);
}

static void teardown(void) {
    meter_close(meter);
    device->close(device);
}

TestSuite(measure, .init = setup, .fini = teardown);

Test(measure, what_was_not_checked_is_not_timed) {
    open_meter(true);
    struct variant v = {.name = "wrong", .run = run_quick};
    for (int status = CHECK_FAILED; status <= CHECK_SKIPPED; status++) {
        struct contender c = contender(&v, (enum verdict_status)status);
        struct error err = {""};
        cr_assert(!measure(meter, &c, 1, 0.01, false, &err));
        cr_assert(strstr(err.text, "wrong is not timed"), "%s", err.text);
    }
    cr_assert_eq(seen_count, 0);
}

Test(measure, a_race_drops_the_slow_one) {
    open_meter(true);
    struct variant slow = {.name = "slow", .run = run_slow}, quick = {.name = "quick", .run = run_quick};
    struct contender c[] = {contender(&slow, CHECK_PASSED), contender(&quick, CHECK_PASSED)};
    struct error err = {""};
    cr_assert(measure(meter, c, 2, 0.3, true, &err), "%s", err.text);
    cr_assert(c[0].beaten && !c[1].beaten);
    cr_assert(c[0].seconds.n < c[1].seconds.n, "%d, %d", c[0].seconds.n, c[1].seconds.n);
    cr_assert(c[0].seconds.median >= 3e-3 && c[1].seconds.median >= 500e-6);
    cr_assert(c[1].seconds.lo <= c[1].seconds.median && c[1].seconds.median <= c[1].seconds.hi);
}

Test(measure, without_a_race_all_are_timed_alike) {
    open_meter(true);
    struct variant slow = {.name = "slow", .run = run_slow}, quick = {.name = "quick", .run = run_quick};
    struct contender c[] = {contender(&slow, CHECK_PASSED), contender(&quick, CHECK_PASSED)};
    struct error err = {""};
    cr_assert(measure(meter, c, 2, 0.02, false, &err), "%s", err.text);
    cr_assert(c[0].seconds.n >= 4 && c[1].seconds.n >= 4, "5 samples each whatever it costs");
    cr_assert(!c[0].beaten && !c[1].beaten);
}

Test(measure, short_calls_are_batched) {
    open_meter(true);
    struct variant v = {.name = "instant", .run = run_instant};
    struct contender c = contender(&v, CHECK_PASSED);
    struct error err = {""};
    cr_assert(measure(meter, &c, 1, 0.05, false, &err), "%s", err.text);
    cr_assert(c.batch >= 100, "%d", c.batch);
    cr_assert(c.seconds.median < 1e-5);
}

static void run_late(const struct problem *p, const struct point *pt, const struct call *call) {
    (void)p, (void)pt, (void)call;
    if (!seen_count++) sleep_us(1000);
}

/* What a first call has to do does not decide how many calls are timed together. */
Test(measure, a_slow_first_call_is_not_taken_for_the_kernel) {
    open_meter(true);
    struct variant v = {.name = "late", .run = run_late};
    struct contender c = contender(&v, CHECK_PASSED);
    struct error err = {""};
    cr_assert(measure(meter, &c, 1, 0.05, false, &err), "%s", err.text);
    cr_assert(c.batch >= 100, "%d", c.batch);
}

static int calls_until_failure;

static bool fail_once(struct device *d, struct error *err) {
    (void)d;
    if (calls_until_failure-- != 0) return false;
    error_set(err, "an illegal address");
    return true;
}

/* On a GPU a call may fail, and then its time is none. */
Test(measure, a_call_that_fails_gives_no_time) {
    struct variant v = {.name = "quick", .run = run_quick};
    for (int until = 0; until < 4; until += 3) { /* as it is warmed up, and among the samples */
        struct contender c = contender(&v, CHECK_PASSED);
        struct error err = {""};
        open_meter(true);
        calls_until_failure = until;
        device->failure = fail_once;
        cr_assert(!measure(meter, &c, 1, 0.05, false, &err));
        cr_assert_str_eq(err.text, "quick: an illegal address");
        if (!until) meter_close(meter);
    }
}

Test(measure, cold_calls_rotate_beyond_the_cache) {
    open_meter(false);
    struct variant v = {.name = "quick", .run = run_quick};
    struct contender c = contender(&v, CHECK_PASSED);
    struct error err = {""};
    cr_assert(measure(meter, &c, 1, 0.3, false, &err), "%s", err.text);
    /* Until an address comes again, x and y of the calls between span twice the cache. */
    const size_t call_bytes = 2 * tensor_bytes(&c.problem, T_X);
    const size_t wanted = 2 * device_last_level_bytes(device->info(device));
    for (int i = 0; i < seen_count; i++)
        for (int j = i + 1; j < seen_count; j++)
            if (seen[i] == seen[j]) {
                cr_assert((size_t)(j - i) * call_bytes >= wanted, "calls %d and %d", i, j);
                break;
            }
    cr_assert(seen_count > 5 && seen[0] != seen[1]);
}

Test(measure, warm_calls_stay) {
    open_meter(true);
    struct variant v = {.name = "quick", .run = run_quick};
    struct contender c = contender(&v, CHECK_PASSED);
    struct error err = {""};
    cr_assert(measure(meter, &c, 1, 0.02, false, &err), "%s", err.text);
    for (int i = 1; i < seen_count; i++) cr_assert_eq(seen[i], seen[0]);
}

Test(measure, ceilings_are_positive) {
    open_meter(true);
    struct problem p = problem_default(RATIONAL_FWD, F32);
    p.rows = 64;
    struct ceilings c;
    struct error err = {""};
    cr_assert(ceilings_measure(meter, &p, 1, 0.05, &c, &err), "%s", err.text);
    cr_assert(c.bandwidth > 1e8 && c.flops > 1e8, "%g bytes/s, %g FLOP/s", c.bandwidth, c.flops);
}

Test(roofline, the_lower_ceiling_binds) {
    struct problem p = problem_default(RATIONAL_FWD, F32);
    p.rows = 1000;
    p.channels = 1000;
    const struct roofline memory =
        roofline_of(&p, &(struct ceilings){.bandwidth = 1e9, .flops = 1e15}, 16e-3);
    cr_assert_str_eq(memory.bound, "memory");
    cr_assert_float_eq(memory.fraction, 0.5, 1e-3);
    const struct roofline compute =
        roofline_of(&p, &(struct ceilings){.bandwidth = 1e15, .flops = 1e9}, 42e-3);
    cr_assert_str_eq(compute.bound, "compute");
    cr_assert_float_eq(compute.fraction, 0.5, 1e-6);
}
