/* katune bench: times variants that pass their check, in a process that may crash or hang, and says what
   share of the machine's ceilings they attain. With --bars it measures the project's performance bars. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bars.h"
#include "candidates.h"
#include "ceiling.h"
#include "commands.h"
#include "json_gbench.h"
#include "json_results.h"
#include "options.h"
#include "progress.h"
#include "replay.h"
#include "report.h"

enum { CEILINGS_MAX = 32 };

/* Ceilings by number of threads, for the problem at hand. */
struct ceiling_set {
    int count;
    int threads[CEILINGS_MAX];
    struct ceilings ceilings[CEILINGS_MAX];
};

struct bench {
    const struct options *o;
    struct worker *worker;
    struct device_info info;
    struct progress *progress;
    struct json_results *json;
    struct gbench *gbench;
    int timed, failed, broken, skipped; /* broken: passed the check, but could not be timed */
};

/* Seconds within which a measurement of so many must be through. */
static double limit_of(const struct bench *b, const struct problem *p, double budget) {
    return 10 * budget + candidate_limit(b->o, &b->info, p);
}

static bool ceiling_find(struct bench *b, struct ceiling_set *set, const struct problem *p, int threads,
                         struct ceilings *ceilings, struct error *err) {
    for (int i = 0; i < set->count; i++) {
        if (set->threads[i] != threads) continue;
        *ceilings = set->ceilings[i];
        return true;
    }
    const double budget = 0.5;
    if (worker_ceilings(b->worker, p, threads, budget, ceilings, limit_of(b, p, budget), err) != WORKER_OK)
        return false;
    if (set->count < CEILINGS_MAX) {
        set->threads[set->count] = threads;
        set->ceilings[set->count++] = *ceilings;
    }
    return true;
}

static void failure_report(struct bench *b, const struct contender *f, const char *what) {
    char point[POINT_TEXT_MAX];
    point_print(f->variant, &f->point, point);
    progress_clear(b->progress);
    printf("  %s %s FAILED %s: %s\n", f->variant->name, point, what, f->verdict.text);
    if (b->json) json_check_add(b->json, f->variant, &f->point, &f->problem, b->o->distribution, &f->verdict);
    if (b->gbench) json_gbench_add(b->gbench, f, 0, NULL);
}

static void failures_report(struct bench *b, const struct candidates *c) {
    for (int i = c->passed; i < c->count; i++) failure_report(b, &c->list[i], "its check and is not timed");
    b->failed += c->count - c->passed;
}

static bool problem_report(struct bench *b, const struct problem *p, const struct candidates *c,
                           struct error *err) {
    struct ceiling_set set = {.count = 0};
    struct ceilings *const ceilings = malloc(sizeof *ceilings * (size_t)(c->passed + 1));
    bool ok = ceilings || error_set(err, "out of memory");
    for (int i = 0; ok && i < c->passed; i++) {
        const struct contender *const one = &c->list[i];
        const int threads = point_threads(one->variant, &one->point, &b->info);
        ceilings[i] = (struct ceilings){0};
        ok = b->o->no_ceilings || ceiling_find(b, &set, p, threads, &ceilings[i], err);
        if (ok && b->json)
            json_bench_add(b->json, one, b->o->distribution, b->o->warm, threads, &ceilings[i]);
        if (ok && b->gbench) json_gbench_add(b->gbench, one, threads, &ceilings[i]);
    }
    progress_clear(b->progress);
    if (ok) report_contenders(p, c->list, c->passed, ceilings);
    if (ok && b->o->counters) report_counters(c->list, c->passed);
    for (int i = 0; ok && !b->o->quiet && i < set.count; i++)
        printf("  ceilings with %d thread%s: copy %.1f GB/s, multiply-add %.0f GFLOP/s\n", set.threads[i],
               set.threads[i] == 1 ? "" : "s", 1e-9 * set.ceilings[i].bandwidth,
               1e-9 * set.ceilings[i].flops);
    free(ceilings);
    return ok;
}

/* A problem that cannot be measured, as for want of memory, is said and left out; a device that does not work
   any more is the end. */
