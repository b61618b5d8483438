#include "bars.h"

#include <stdio.h>
#include <stdlib.h>

#include "candidates.h"
#include "ceiling.h"
#include "op.h"
#include "progress.h"
#include "report.h"

/* Bytes per second over those of the copy, at least; cold buffers, 8 groups, otherwise default attributes. */
static const struct {
    enum op op;
    enum dtype dtype;
    double one, all; /* one thread, all threads */
} bars[] = {
    {RATIONAL_FWD, F32, 0.85, 0.92},  {RATIONAL_BWD, F32, 0.60, 0.92}, {BSPLINE_FWD, F32, 0.50, 0.80},
    {BSPLINE_BWD, F32, 0.30, 0.55},   {GELU_FWD, F32, 0.45, 0.60},     {SILU_FWD, F32, 0.45, 0.60},
    {RATIONAL_FWD, BF16, 0.50, 0.75}, {RATIONAL_FWD, F16, 0.50, 0.75},
};
enum { BAR_COUNT = sizeof bars / sizeof *bars };

static const struct { int64_t rows, channels; } shapes[] = {{4096, 3072}, {12608, 768}};
enum { SHAPE_COUNT = sizeof shapes / sizeof *shapes };

enum { FINALISTS = 4, COPIES_MAX = 64 };

struct bar_result {
    struct contender best, copy;
    double ratio; /* of bytes/s; 0: nothing ran */
};

static double rate_of(const struct contender *c) {
    return problem_bytes(&c->problem) / c->seconds.median;
}

static int median_compare(const void *a, const void *b) {
    const double x = ((const struct contender *)a)->seconds.median,
                 y = ((const struct contender *)b)->seconds.median;
    return (x > y) - (x < y);
}

/* The case that candidates are checked on, in this process, made for the first. */
struct bar_case {
    struct device *device;
    const struct options *o;
    struct check_case *made;
};

static bool bar_check(void *context, struct contender *c, struct error *err) {
    struct bar_case *const k = context;
    if (!k->made) k->made = case_new(k->device, &c->problem, k->o->seed, k->o->distribution, err);
    if (!k->made) return false;
    case_check(k->made, c->variant, &c->point, CHECK_QUICK, &c->verdict);
    return true;
}

static bool bar_candidates(struct candidates *c, struct device *d, const struct options *o,
                           const struct problem *p, int threads, struct error *err) {
    struct bar_case k = {d, o, NULL};
    const bool ok = candidates_find(c, d->info(d), o, p, threads, bar_check, &k, err);
    case_free(k.made);
    return ok;
}

/* A first race among all; then the best few of the operation and of the copy together, in turn. */
static bool bar_measure(struct meter *m, const struct options *o, const struct problem *p, int threads,
                        struct bar_result *result, struct error *err) {
    struct candidates c;
    struct contender copies[COPIES_MAX];
    *result = (struct bar_result){.ratio = 0};
    if (!bar_candidates(&c, meter_device(m), o, p, threads, err)) return false;
    const int copy_count = ceiling_copies(meter_device(m), p, threads, copies, COPIES_MAX);
    if (!copy_count || !c.passed) {
        candidates_free(&c);
        return true;
    }
    const double budget = o->budget > 0 ? o->budget : 2;
    bool ok = measure(m, c.list, c.passed, budget / 2, true, err) &&
              measure(m, copies, copy_count, budget / 4, true, err);
    if (ok) {
        qsort(c.list, (size_t)c.passed, sizeof *c.list, median_compare);
        qsort(copies, (size_t)copy_count, sizeof *copies, median_compare);
        struct contender final[2 * FINALISTS];
        const int ours = c.passed < FINALISTS ? c.passed : FINALISTS;
        const int theirs = copy_count < FINALISTS ? copy_count : FINALISTS;
        for (int i = 0; i < ours; i++) final[i] = c.list[i];
        for (int i = 0; i < theirs; i++) final[ours + i] = copies[i];
        ok = measure(m, final, ours + theirs, budget, false, err);
        qsort(final, (size_t)ours, sizeof *final, median_compare);
        qsort(final + ours, (size_t)theirs, sizeof *final, median_compare);
        if (ok)
            *result = (struct bar_result){final[0], final[ours], rate_of(&final[0]) / rate_of(&final[ours])};
    }
    candidates_free(&c);
    return ok;
}

static void result_print(const struct problem *p, int threads, double bar, const struct bar_result *r) {
    char point[POINT_TEXT_MAX], shape[32], variant[256];
    snprintf(shape, sizeof shape, "%lldx%lld", (long long)p->rows, (long long)p->channels);
    printf("%-13s %-4s %-10s %2d ", op_name(p->op), dtype_name(p->dtype), shape, threads);
    if (r->ratio <= 0) {
        printf("%*s %5.2f  MISSED  no variant ran\n", 24, "-", bar);
        return;
    }
    point_print(r->best.variant, &r->best.point, point);
    snprintf(variant, sizeof variant, "%s %s", r->best.variant->name, point);
    printf("%7.1f %7.1f %8.2f %5.2f  %s  %s\n", 1e-9 * rate_of(&r->best), 1e-9 * rate_of(&r->copy), r->ratio,
           bar, r->ratio >= bar ? "met   " : "MISSED", variant);
}

static bool bar_selected(const struct options *o, int bar) {
    return o->ops >> bars[bar].op & 1 && (!o->dtypes || o->dtypes & bars[bar].dtype);
}

int bars_measure(struct device *d, const struct options *o, struct error *err) {
    const struct measure_options options = {
        .seed = o->seed, .distribution = o->distribution, .warm = o->warm};
    struct meter *const m = meter_open(d, &options, err);
    if (!m) return -1;
    struct progress *const progress = progress_new("bars", o->quiet);
    const int units = d->info(d)->units, teams = units > 1 ? 2 : 1;
    const int shape_count = o->shape_count ? o->shape_count : SHAPE_COUNT;
    int missed = 0, done = 0;
    bool ok = true;
    printf("Shares of the copy measured in the same run (bytes/s, cold buffers).\n"
           "%-13s %-4s %-10s %2s %7s %7s %8s %5s  verdict\n",
           "operation", "", "shape", "th", "GB/s", "copy", "measured", "bar");
    for (int i = 0; ok && i < BAR_COUNT; i++) {
        if (!bar_selected(o, i)) continue;
        for (int s = 0; ok && s < shape_count; s++) {
            for (int t = 0; ok && t < teams; t++) {
                struct problem p;
                struct bar_result result;
                const int64_t rows = o->shape_count ? o->shapes[s].rows : shapes[s].rows;
                const int64_t channels = o->shape_count ? o->shapes[s].channels : shapes[s].channels;
                const double bar = t ? bars[i].all : bars[i].one;
                progress_set(progress, (double)done++ / (BAR_COUNT * shape_count * teams),
                             op_name(bars[i].op));
                ok = options_problem(o, bars[i].op, bars[i].dtype, rows, channels, &p, err) &&
                     bar_measure(m, o, &p, t ? units : 1, &result, err);
                if (!ok) break;
                progress_clear(progress);
                result_print(&p, t ? units : 1, bar, &result);
                fflush(stdout);
                missed += result.ratio < bar;
            }
        }
    }
    progress_free(progress);
    meter_close(m);
    return ok ? missed : -1;
}
