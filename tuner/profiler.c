#include "profiler.h"

#include <stdlib.h>
#include <string.h>

#include "../kernels/device/cuda.h"
#include "../kernels/variant.h"
#include "cupti.h"
#include "perf_event.h"

struct profiler {
    const char *name;
    bool (*count)(struct profiler *p, struct counter *list, int max, int *count, struct error *err);
    struct device *device;
    unsigned sets;
    struct cupti *cupti;
    struct perf_event *perf;
    struct error absent;
    /* the kernel being counted */
    struct kernel *kernel;
    const struct call *calls;
    int call_count;
    double seconds; /* of the last run */
};

static bool calls_run(struct profiler *p, const struct call *first, int count) {
    if (count > 0) p->seconds = p->device->run(p->device, p->kernel, first, count);
    return !device_failure(p->device, NULL);
}

static bool kernel_run(void *user) {
    struct profiler *const p = user;
    return calls_run(p, p->calls, 1);
}

/* The calls that follow the one that is counted until its buffers come up again: they leave in the caches
   what is there when it is timed. */
static bool others_run(struct profiler *p) {
    int end = 1;
    while (end < p->call_count && p->calls[end].in[T_X] != p->calls[0].in[T_X]) end++;
    return calls_run(p, p->calls + 1, end - 1);
}

static bool pass_run(void *user, bool counted) {
    return counted ? kernel_run(user) : others_run(user);
}

static bool all_run(void *user) {
    struct profiler *const p = user;
    return calls_run(p, p->calls, p->call_count);
}

/* Threads that the kernel's team has are known once it has run. */
static bool count_perf(struct profiler *p, struct counter *list, int max, int *count, struct error *err) {
    if (!all_run(p)) return error_set(err, "counters: the kernel failed");
    if (!p->perf) p->perf = perf_event_open(p->sets, err, &p->absent);
    return p->perf && perf_event_count(p->perf, kernel_run, p, list, max, count, err);
}

/* Kernels' own durations beside what events around them said: far apart, one of the two clocks is wrong. */
static bool durations_cross_check(struct profiler *p, struct counter *list, int max, int *count,
                                  struct error *err) {
    double seconds;
    int kernels;
    if (!all_run(p) || !cupti_kernel_seconds(p->cupti, all_run, p, &seconds, &kernels, err)) return false;
    const double between = p->seconds - seconds; /* gaps between a call's kernels and launches */
    if (kernels && (between < -0.05 * seconds || between > 0.5 * seconds + 5e-6 * kernels + 50e-6))
        error_set(&p->absent, "counters: events say %.2f us and activity records %.2f us: trust neither",
                  1e6 * p->seconds, 1e6 * seconds);
    if (kernels) {
        counter_add(list, max, count, "kernel_seconds", seconds / p->call_count);
        counter_add(list, max, count, "launches", (double)kernels / p->call_count);
    }
    return true;
}

static bool count_cupti(struct profiler *p, struct counter *list, int max, int *count, struct error *err) {
    int ordinal;
    void *const context = cuda_context(p->device, &ordinal);
    cuda_queue_ahead(p->device, false);
    const bool ok = cupti_count(p->cupti, context, ordinal, p->sets, pass_run, p, list, max, count, err);
    cuda_queue_ahead(p->device, true);
    return ok && durations_cross_check(p, list, max, count, err);
}

static bool count_device(struct profiler *p, struct counter *list, int max, int *count, struct error *err) {
    if (!kernel_run(p)) return error_set(err, "counters: the kernel failed");
    *count = metrics_select(list, device_counters(p->device, p->kernel, list, max), p->sets);
    return true;
}

struct profiler *profiler_open(struct device *d, unsigned sets, struct error *err) {
    struct profiler *const p = calloc(1, sizeof *p);
    if (!p) return error_set(err, "counters: no memory"), NULL;
    *p = (struct profiler){.name = "perf_event", .count = count_perf, .device = d, .sets = sets};
    if (d->counters) {
        p->name = "device";
        p->count = count_device;
    } else if (strcmp(d->info(d)->backend, "cuda") == 0) {
        p->name = "cupti";
        p->count = count_cupti;
        p->cupti = cupti_open(err);
        if (!p->cupti) {
            free(p);
            return NULL;
        }
    }
    return p;
}

void profiler_close(struct profiler *p) {
    if (!p) return;
    perf_event_close(p->perf);
    if (p->cupti) cupti_close(p->cupti);
    free(p);
}

const char *profiler_name(const struct profiler *p) {
    return p->name;
}

void profiler_cupti(const struct profiler *p, char version[16]) {
    version[0] = 0;
    if (p->cupti) cupti_version(p->cupti, version);
}

const char *profiler_absent(const struct profiler *p) {
    return p->absent.text;
}

bool profiler_count(struct profiler *p, struct kernel *k, const struct call *calls, int call_count,
                    struct counter *list, int max, int *count, struct error *err) {
    p->kernel = k;
    p->calls = calls;
    p->call_count = call_count;
    *count = 0;
    if (!p->count(p, list, max, count, err)) return false;
    metrics_sort(list, *count);
    return true;
}
