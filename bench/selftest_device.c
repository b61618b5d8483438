#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ceiling.h"
#include "device/clock.h"
#include "device/cuda.h"
#include "device/cuda_cache.h"
#include "device/nvml.h"
#include "measure.h"
#include "op.h"
#include "profiler.h"
#include "selftest.h"

enum { COPIES_MAX = 64 };

struct probe {
    struct selftest *t;
    struct device *device;
    struct meter *meter;
    struct contender copies[COPIES_MAX];
    struct contender *best; /* of the copies, once they are timed */
    double budget;
};

/* What goes to the device comes back. */
static void memory_step(struct probe *p) {
    const size_t bytes = (size_t)64 << 20;
    struct step *const s = selftest_step(p->t, "memory");
    struct error err = {""};
    uint64_t *const out = malloc(bytes), *const back = calloc(1, bytes);
    void *const on_device = p->device->alloc(p->device, bytes);
    double there = 0, here = 0;
    if (out && back && on_device) {
        for (size_t i = 0; i < bytes / sizeof *out; i++) out[i] = i * 0x9e3779b97f4a7c15u;
        const double begin = clock_seconds();
        p->device->upload(p->device, on_device, out, bytes);
        there = clock_seconds() - begin;
        p->device->download(p->device, back, on_device, bytes);
        here = clock_seconds() - begin - there;
    }
    if (!out || !back || !on_device)
        step_end(s, STEP_FAILED, "no memory for %zu MiB", bytes >> 20);
    else if (device_failure(p->device, &err))
        step_end(s, STEP_FAILED, "%s", err.text);
    else if (memcmp(out, back, bytes) != 0)
        step_end(s, STEP_FAILED, "%zu MiB came back changed", bytes >> 20);
    else
        step_end(s, STEP_OK, "%zu MiB there at %.1f GB/s and back at %.1f GB/s, unchanged", bytes >> 20,
                 1e-9 * (double)bytes / there, 1e-9 * (double)bytes / here);
    if (on_device) p->device->free(p->device, on_device);
    free(out);
    free(back);
}

