/* Counters of the CPU: what the kernel itself counts is to be had everywhere, the hardware's where the
   machine gives it. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "perf_event.h"

static bool touch_pages(void *user) {
    const int pages = *(const int *)user;
    const size_t bytes = (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
    volatile char *const memory =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return false;
    madvise((void *)memory, bytes, MADV_NOHUGEPAGE);
    for (size_t i = 0; i < bytes; i += (size_t)sysconf(_SC_PAGESIZE)) memory[i] = 1;
    munmap((void *)memory, bytes);
    return true;
}

static double value_of(const struct counter *list, int count, const char *name) {
    const struct counter *const found = counter_find(list, count, name);
    return found ? found->value : -1;
}

Test(perf_event, page_faults_are_counted) {
    struct error err, absent;
    struct perf_event *const p = perf_event_open(METRICS_MEMORY, &err, &absent);
    if (!p) cr_skip_test("%s", err.text);
    struct counter list[COUNTERS_MAX];
    int count = 0, pages = 500;
    cr_assert(perf_event_count(p, touch_pages, &pages, list, COUNTERS_MAX, &count, &err), "%s", err.text);
    const double faults = value_of(list, count, "page_faults");
    cr_assert_geq(faults, 500);
    cr_assert_lt(faults, 600);
    pages = 1; /* counting begins at 0 each time */
    cr_assert(perf_event_count(p, touch_pages, &pages, list, COUNTERS_MAX, &count, &err));
    cr_assert_lt(value_of(list, count, "page_faults"), 100);
    perf_event_close(p);
}

/* What is absent is named once, with what to do, and is not among the results. */
Test(perf_event, absent_counters_are_told) {
    struct error err, absent;
    struct perf_event *const p = perf_event_open(METRICS_ALL, &err, &absent);
    if (!p) cr_skip_test("%s", err.text);
    struct counter list[COUNTERS_MAX];
    int count = 0, pages = 10;
    cr_assert(perf_event_count(p, touch_pages, &pages, list, COUNTERS_MAX, &count, &err));
    cr_assert_gt(count, 0);
    for (int i = 0; i < count; i++) {
        cr_assert_not_null(metric_find(list[i].name));
        cr_assert_null(strstr(absent.text, list[i].name), "%s is counted and absent: %s", list[i].name,
                       absent.text);
    }
    cr_assert_null(strchr(absent.text, '\n'));
    perf_event_close(p);
}

static bool fail(void *user) {
    (void)user;
    return false;
}

Test(perf_event, a_failing_kernel_gives_nothing) {
    struct error err;
    struct perf_event *const p = perf_event_open(METRICS_MEMORY, &err, NULL);
    if (!p) cr_skip_test("%s", err.text);
    struct counter list[COUNTERS_MAX];
    int count = 1;
    cr_assert(!perf_event_count(p, fail, NULL, list, COUNTERS_MAX, &count, &err));
    cr_assert_eq(count, 0);
    perf_event_close(p);
}