static bool problem_leave(struct bench *b, const struct problem *p, const struct error *why,
                          struct error *err) {
    char key[PROBLEM_KEY_MAX];
    problem_key(p, key);
    const char *const begins = strstr(why->text, key) == why->text ? "" : key;
    progress_clear(b->progress);
    printf("skipped %s%s%s\n", begins, *begins ? ": " : "", why->text);
    b->skipped++;
    return worker_describe(b->worker, &b->info, err) == WORKER_OK ||
           error_prefix(err, "the device cannot be used any more");
}

/* Those that cannot be timed are said and leave the list. False and the reason if none can be: then they are
   left as they are. */
static bool candidates_time(struct bench *b, const struct problem *p, struct candidates *c,
                            struct error *err) {
    const double budget = (b->o->budget > 0 ? b->o->budget : 0.5) * c->passed;
    if (!c->passed) return true;
    struct worker_result *const results = calloc((size_t)c->passed + 1, sizeof *results);
    if (!results) return error_set(err, "out of memory");
    worker_measure_each(b->worker, c->list, c->passed, budget, false, limit_of(b, p, budget), results);
    int kept = 0;
    bool refused = true; /* every one */
    for (int i = 0; i < c->passed; i++) {
        refused = refused && results[i].outcome == WORKER_REFUSED;
        kept += results[i].outcome == WORKER_OK;
    }
    if (refused) {
        *err = results[0].err;
        free(results);
        return false;
    }
    const int passed = c->passed;
    c->passed = kept = 0;
    for (int i = 0; i < c->count; i++) {
        struct contender *const one = &c->list[i];
        if (i < passed && results[i].outcome != WORKER_OK) {
            one->verdict.status = CHECK_FAILED;
            snprintf(one->verdict.text, sizeof one->verdict.text, "%s", results[i].err.text);
            failure_report(b, one, "while it was timed");
            b->broken++;
            continue;
        }
        c->passed += i < passed;
        c->list[kept++] = *one;
    }
    c->count = kept;
    free(results);
    return true;
}

static bool bench_check(void *context, struct contender *c, struct error *err) {
    const struct bench *const b = context;
    return candidate_judge(b->worker, c, b->o->distribution, CHECK_QUICK,
                           candidate_limit(b->o, &b->info, &c->problem), err);
}

static bool problem_bench(struct bench *b, const struct problem *p, struct error *err) {
    struct candidates c;
    struct error why;
    if (!candidates_find(&c, &b->info, b->o, p, 0, bench_check, b, &why))
        return problem_leave(b, p, &why, err);
    bool ok = true;
    if (!candidates_time(b, p, &c, &why)) {
        ok = problem_leave(b, p, &why, err);
    } else if (c.passed) {
        ok = problem_report(b, p, &c, err);
        b->timed += c.passed;
    }
    if (ok) failures_report(b, &c);
    for (int i = 0; !b->o->quiet && i < c.skipped; i++)
        printf("  skipped %s: %s\n", c.skips[i].variant->name, c.skips[i].reason);
    b->skipped += c.skipped;
    candidates_free(&c);
    fflush(stdout);
    return ok;
}

static bool bench_all(struct bench *b, struct error *err) {
    const struct options *const o = b->o;
    const unsigned dtypes = o->dtypes ? o->dtypes : F32;
    const int shapes = o->shape_count ? o->shape_count : 1, total = OP_COUNT * DTYPE_COUNT * shapes;
    for (int i = 0; i < total; i++) {
        const enum op op = (enum op)(i / (DTYPE_COUNT * shapes));
        const enum dtype dtype = dtype_at(i / shapes % DTYPE_COUNT);
        const int s = i % shapes;
        if (!(o->ops >> op & 1) || !(dtypes & dtype)) continue;
        struct problem p;
        const int64_t rows = o->shape_count ? o->shapes[s].rows : 4096;
        const int64_t channels = o->shape_count ? o->shapes[s].channels : 3072;
        progress_set(b->progress, (double)i / total, op_name(op));
        if (!options_problem(o, op, dtype, rows, channels, &p, err)) return false;
        if (problem_elements(&p) == 0) return error_set(err, "--shape: nothing to time with 0 rows");
        if (!problem_bench(b, &p, err)) return false;
    }
    return true;
}

