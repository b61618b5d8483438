/* The bars of a virtual GPU: what kernels move, execute and would take, from its counters and its model.
   Every variant's default point is checked at a few rows and then run, sampled, at the shape. */
#include <stdio.h>
#include <string.h>

#include "bars.h"
#include "case.h"
#include "op.h"
#include "report.h"

enum { VARIANTS_MAX = 24, CHECKED_ROWS = 67, ROWS = 12608, CHANNELS = 3072 };

static const double bytes_bar = 1.02, floor_bar = 1.15, instructions_bar = 0.6, occupancy_bar = 0.5;

/* An operation's variants, counted at the shape. */
struct counted {
    struct contender list[VARIANTS_MAX];
    int count;
};

static double counter_of(const struct contender *c, const char *name) {
    const struct counter *const found = counter_find(c->counters, c->counter_count, name);
    return found ? found->value : 0;
}

static bool baseline(const struct contender *c) {
    return c->variant->flags & BASELINE;
}

/* The default point of every variant that passes its check at a few rows of the problem. */
static bool variants_check(struct device *d, const struct problem *p, uint64_t seed, struct counted *all,
                           struct error *err) {
    struct problem small = *p;
    small.rows = CHECKED_ROWS;
    const struct distribution normal = {.kind = DIST_NORMAL};
    struct check_case *const c = case_new(d, &small, seed, normal, err);
    if (!c) return false;
    all->count = 0;
    for (int i = 0; i < variant_count() && all->count < VARIANTS_MAX; i++) {
        struct contender *const one = &all->list[all->count];
        *one = (struct contender){.variant = variant_at(i), .problem = *p};
        if (!variant_default_point(one->variant, p, d->info(d), &one->point, NULL)) continue;
        case_check(c, one->variant, &one->point, CHECK_QUICK, &one->verdict);
        if (one->verdict.status == CHECK_PASSED)
            all->count++;
        else
            fprintf(stderr, "%s: %s\n", one->variant->name, one->verdict.text);
    }
    case_free(c);
    return true;
}

static bool operation_count(struct meter *m, struct device *d, enum op op, enum dtype dtype, uint64_t seed,
                            struct counted *all, struct error *err) {
    struct problem p = problem_default(op, dtype);
    p.rows = ROWS, p.channels = CHANNELS;
    if (!variants_check(d, &p, seed, all, err)) return false;
    for (int i = 0; i < all->count; i++)
        if (!measure(m, &all->list[i], 1, 1, false, err)) return false;
    return true;
}

/* The fastest that is no baseline; NULL if there is none. */
static const struct contender *best_of(const struct counted *all) {
    const struct contender *best = NULL;
    for (int i = 0; i < all->count; i++)
        if (!baseline(&all->list[i]) && (!best || all->list[i].seconds.median < best->seconds.median))
            best = &all->list[i];
    return best;
}

static void table_print(const struct counted *all, double bandwidth) {
    for (int i = 0; i < all->count; i++) {
        const struct contender *const c = &all->list[i];
        const double elements = (double)problem_elements(&c->problem);
        char time[16];
        seconds_print(c->seconds.median, time);
        printf("  %-32s %-4s %s %9.2f %9.3f %9.3f %11.0f %6.0f%% %6.0f\n", c->variant->name,
               dtype_name(c->problem.dtype), time,
               c->seconds.median / (problem_bytes(&c->problem) / bandwidth),
               counter_of(c, "dram_bytes") / elements, counter_of(c, "instructions") / elements,
               counter_of(c, "atomics"), 100 * counter_of(c, "occupancy"), counter_of(c, "spill_bytes"));
    }
}

/* Prints a bar; returns whether it was missed. */
static int bar_print(const char *what, const char *variant, double measured, double bar, bool met) {
    printf("%-64s %8.3f %8.3f  %s  %s\n", what, measured, bar, met ? "met   " : "MISSED", variant);
    return !met;
}

