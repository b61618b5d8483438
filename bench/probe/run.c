/* Compiles and runs the kernel of a case. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/clock.h"
#include "device/cuda.h"
#include "device/cuda_cache.h"
#include "device/cuda_sources.h"
#include "probe.h"

extern const struct cuda_source probe_sources[];

enum {
    REPEATS = 5,
    LAUNCHES_MAX = 100, /* twice as many, with a fill each, still wait in the queue until the first begins */
    ROUNDS_MAX = 1 << 24,
    GROWTH_MAX = 64,
};
static const double least_seconds = 1e-3; /* of n rounds; what a model says needs no more than one */

/* What a kernel reports of its first warp: struct report of probe.cuh. */
struct report {
    uint64_t cycles, nanoseconds, next;
};

static const char *const file_names[] = {
#define ENTRY(file) #file,
    PROBE_FILES(ENTRY)
#undef ENTRY
};

static const struct {
    enum probe_file file;
    const char *name;
} kernels[] = {
#define ENTRY(file, kernel) {FILE_##file, #kernel},
    PROBE_KERNELS(ENTRY)
#undef ENTRY
};

const char *probe_group(const struct probe_case *c) {
    return file_names[kernels[c->kernel].file];
}

void probe_add(struct probe *p, struct probe_case c, const char *name, ...) {
    if (p->count == PROBE_CASES_MAX) abort();
    va_list list;
    va_start(list, name);
    vsnprintf(c.name, sizeof c.name, name, list);
    va_end(list);
    if (!c.blocks) c.blocks = probe_full_grid(p);
    if (!c.threads) c.threads = PROBE_THREADS;
    if (!c.rounds) c.rounds = 1;
    p->cases[p->count++] = c;
}

unsigned probe_full_grid(const struct probe *p) {
    return (unsigned)(p->info->units * p->info->warps * 32 / PROBE_THREADS);
}

/* A launch is the point of a variant without parameters. */
enum { POINT_KERNEL, POINT_BLOCKS, POINT_THREADS, POINT_ZERO };

static void launch_fill(const struct problem *p, const struct point *pt, const struct device_info *d,
                        struct launch *l) {
    (void)p, (void)d;
    l->steps = 1;
    l->step[0].function = kernels[pt->value[POINT_KERNEL]].name;
    l->step[0].grid[0] = (unsigned)pt->value[POINT_BLOCKS];
    l->step[0].block[0] = (unsigned)pt->value[POINT_THREADS];
    l->zero = pt->value[POINT_ZERO] ? 1u << T_Y : 0;
}

static const char *source_find(const char *stem, const char *ending) {
    char name[64];
    snprintf(name, sizeof name, "%s%s", stem, ending);
    for (const struct cuda_source *s = probe_sources; s->name; s++)
        if (strcmp(s->name, name) == 0) return s->text;
    return "";
}

static bool variant_make(struct variant *v, const char *stem, struct error *err) {
    const char *const common = source_find("probe", ".cuh"), *const own = source_find(stem, ".cu");
    const size_t size = strlen(common) + strlen(own) + 80;
    char *const source = malloc(size);
    if (!source) return error_set(err, "out of memory");
    snprintf(source, size, "%s#line 1 \"%s.cu\"\n%s", common, stem, own);
    *v = (struct variant){
        .name = stem, .op = COPY, .backend = CUDA, .dtypes = F32, .launch = launch_fill, .source = source};
    return true;
}

static struct kernel *kernel_make(struct probe *p, const struct point *pt, struct error *err) {
    struct problem problem = problem_default(COPY, F32);
    problem.channels = 256; /* the 1 KiB that may be set to zero */
    return p->device->prepare(p->device, &p->variant[kernels[pt->value[POINT_KERNEL]].file], &problem, pt,
                              err);
}

static void memory_free(struct probe *p) {
    if (p->memory) p->device->free(p->device, p->memory);
    if (p->numbers) p->device->free(p->device, p->numbers);
    p->memory = NULL;
    p->numbers = NULL;
}

/* A model's caches are empty when a launch begins, so that little memory is as good as much. */
static bool memory_make(struct probe *p, struct error *err) {
    const size_t least = (size_t)128 << 20, most = p->info->modeled ? least : (size_t)1 << 30;
    p->numbers = p->device->alloc(p->device, 64);
    for (p->bytes = most; p->bytes >= least && !p->memory; p->bytes /= 2)
        p->memory = p->device->alloc(p->device, PROBE_HEADER + p->bytes);
    p->bytes *= 2;
    if (p->memory && p->numbers) return true;
    memory_free(p);
    return error_set(err, "out of device memory: %zu MiB are needed", (PROBE_HEADER + least) >> 20);
}