/* Flips a byte near the end of the one entry of a cache. */
static bool entry_spoil(const char *folder) {
    char pattern[128];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/*.bin", folder);
    FILE *const f = glob(pattern, 0, NULL, &found) == 0 ? fopen(found.gl_pathv[0], "r+") : NULL;
    globfree(&found);
    if (!f) return false;
    fseek(f, -9, SEEK_END);
    const int byte = fgetc(f);
    fseek(f, -9, SEEK_END);
    fputc(byte ^ 0x40, f);
    return !fclose(f);
}

/* Removes a folder and the files in it. */
static void folder_remove(const char *folder) {
    char pattern[128];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/*", folder);
    const bool any = glob(pattern, GLOB_PERIOD, NULL, &found) == 0;
    for (size_t i = 0; any && i < found.gl_pathc; i++) unlink(found.gl_pathv[i]); /* not "." and ".." */
    globfree(&found);
    if (rmdir(folder)) perror(folder);
}

/* Compiles a kernel in an empty cache, four times: anew, from the cache, after the entry was spoilt, and from
   the cache again. `times` are of the first two. */
static bool cache_try(struct nvrtc *n, int sm, const char *folder, double times[2], struct error *err) {
    static const bool cached[] = {false, true, false, true};
    const struct variant *const v = variant_find("copy_cuda");
    const struct problem problem = problem_default(COPY, F32);
    const struct point point = point_at(v, 0);
    for (int i = 0; i < 4; i++) {
        struct cuda_binary b;
        if (i == 2 && !entry_spoil(folder)) return error_set(err, "%s: nothing was kept there", folder);
        const double begin = clock_seconds();
        if (!cuda_compile(n, v, &problem, &point, sm, &b, err)) return false;
        const bool from_cache = b.cached;
        if (i < 2) times[i] = clock_seconds() - begin;
        cuda_binary_free(&b);
        if (from_cache == cached[i]) continue;
        return error_set(err, i == 2 ? "a spoilt entry was taken"
                              : i    ? "what was kept is not found"
                                     : "the cache was not empty");
    }
    return true;
}

static void compiler_step(struct probe *p) {
    struct step *const s = selftest_step(p->t, "compiler");
    char folder[] = "/tmp/katune-selftest-XXXXXX";
    const char *const user = getenv("KATUNE_CACHE");
    char *const kept = user ? strdup(user) : NULL;
    struct nvrtc n;
    struct error err = {""};
    double times[2];
    if (!device_is_gpu(&p->t->info)) {
        step_end(s, STEP_SKIPPED, "kernels of the CPU are compiled with the program");
        return;
    }
    if (!nvrtc_open(&n, &err) || !mkdtemp(folder)) {
        step_end(s, STEP_FAILED, "%s", err.text);
        return;
    }
    setenv("KATUNE_CACHE", folder, 1);
    if (cache_try(&n, p->t->info.sm, folder, times, &err))
        step_end(s, STEP_OK, "%.0f ms for a kernel, %.1f ms from the cache; a spoilt entry is made anew",
                 1e3 * times[0], 1e3 * times[1]);
    else
        step_end(s, STEP_FAILED, "%s", err.text);
    if (kept)
        setenv("KATUNE_CACHE", kept, 1);
    else
        unsetenv("KATUNE_CACHE");
    free(kept);
    folder_remove(folder);
}

/* Times the copies; the best is what the steps after this one run. */
static bool copies_time(struct probe *p, struct error *err) {
    struct problem problem = problem_default(COPY, F32);
    problem.rows = 4096;
    problem.channels = 3072;
    const int threads = device_is_gpu(&p->t->info) ? 1 : p->t->info.units;
    const int count = ceiling_copies(p->device, &problem, threads, p->copies, COPIES_MAX);
    if (!count) return error_set(err, "no copy passes its check");
    if (!measure(p->meter, p->copies, count, p->budget, true, err)) return false;
    for (int i = 0; i < count; i++)
        if (!p->copies[i].beaten && (!p->best || p->copies[i].seconds.median < p->best->seconds.median))
            p->best = &p->copies[i];
    return true;
}

/* Beyond what the data sheet allows, a clock lies; far below it, somebody else is at work or the clock is
 * held back. */
static void bandwidth_step(struct probe *p) {
    static const double least = 0.5, most = 1.05;
    struct step *const s = selftest_step(p->t, "bandwidth");
    struct error err = {""};
    if (!copies_time(p, &err)) {
        step_end(s, STEP_FAILED, "%s", err.text);
        return;
    }
    const double rate = problem_bytes(&p->best->problem) / p->best->seconds.median,
                 share = p->t->info.bandwidth > 0 ? rate / p->t->info.bandwidth : 0;
    char sheet[80] = "";
    if (share > 0)
        snprintf(sheet, sizeof sheet, ", %.0f%% of %.0f GB/s by the data sheet", 100 * share,
                 1e-9 * p->t->info.bandwidth);
    step_end(s,
             share > most                 ? STEP_FAILED
             : share > 0 && share < least ? STEP_UNSURE
                                          : STEP_OK,
             "%s copies %.1f GB/s (+- %.1f%%, %d samples)%s%s", p->best->variant->name, 1e-9 * rate,
             50 * (p->best->seconds.hi - p->best->seconds.lo) / p->best->seconds.median, p->best->seconds.n,
             sheet, p->t->info.modeled ? ": modeled" : "");
}

static void clock_step(struct probe *p) {
    struct step *const s = selftest_step(p->t, "clock");
    struct error err = {""};
    char reasons[40];
    if (p->t->info.modeled) {
        step_end(s, STEP_SKIPPED, "a model has none");
        return;
    }
    if (!p->best) {
        step_end(s, STEP_SKIPPED, "nothing could be timed");
        return;
    }
    const struct nvml *const n = device_is_gpu(&p->t->info) ? cuda_nvml(p->device, &err) : NULL;
    if (device_is_gpu(&p->t->info) && !n) {
        step_end(s, STEP_SKIPPED, "%s", err.text);
        return;
    }
    throttle_print(p->best->throttle, reasons, sizeof reasons);
    step_end(s, p->best->throttled ? STEP_UNSURE : STEP_OK, "%.2f GHz while copying%s%s%s",
             p->best->clock_ghz, *reasons ? ", at times held back by: " : "", reasons,
             p->best->throttled ? ", throttled" : "");
    if (!n) return;
    const struct nvml_state now_is = nvml_state_read(n);
    step_line(s, "driver %s, multiprocessors %u of %u MHz, memory %u of %u MHz, %.0f of %.0f W",
              now_is.driver, now_is.units_mhz, now_is.units_max, now_is.memory_mhz, now_is.memory_max,
              now_is.watts, now_is.watts_max);
}

/* Memory for one call of the best copy, and the kernel. */
struct copy {
    struct kernel *kernel;
    struct call call;
};

static void copy_free(struct probe *p, struct copy *c) {
    if (c->kernel) p->device->release(p->device, c->kernel);
    if (c->call.in[T_X]) p->device->free(p->device, (void *)c->call.in[T_X]);
    if (c->call.out[T_Y]) p->device->free(p->device, c->call.out[T_Y]);
    *c = (struct copy){NULL, {.scratch = NULL}};
}

static bool copy_make(struct probe *p, struct copy *c, struct error *err) {
    *c = (struct copy){NULL, {.scratch = NULL}};
    if (!p->best) return error_set(err, "nothing could be timed");
    const size_t bytes = tensor_bytes(&p->best->problem, T_X);
    void *const zeros = calloc(1, bytes);
    c->call.in[T_X] = p->device->alloc(p->device, bytes);
    c->call.out[T_Y] = p->device->alloc(p->device, bytes);
    bool ok = (zeros && c->call.in[T_X] && c->call.out[T_Y]) || error_set(err, "no memory for a copy");
    if (ok) p->device->upload(p->device, (void *)c->call.in[T_X], zeros, bytes);
    free(zeros);
    ok = ok && (c->kernel =
                    p->device->prepare(p->device, p->best->variant, &p->best->problem, &p->best->point, err));
    if (!ok) copy_free(p, c);
    return ok;
}

/* Events of the GPU, or whatever the device times by, against the host's clock around the same calls. */
static void timing_step(struct probe *p) {
    enum { CALLS_MAX = 4096 };
    static const double seconds = 50e-3;
    struct step *const s = selftest_step(p->t, "timing");
    struct error err = {""};
    struct copy c;
    if (p->t->info.modeled) {
        step_end(s, STEP_SKIPPED, "a model's time is not the host's");
        return;
    }
    struct call *const calls = malloc(sizeof *calls * CALLS_MAX);
    if (!calls || !copy_make(p, &c, &err)) {
        step_end(s, STEP_FAILED, "%s", calls ? err.text : "out of memory");
        free(calls);
        return;
    }
    const double wanted = seconds / p->best->seconds.median;
    const int count = wanted < 1 ? 1 : wanted > CALLS_MAX ? CALLS_MAX : (int)wanted;
    for (int i = 0; i < count; i++) calls[i] = c.call;
    p->device->run(p->device, c.kernel, calls, 1);
    const double begin = clock_seconds(), by_device = p->device->run(p->device, c.kernel, calls, count),
                 by_host = clock_seconds() - begin;
    const bool agree = by_device <= 1.01 * by_host && by_host <= 1.1 * by_device + 1e-3;
    if (device_failure(p->device, &err))
        step_end(s, STEP_FAILED, "%s", err.text);
    else
        step_end(s, agree ? STEP_OK : STEP_FAILED,
                 "%d calls: %.3f ms by the device's clock, %.3f ms by the host's%s", count, 1e3 * by_device,
                 1e3 * by_host, agree ? "" : ": they should agree within 10%");
    copy_free(p, &c);
    free(calls);
}

static void counters_step(struct probe *p) {
    struct step *const s = selftest_step(p->t, "counters");
    struct counter list[COUNTERS_MAX];
    struct error err = {""};
    struct copy c;
    int count = 0;
    if (!copy_make(p, &c, &err)) {
        step_end(s, STEP_FAILED, "%s", err.text);
        return;
    }
    struct profiler *const f = profiler_open(p->device, METRICS_MEMORY, &err);
    if (!f || !profiler_count(f, c.kernel, &c.call, 1, list, COUNTERS_MAX, &count, &err)) {
        step_end(s, STEP_SKIPPED, "%s", err.text);
    } else {
        const struct counter *const dram = counter_find(list, count, "dram_bytes");
        const double minimum = problem_bytes(&p->best->problem);
        step_end(s, STEP_OK, "%s counts %d metrics%s", profiler_name(f), count,
                 *profiler_absent(f) ? ", not all" : "");
        if (dram) step_line(s, "a copy of %.1f MB moves %.1f MB of DRAM", 1e-6 * minimum, 1e-6 * dram->value);
        if (*profiler_absent(f)) step_line(s, "%s", profiler_absent(f));
    }
    profiler_close(f);
    copy_free(p, &c);
}

bool selftest_device(struct selftest *t, double budget, struct error *err) {
    const struct measure_options options = {.seed = t->seed};
    struct probe p = {.t = t, .budget = budget, .device = device_open(t->device, true, err)};
    if (!p.device) return false;
    p.meter = meter_open(p.device, &options, err);
    const bool ok = p.meter != NULL;
    if (ok) {
        memory_step(&p);
        compiler_step(&p);
        bandwidth_step(&p);
        clock_step(&p);
        timing_step(&p);
        counters_step(&p);
    }
    meter_close(p.meter);
    p.device->close(p.device);
    return ok;
}
