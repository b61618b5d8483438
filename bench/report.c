#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "op.h"

void seconds_print(double seconds, char text[16]) {
    if (seconds < 999.95e-6)
        snprintf(text, 16, "%.1f us", 1e6 * seconds);
    else if (seconds < 0.99995)
        snprintf(text, 16, "%.3f ms", 1e3 * seconds);
    else
        snprintf(text, 16, "%.3f s", seconds);
}

struct row {
    const struct contender *c;
    const struct ceilings *ceilings;
};

static int row_compare(const void *a, const void *b) {
    const double x = ((const struct row *)a)->c->seconds.median,
                 y = ((const struct row *)b)->c->seconds.median;
    return (x > y) - (x < y);
}

void throttle_label(bool throttled, unsigned throttle, char text[THROTTLE_LABEL_MAX]) {
    char reasons[THROTTLE_LABEL_MAX - 16];
    throttle_print(throttle, reasons, sizeof reasons);
    snprintf(text, THROTTLE_LABEL_MAX, *reasons ? "throttled (%s)" : "throttled", reasons);
    if (!throttled) *text = 0;
}

static void row_print(const struct row *row) {
    const struct contender *const c = row->c;
    char point[POINT_TEXT_MAX], time[16], variant[256], share[16] = "-", held[THROTTLE_LABEL_MAX];
    point_print(c->variant, &c->point, point);
    seconds_print(c->seconds.median, time);
    const double spread = 50 * (c->seconds.hi - c->seconds.lo) / c->seconds.median;
    const double rate = 1e-9 * problem_bytes(&c->problem) / c->seconds.median;
    const struct roofline roofline = roofline_of(&c->problem, row->ceilings, c->seconds.median);
    snprintf(variant, sizeof variant, "%s %s", c->variant->name, point);
    if (*roofline.bound) snprintf(share, sizeof share, "%5.2f", roofline.fraction);
    throttle_label(c->throttled, c->throttle, held);
    printf("  %-58s %10s %5.1f%% %4d %7.1f %5s %-7s%s%s%s\n", variant, time, spread, c->seconds.n, rate,
           share, roofline.bound, *held ? " " : "", held,
           c->settled  ? ""
           : c->beaten ? " beaten"
                       : " unsettled");
}

void report_contenders(const struct problem *p, const struct contender *contenders, int count,
                       const struct ceilings *ceilings) {
    struct row *const rows = malloc(sizeof *rows * (size_t)(count + 1));
    if (!rows) return;
    for (int i = 0; i < count; i++) rows[i] = (struct row){&contenders[i], &ceilings[i]};
    qsort(rows, (size_t)count, sizeof *rows, row_compare);
    char key[PROBLEM_KEY_MAX];
    problem_key(p, key);
    printf("%s\n  %-58s %10s %6s %4s %7s %5s\n", key, "variant", "median", "+-", "n", "GB/s", "roof");
    for (int i = 0; i < count; i++) row_print(&rows[i]);
    free(rows);
}

/* Prints a counter over `unit`, in a format of one number, if it is there. */
static bool counter_print(const struct contender *c, const char *name, const char *format, double unit) {
    const struct counter *const found = counter_find(c->counters, c->counter_count, name);
    if (found) printf(format, found->value / unit);
    return found;
}

static void counters_by_element(const struct contender *c) {
    const double elements = (double)problem_elements(&c->problem);
    counter_print(c, "instructions", "  %.3f warp instructions an element", elements);
    if (counter_print(c, "dram_bytes", "  %.3f bytes an element", elements))
        printf(", of at least %.3f", problem_bytes(&c->problem) / elements);
    counter_print(c, "atomics", "  %.0f atomics", 1);
    counter_print(c, "occupancy", "  occupancy %.0f%%", 0.01);
}

void report_counters(const struct contender *contenders, int count) {
    for (int i = 0; i < count; i++) {
        const struct contender *const c = &contenders[i];
        if (!c->counter_count) continue;
        printf("  %s:", c->variant->name);
        counters_by_element(c);
        putchar('\n');
        for (int k = 0; k < c->counter_count; k++)
            printf("    %-24s %.6g\n", c->counters[k].name, c->counters[k].value);
    }
}