/* Runs a kernel with these numbers, one launch or several; the seconds that took, negative if it failed. */
static double kernel_run(struct probe *p, struct kernel *k, const int numbers[1 + PROBE_ARGUMENTS],
                         int launches, struct error *err) {
    struct call *const calls = calloc((size_t)launches, sizeof *calls);
    if (!calls) {
        error_set(err, "out of memory");
        return -1;
    }
    for (int i = 0; i < launches; i++) calls[i].in[T_X] = p->numbers, calls[i].out[T_Y] = p->memory;
    p->device->upload(p->device, p->numbers, numbers, sizeof *numbers * (1 + PROBE_ARGUMENTS));
    const double seconds = p->device->run(p->device, k, calls, launches);
    free(calls);
    return device_failure(p->device, err) ? -1 : seconds;
}

/* A GPU that had nothing to do needs a while for its clock. What fails here fails again where it is told. */
static void warm_up(struct probe *p) {
    static const double long_enough = 0.2;
    const struct point pt = {{KERNEL_many_fma, (int)probe_full_grid(p), PROBE_THREADS, false}};
    const int numbers[1 + PROBE_ARGUMENTS] = {20};
    struct error ignored;
    if (p->info->modeled) return;
    struct kernel *const k = kernel_make(p, &pt, &ignored);
    const double begin = clock_seconds();
    bool ok = k;
    while (ok && clock_seconds() - begin < long_enough) ok = kernel_run(p, k, numbers, 1, &ignored) >= 0;
    if (k) p->device->release(p->device, k);
}

bool probe_open(struct probe *p, struct error *err) {
    char folder[512];
    if (!cuda_cache_folder(folder, sizeof folder))
        return error_set(err, "compiled kernels cannot be kept: set KATUNE_CACHE or HOME to a folder");
    for (int i = 0; i < PROBE_FILE_COUNT; i++)
        if (!variant_make(&p->variant[i], file_names[i], err)) return false;
    p->clock = p->info->clock;
    if (!memory_make(p, err)) return false;
    warm_up(p);
    return true;
}

void probe_close(struct probe *p) {
    memory_free(p);
    for (int i = 0; i < PROBE_FILE_COUNT; i++) free((char *)p->variant[i].source);
}

static bool fill_run(struct probe *p, enum probe_kernel kernel, const int argument[2], struct error *err) {
    const struct point pt = {{(int)kernel, 4 * p->info->units, PROBE_THREADS, false}};
    const int numbers[1 + PROBE_ARGUMENTS] = {1, argument[0], argument[1]};
    struct kernel *const k = kernel_make(p, &pt, err);
    const bool ok = k && kernel_run(p, k, numbers, 1, err) >= 0;
    if (k) p->device->release(p->device, k);
    return ok;
}

/* What was written last is still in L2. Where that is not wanted, the memory behind it is written, too. */
static bool memory_fill(struct probe *p, const struct probe_case *c, struct error *err) {
    const size_t l2 = device_last_level_bytes(p->info), enough = 4 * l2;
    if (c->fill == PROBE_FILL_NONE) return true;
    if (c->fill == PROBE_FILL_ZERO)
        return fill_run(p, KERNEL_fill_zero, (const int[2]){c->fill_argument[0], 0}, err);
    const size_t used = (size_t)c->fill_argument[1] << c->fill_argument[0];
    const int behind[2] = {(int)(enough / 16), (int)(used / 16)};
    return fill_run(p, KERNEL_fill_cycle, c->fill_argument, err) &&
           (used <= l2 || used + enough > p->bytes || fill_run(p, KERNEL_fill_zero, behind, err));
}

static bool rounds_are_launches(const struct probe_case *c) {
    return c->kind == PROBE_NANOSECONDS || c->kind == PROBE_ALONE;
}

struct sample {
    double seconds, cycles, nanoseconds;
};

static bool sample_take(struct probe *p, struct probe_case *c, struct kernel *k, int n, struct sample *s) {
    int numbers[1 + PROBE_ARGUMENTS] = {rounds_are_launches(c) ? 1 : n};
    struct report report = {0};
    memcpy(numbers + 1, c->argument, sizeof c->argument);
    s->seconds = kernel_run(p, k, numbers, rounds_are_launches(c) ? n : 1, &c->failure);
    if (s->seconds < 0) return false;
    if (!rounds_are_launches(c)) p->device->download(p->device, &report, p->memory, sizeof report);
    s->cycles = (double)report.cycles;
    s->nanoseconds = (double)report.nanoseconds;
    return !device_failure(p->device, &c->failure);
}

