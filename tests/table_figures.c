#include "table_figures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "select.h"

enum { TRIALS = 5, LOOKUPS = 20000, SHAPES = 251 };

static const struct device_info here = {.name = "a CPU",
                                        .backend = "cpu",
                                        .arch = "scalar",
                                        .fingerprint = "a CPU/2",
                                        .units = 2,
                                        .isa = 1u << SCALAR};

static void must(bool ok, const char *what, const struct error *err) {
    if (ok) return;
    fprintf(stderr, "%s: %s\n", what, err->text);
    abort();
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The i-th problem: every operation by turns, each on shapes of its own. */
static struct problem problem_at(int i) {
    struct problem p = problem_default((enum op)(i % OP_COUNT), F32);
    i /= OP_COUNT;
    p.rows = 16 + 3 * (i / SHAPES);
    p.channels = 64 * (1 + i % SHAPES);
    return p;
}

static void explain(const struct table_entry *e, struct why *why, struct counter counters[2][4]) {
    static const char *const names[] = {"cycles", "instructions", "cache_misses", "dram_bytes"};
    struct evidence *const list[] = {&why->role[WHY_WINNER], &why->role[WHY_RUNNER_UP]};
    for (int i = 0; i < 2; i++) {
        *list[i] = (struct evidence){.variant = e->choice.variant,
                                     .point = e->choice.point,
                                     .time_us = (1 + i) * e->time_us.median,
                                     .bound = "memory",
                                     .busy = 0.8,
                                     .counters = counters[i],
                                     .counter_count = 4};
        for (int j = 0; j < 4; j++) {
            snprintf(counters[i][j].name, sizeof counters[i][j].name, "%s", names[j]);
            counters[i][j].value = 1e6 / (i + j + 3);
        }
    }
    why->sentence =
        "Memory bounds it: the bytes that it has to move need 80% of the time at the measured bandwidth.";
}

static void table_fill(struct table *t, int entries, bool explained) {
    table_init(t);
    t->device = here;
    for (int i = 0; i < entries; i++) {
        struct table_entry e = {.problem = problem_at(i),
                                .time_us = {1e3 / (i + 7.0), 1e3 / (i + 8.0), 1e3 / (i + 6.0), 40},
                                .roofline = {"memory", 2.0 / 3},
                                .error = {1e-7 / 3, 1e-6 / 3}};
        struct why why = {.sentence = ""};
        struct counter counters[2][4];
        for (int v = 0; v < variant_count(); v++)
            if (variant_at(v)->op == e.problem.op && variant_at(v)->backend == SCALAR)
                e.choice.variant = variant_at(v);
        e.choice.point = point_at(e.choice.variant, 0);
        snprintf(e.fallback.variant, sizeof e.fallback.variant, "%s", e.choice.variant->name);
        e.ties[e.tie_count++] = e.choice;
        if (explained) explain(&e, &why, counters), e.why = &why;
        must(table_put(t, &e), "table_put", &(struct error){"out of memory"});
    }
}

static double exact_seconds(const struct table *t) {
    struct selection s;
    struct error err = {""};
    const double from = now();
    for (int i = 0; i < LOOKUPS; i++) {
        const struct problem *const p = &t->entries[(long)i * 7919 % t->count].problem;
        must(select_variant(t, 1, &here, p, &s, &err) && s.how == SELECT_EXACT, "select_variant", &err);
    }
    return (now() - from) / LOOKUPS;
}

static double near_seconds(const struct table *t) {
    struct selection s;
    struct error err = {""};
    const double from = now();
    for (int i = 0; i < LOOKUPS; i++) {
        struct problem p = t->entries[(long)i * 7919 % t->count].problem;
        p.rows++;
        must(select_variant(t, 1, &here, &p, &s, &err) && s.how == SELECT_NEAR_SHAPE, "select_variant", &err);
    }
    return (now() - from) / LOOKUPS;
}

struct table_figures table_figures(int entries, bool explained) {
    struct table_figures f = {INFINITY, 0, INFINITY, INFINITY};
    struct table t;
    struct error err = {""};
    struct stat status = {.st_size = 0};
    char path[] = "/tmp/katune-table-XXXXXX";
    close(mkstemp(path));
    table_fill(&t, entries, explained);
    must(table_write(&t, path, &err), "table_write", &err);
    table_free(&t);
    for (int i = 0; i < TRIALS; i++) {
        const double from = now();
        must(table_read(&t, path, &err), "table_read", &err);
        f.load_ms = fmin(f.load_ms, 1e3 * (now() - from));
        f.exact_ns = fmin(f.exact_ns, 1e9 * exact_seconds(&t));
        f.near_ns = fmin(f.near_ns, 1e9 * near_seconds(&t));
        table_free(&t);
    }
    if (stat(path, &status) == 0) f.bytes = (double)status.st_size;
    unlink(path);
    return f;
}