static void summary_print(const struct bench *b) {
    const char *const absent = worker_counters_absent(b->worker);
    char broken[48] = "";
    if (b->o->counters && *absent) fprintf(stderr, "katune bench: %s\n", absent);
    if (b->broken) snprintf(broken, sizeof broken, ", %d failed while timed", b->broken);
    printf("%d timed, %d failed their check%s, %d skipped\n", b->timed, b->failed, broken, b->skipped);
}

static int bench_run(const struct options *o, struct error *err) {
    struct bench b = {.o = o};
    b.worker = candidates_worker(o, false, &b.info, err);
    if (!b.worker) return EXIT_USAGE;
    b.progress = progress_new("bench", o->quiet);
    b.json = o->json ? json_results_new("bench", &b.info, o->seed) : NULL;
    b.gbench = o->gbench ? json_gbench_new(&b.info) : NULL;
    bool ok = bench_all(&b, err);
    progress_free(b.progress);
    if (ok) summary_print(&b);
    if (ok && o->json) ok = json_results_write(b.json, o->json, err);
    if (ok && o->gbench) ok = json_gbench_write(b.gbench, o->gbench, err);
    json_results_free(b.json);
    gbench_free(b.gbench);
    worker_close(b.worker);
    return !ok ? EXIT_USAGE : b.failed + b.broken ? EXIT_FAILED : b.timed ? EXIT_OK : EXIT_MISSING;
}

static int cpu_bars_measure(const struct options *o, struct error *err) {
    struct device *const d = device_open(o->device, true, err);
    if (!d) return -1;
    const int missed = bars_measure(d, o, err);
    d->close(d);
    return missed;
}

static int gpu_bars_measure(const struct options *o, struct error *err) {
    struct device_info info;
    struct worker *const w = candidates_worker(o, false, &info, err);
    if (!w) return -1;
    const int missed = bars_gpu_measure(w, &info, o, err);
    worker_close(w);
    return missed;
}

static int bars_run(const struct options *o, struct error *err) {
    const int missed = device_names_gpu(o->device) ? gpu_bars_measure(o, err) : cpu_bars_measure(o, err);
    if (missed > 0) printf("%d missed\n", missed);
    return missed < 0 ? EXIT_USAGE : missed && o->strict ? EXIT_FAILED : EXIT_OK;
}

static const struct command_usage usage = {
    "bench",
    "Checks variants on the problem, then times those that pass: median and 95% interval, calls rotating "
    "through\n"
    "buffers of more than twice the last-level cache, all in turn, against ceilings measured in the same "
    "run.\n"
    "Without --shape: 4096x3072; without --dtype: f32.",
    OPT_DEVICE | OPT_SELECTION | OPT_SEED | OPT_DIST | OPT_WARM | OPT_BUDGET | OPT_BARS | OPT_NO_CEILINGS |
        OPT_COUNTERS | OPT_JSON | OPT_GBENCH | OPT_QUIET | OPT_SEARCH | OPT_STRATEGY | OPT_LIMITS,
    "Columns: median time, half the 95% interval, samples, bytes of the operation over time, share of the "
    "lower\n"
    "ceiling. --bars prints, for each performance bar, the best variant's share of the copy and a verdict."};

int cmd_bench(int argc, char **argv) {
    struct options o;
    const int leave = options_parse(&o, &usage, argc, argv);
    if (leave >= 0) return leave;
    if (o.search.count) return replay_bench(&o);
    if (o.strategy || o.budget_evals || o.prior) {
        fprintf(stderr, "katune bench: --strategy, --budget-evals and --prior go with --search\n");
        return EXIT_USAGE;
    }
    struct error err = {""};
    if (o.strict && !o.bars) {
        fprintf(stderr, "katune bench: --strict goes with --bars\n");
        return EXIT_USAGE;
    }
    if (o.bars && (o.json || o.gbench)) {
        fprintf(stderr, "katune bench: --bars writes no JSON\n");
        return EXIT_USAGE;
    }
    if (o.bars && o.counters) {
        fprintf(stderr, "katune bench: --bars counts what it needs: leave out --counters\n");
        return EXIT_USAGE;
    }
    const int exit_code = o.bars ? bars_run(&o, &err) : bench_run(&o, &err);
    if (exit_code == EXIT_USAGE) fprintf(stderr, "katune bench: %s\n", err.text);
    return exit_code;
}