static int bytes_bar_print(const struct contender *best) {
    char what[96];
    const double share = counter_of(best, "dram_bytes") / problem_bytes(&best->problem);
    snprintf(what, sizeof what, "%s %s: DRAM bytes over the least", op_name(best->problem.op),
             dtype_name(best->problem.dtype));
    return bar_print(what, best->variant->name, share, bytes_bar, share <= bytes_bar);
}

/* What holds for every variant of ours. */
static int variant_bars_print(const struct counted *all, bool elementwise) {
    int missed = 0;
    for (int i = 0; i < all->count; i++) {
        const struct contender *const c = &all->list[i];
        if (baseline(c)) continue;
        const double most = counter_of(c, "blocks") * (c->problem.m + 1 + c->problem.n),
                     atomics = counter_of(c, "atomics");
        missed += bar_print("global atomics, at most blocks x coefficients", c->variant->name, atomics, most,
                            atomics <= most);
        missed += bar_print("spilled bytes", c->variant->name, counter_of(c, "spill_bytes"), 0,
                            counter_of(c, "spill_bytes") <= 0);
        if (elementwise)
            missed +=
                bar_print("occupancy of an elementwise kernel", c->variant->name, counter_of(c, "occupancy"),
                          occupancy_bar, counter_of(c, "occupancy") >= occupancy_bar);
    }
    return missed;
}

static const struct contender *variant_of(const struct counted *all, const char *name) {
    for (int i = 0; i < all->count; i++)
        if (strcmp(all->list[i].variant->name, name) == 0) return &all->list[i];
    return NULL;
}

/* Backward in float32: the model against the floor, instructions against the published design. */
static int backward_bars_print(const struct counted *all, double bandwidth) {
    const struct contender *const best = best_of(all), *const tiles =
                                                           variant_of(all, "rational_bwd_cuda_tilesum");
    if (!best || !tiles) return 1;
    const double over = best->seconds.median / (problem_bytes(&best->problem) / bandwidth);
    const double share = counter_of(best, "instructions") / counter_of(tiles, "instructions");
    return bar_print("rational_bwd f32: modeled time over the DRAM floor", best->variant->name, over,
                     floor_bar, over <= floor_bar) +
           bar_print("rational_bwd f32: warp instructions over the tile sum's", best->variant->name, share,
                     instructions_bar, share <= instructions_bar);
}

int bars_gpu_measure(struct device *d, const struct options *o, struct error *err) {
    static const struct {
        enum op op;
        enum dtype dtype;
    } rows[] = {{RATIONAL_FWD, F32}, {RATIONAL_FWD, BF16}, {RATIONAL_BWD, F32}, {RATIONAL_BWD, BF16}};
    static struct counted counted[sizeof rows / sizeof *rows]; /* some hundred kilobytes */
    const struct measure_options options = {.seed = o->seed};
    const double bandwidth = d->info(d)->bandwidth;
    struct meter *const m = meter_open(d, &options, err);
    if (!m) return -1;
    printf("%s, modeled; %dx%d, 8 groups, launches sampled.\n  %-32s %-4s %9s %9s %9s %9s %11s %7s %6s\n",
           d->info(d)->name, ROWS, CHANNELS, "variant", "", "time", "of floor", "bytes/el", "warp i/el",
           "atomics", "occup.", "spill");
    int missed = 0;
    bool ok = true;
    for (int i = 0; ok && i < (int)(sizeof rows / sizeof *rows); i++) {
        ok = operation_count(m, d, rows[i].op, rows[i].dtype, o->seed, &counted[i], err);
        if (ok) table_print(&counted[i], bandwidth);
        fflush(stdout);
    }
    meter_close(m);
    if (!ok) return -1;
    printf("%-64s %8s %8s  verdict\n", "bar", "measured", "bar");
    for (int i = 0; i < (int)(sizeof rows / sizeof *rows); i++) {
        const struct contender *const best = best_of(&counted[i]);
        missed += best ? bytes_bar_print(best) : 1;
        if (rows[i].dtype == F32) missed += variant_bars_print(&counted[i], rows[i].op == RATIONAL_FWD);
        if (rows[i].op == RATIONAL_BWD && rows[i].dtype == F32)
            missed += backward_bars_print(&counted[i], bandwidth);
    }
    return missed;
}
