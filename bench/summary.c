#include "summary.h"

#include <stdio.h>
#include <string.h>

#include "report.h"

void summary_attrs(const struct problem *p, char *text, size_t size) {
    const struct problem usual = problem_default(p->op, p->dtype);
    size_t used = 0;
    text[0] = 0;
    for (int i = 0; attr_at(i); i++) {
        const struct attr *const a = attr_at(i);
        if (!attr_of(a, p->op) || a->size || attr_get(a, p) == attr_get(a, &usual)) continue;
        char value[32];
        attr_print(a, p, value, sizeof value);
        used += (size_t)snprintf(text + used, size - used, " %s=%s", a->name, value);
        if (used >= size) return;
    }
}

static void entry_print(const struct table_entry *e) {
    char shape[40], time[16], attrs[96], point[POINT_TEXT_MAX], gain[16] = "", held[THROTTLE_LABEL_MAX];
    snprintf(shape, sizeof shape, "%lldx%lld", (long long)e->problem.rows, (long long)e->problem.channels);
    seconds_print(1e-6 * e->time_us.median, time);
    summary_attrs(&e->problem, attrs, sizeof attrs);
    throttle_label(e->throttled, e->throttle, held);
    point_print(e->choice.variant, &e->choice.point, point);
    if (e->fallback.time_us > 0)
        snprintf(gain, sizeof gain, "%.2fx", e->fallback.time_us / e->time_us.median);
    printf("%-13s %-4s %-11s %9s %4.0f%% %-7s %6s  %s %s%s", op_name(e->problem.op),
           dtype_name(e->problem.dtype), shape, time, 100 * e->roofline.fraction, e->roofline.bound, gain,
           e->choice.variant->name, point, attrs);
    if (e->tie_count) printf("  (+%d tie%s)", e->tie_count, e->tie_count == 1 ? "" : "s");
    if (*variant_label(e->choice.variant)) printf("  %s", variant_label(e->choice.variant));
    if (e->source == SOURCE_MODELED) printf("  modeled");
    if (e->throttled) printf("  %s", held);
    putchar('\n');
}

const struct table_entry *summary_spline(const struct table *t, const struct table_entry *rational) {
    if (rational->problem.op != RATIONAL_FWD && rational->problem.op != RATIONAL_BWD) return NULL;
    const enum op op = rational->problem.op == RATIONAL_FWD ? BSPLINE_FWD : BSPLINE_BWD;
    for (int i = 0; i < t->count; i++) {
        const struct problem *const p = &t->entries[i].problem;
        if (p->op == op && p->dtype == rational->problem.dtype && p->rows == rational->problem.rows &&
            p->channels == rational->problem.channels)
            return &t->entries[i];
    }
    return NULL;
}

static void bases_compare(const struct table *t) {
    bool heading = false;
    for (int i = 0; i < t->count; i++) {
        const struct table_entry *const r = &t->entries[i];
        const struct table_entry *const s = summary_spline(t, r);
        if (!s) continue;
        if (!heading) printf("\nrational against spline\n");
        heading = true;
        char shape[40], one[16], other[16];
        snprintf(shape, sizeof shape, "%lldx%lld", (long long)r->problem.rows,
                 (long long)r->problem.channels);
        seconds_print(1e-6 * r->time_us.median, one);
        seconds_print(1e-6 * s->time_us.median, other);
        printf("  %-9s%-5s %-11s rational %9s   spline %9s   the spline takes %.2fx as long\n",
               r->problem.op == RATIONAL_FWD ? "forward" : "backward", dtype_name(r->problem.dtype), shape,
               one, other, s->time_us.median / r->time_us.median);
    }
}

/* Overhead is everything but running and timing kernels. */
static void tuning_print(const struct tuning *t) {
    if (!t->candidates) return;
    const double percent = 100 / t->seconds;
    printf(
        "\noverhead %.1f%% of %.1f s: checking %.1f%%, preparing %.1f%%, starting and asking workers %.1f%%, "
        "the tuner itself %.1f%% (%.2f ms for each of %d candidates)\n",
        percent * (t->seconds - t->running), t->seconds, percent * t->checking, percent * t->preparing,
        percent * t->passing, percent * t->parent, 1e3 * t->parent / t->candidates, t->candidates);
}

void summary_print(const struct table *t, bool why) {
    printf("%s, %s, ", t->device.name, t->device.arch);
    if (t->bandwidth_gbs > 0)
        printf("copy %.1f GB/s; ", t->bandwidth_gbs); /* not where a run was cut short */
    printf("%s\n", t->environment.date);
    printf("%-13s %-4s %-11s %9s %5s %-7s %6s  %s\n", "operation", "", "shape", "time", "roof", "bound",
           "gain", "winner");
    for (int i = 0; i < t->count; i++) {
        entry_print(&t->entries[i]);
        if (why && t->entries[i].why) printf("    %s\n", t->entries[i].why->sentence);
    }
    bases_compare(t);
    tuning_print(&t->tuning);
}