/* So many rounds that they take long enough to be timed; what it costs to find them also warms up. */
static bool rounds_find(struct probe *p, struct probe_case *c, struct kernel *k) {
    const int most = rounds_are_launches(c) ? LAUNCHES_MAX : ROUNDS_MAX;
    struct sample s;
    c->n = c->kind == PROBE_ALONE ? 1 : c->rounds;
    if (p->info->modeled) return true;
    if (!sample_take(p, c, k, c->n, &s)) return false;
    while (c->kind != PROBE_ALONE && c->n < most) {
        if (!sample_take(p, c, k, c->n, &s)) return false;
        if (s.seconds >= least_seconds) break;
        const double wanted = 1.2 * least_seconds / (s.seconds > 1e-6 ? s.seconds : 1e-6);
        const double next = c->n * (wanted < 2 ? 2 : wanted > GROWTH_MAX ? GROWTH_MAX : wanted);
        c->n = next > most ? most : (int)next;
    }
    return true;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *list, int count) {
    qsort(list, (size_t)count, sizeof *list, compare);
    return list[count / 2];
}

static bool samples_take(struct probe *p, struct probe_case *c, struct kernel *k) {
    double seconds[2][REPEATS], cycles[2][REPEATS], nanoseconds[2][REPEATS];
    c->repeats = p->info->modeled ? 1 : REPEATS;
    for (int i = 0; i < c->repeats; i++)
        for (int twice = 0; twice < (c->kind == PROBE_ALONE ? 1 : 2); twice++) {
            struct sample s;
            if (!sample_take(p, c, k, c->n << twice, &s)) return false;
            seconds[twice][i] = s.seconds;
            cycles[twice][i] = s.cycles;
            nanoseconds[twice][i] = s.nanoseconds;
        }
    for (int twice = 0; twice < (c->kind == PROBE_ALONE ? 1 : 2); twice++) {
        c->seconds[twice] = median(seconds[twice], c->repeats);
        c->cycles[twice] = median(cycles[twice], c->repeats);
        c->nanoseconds[twice] = median(nanoseconds[twice], c->repeats);
    }
    return true;
}

/* Of the first warp by two clocks of the device; where it ran too short for that, what was measured last. */
static void clock_find(struct probe *p, struct probe_case *c) {
    static const double least_nanoseconds = 3e5;
    if (!p->info->modeled && c->nanoseconds[1] > least_nanoseconds)
        p->clock = 1e9 * c->cycles[1] / c->nanoseconds[1];
    c->clock = p->clock;
}

static void value_find(const struct probe *p, struct probe_case *c) {
    const double seconds = (c->seconds[1] - c->seconds[0]) / c->n, units = p->info->units;
    const double cycles = seconds * c->clock;
    const bool alone = !p->info->modeled && c->cycles[1] > c->cycles[0];
    switch (c->kind) {
    case PROBE_CYCLES: c->value = (alone ? (c->cycles[1] - c->cycles[0]) / c->n : cycles) / c->work; break;
    case PROBE_UNIT_CYCLES: c->value = cycles * units / c->work; break;
    case PROBE_PER_UNIT: c->value = c->work / cycles / units; break;
    case PROBE_PER_CYCLE: c->value = c->work / cycles; break;
    case PROBE_PER_SECOND: c->value = c->work / seconds; break;
    case PROBE_NANOSECONDS: c->value = 1e9 * seconds / c->work; break;
    case PROBE_ALONE: c->value = 1e9 * c->seconds[0]; break;
    }
    c->done = c->value > 0 && c->value < 1e18;
    if (!c->done) error_set(&c->failure, "twice the work takes no longer");
}

/* After a fault that spoilt the context everything is made anew. */
static void revive(struct probe *p) {
    struct error ignored;
    if (device_usable(p->device)) return;
    memory_free(p);
    if (device_recover(p->device, &ignored)) memory_make(p, &ignored);
}

void probe_measure(struct probe *p, struct probe_case *c) {
    const struct point pt = {{c->kernel, (int)c->blocks, (int)c->threads, c->zero}};
    if (clock_seconds() > p->deadline) {
        error_set(&c->failure, "no time is left: --time-budget gives more");
        return;
    }
    if (!p->memory) {
        error_set(&c->failure, "the device cannot be used any more");
        return;
    }
    struct kernel *const k = kernel_make(p, &pt, &c->failure);
    cuda_queue_ahead(p->device, !c->as_they_come);
    if (k && memory_fill(p, c, &c->failure) && rounds_find(p, c, k) && samples_take(p, c, k)) {
        clock_find(p, c);
        value_find(p, c);
    }
    cuda_queue_ahead(p->device, true);
    if (k) p->device->release(p->device, k);
    revive(p);
}
