/* katune tune: finds the best variant and point for a set of problems and writes the device's tuning table.
   The main job: everything is checked before it is timed, in processes of its own. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "budget.h"
#include "commands.h"
#include "device/clock.h"
#include "file.h"
#include "options.h"
#include "prior.h"
#include "progress.h"
#include "replay.h"
#include "report.h"
#include "search.h"
#include "summary.h"
#include "tune_set.h"

enum { EXIT_INTERRUPTED = 130 };

static const double default_budget = 150, thorough_budget = 1800;

static volatile int interrupted; /* set by the handler of SIGINT, which has no other way to tell */

static void interrupt(int number) {
    (void)number;
    interrupted = 1;
}

struct tune {
    const struct options *o;
    struct device_info info;
    struct table table; /* the device's, old entries replaced by new ones */
    struct table fresh; /* of this run alone, for the summary */
    struct journal *journal;
    struct worker *worker;
    struct ahead *ahead;
    struct progress *progress;
    struct prior *prior;
    struct record record; /* what is written at the end */
    char folder[3072], path[4096];
    int failed, skipped, tried;
    int cut, cut_tried;   /* problems whose time was over, their candidates that were tried, */
    int64_t cut_most;     /* and might have been */
    double begin, budget; /* by the monotonic clock; seconds */
};

static bool takes_part(const struct variant *v, const struct point *pt, void *context) {
    const struct options *const o = context;
    return variant_matches(v, o->only) && (!pt || options_point(o, v, pt));
}

/* The worker tells what the device is: a process that opened a GPU could fork no workers. */
static bool device_describe(struct tune *t, struct error *err) {
    const struct worker_options options = {
        .device = t->o->device,
        .measure = {.seed = t->o->seed, .distribution = t->o->distribution},
        .stop = &interrupted,
        .memory = t->o->memory_limit};
    t->worker = worker_open(&options, err);
    if (!t->worker || worker_describe(t->worker, &t->info, err) != WORKER_OK) return false;
    t->ahead = ahead_open(&t->info, &(struct ahead_options){.stop = &interrupted});
    const char *const results = t->o->results ? t->o->results : "results";
    if (snprintf(t->folder, sizeof t->folder, "%s/%s", results, t->info.slug) >= (int)sizeof t->folder)
        return error_set(err, "--results %.100s...: the path is too long", results);
    snprintf(t->path, sizeof t->path, "%s/table.json", t->folder);
    return folder_make(t->folder, err);
}

static void environment_fill(struct table *t, const struct device_info *info) {
    t->device = *info;
    clock_date(time(NULL), t->environment.date);
    snprintf(t->environment.katune, sizeof t->environment.katune, "%s", KATUNE_VERSION);
    snprintf(t->environment.compiler, sizeof t->environment.compiler, "%.90s", __VERSION__);
    snprintf(t->environment.driver, sizeof t->environment.driver, "%s", info->driver);
    if (sscanf(info->compiler, "NVRTC %31s", t->environment.nvrtc) != 1) t->environment.nvrtc[0] = 0;
    snprintf(t->environment.sources_hash, sizeof t->environment.sources_hash, "%s", registry_sources_hash());
}

/* The table that is there is added to. What another machine or other kernels measured is not mixed in. */
static bool table_continue(struct tune *t, struct error *err) {
    FILE *const there = fopen(t->path, "r");
    table_init(&t->table);
    if (there) {
        fclose(there);
        if (!table_read(&t->table, t->path, err)) return error_prefix(err, "move it away to start anew");
        if (strcmp(t->table.device.fingerprint, t->info.fingerprint) != 0)
            return error_set(err, "%s: is of another device (%s): give another --results", t->path,
                             t->table.device.fingerprint);
        if (strcmp(t->table.environment.sources_hash, registry_sources_hash()) != 0 && !t->o->quiet)
            fprintf(stderr,
                    "katune tune: %s was measured with other kernel sources: entries not tuned now stay as "
                    "they are\n",
                    t->path);
    }
    environment_fill(&t->table, &t->info);
    table_init(&t->fresh);
    environment_fill(&t->fresh, &t->info);
    return true;
}

static bool entry_keep(struct tune *t, const struct table_entry *e, const struct effort *effort,
                       struct error *err) {
    snprintf(t->table.environment.cupti, sizeof t->table.environment.cupti, "%s", worker_cupti(t->worker));
    t->table.tuning = (struct tuning){0}; /* of the run before */
    if (!table_put(&t->table, e) || !table_put(&t->fresh, e)) return error_set(err, "out of memory");
    return table_write(&t->table, t->path, err) && journal_done(t->journal, &e->problem, effort, err);
}

/* The copy bandwidth that the table's device carries: of the largest problem that was tuned, with all cores.
   Last, so that a run that is interrupted early has results all the same. */
static bool bandwidth_measure(struct tune *t, double budget, struct error *err) {
    const struct problem *largest = &t->fresh.entries[0].problem;
    struct ceilings c;
    struct error why = {""};
    for (int i = 1; i < t->fresh.count; i++)
        if (problem_elements(&t->fresh.entries[i].problem) > problem_elements(largest))
            largest = &t->fresh.entries[i].problem;
    const enum worker_outcome outcome =
        worker_ceilings(t->worker, largest, t->info.units, budget, &c, 60, &why);
    if (outcome == WORKER_OK) {
        t->table.bandwidth_gbs = t->fresh.bandwidth_gbs = 1e-9 * c.bandwidth;
        return table_write(&t->table, t->path, err);
    }
    progress_clear(t->progress);
    if (outcome != WORKER_STOPPED)
        fprintf(stderr, "katune tune: the copy that others are compared with: %s\n", why.text);
    return true;
}

static void throttle_say(const struct tune *t, const char *key, unsigned throttle) {
    char held[THROTTLE_LABEL_MAX];
    progress_clear(t->progress);
    throttle_label(true, throttle, held);
    fprintf(stderr, "katune tune: %s: %s while it was timed: tune it again when it is not\n", key, held);
}

/* One problem, before the next, if there is one; what cannot be measured is said and left out. */
static bool problem_tune(struct tune *t, const struct problem *p, const struct problem *next, double budget,
                         struct error *err) {
    const struct search s = {.worker = t->worker,
                             .ahead = t->ahead,
                             .next = next,
                             .journal = t->journal,
                             .known = &t->fresh,
                             .device = &t->info,
                             .seed = t->o->seed,
                             .limit = t->o->time_limit,
                             .takes_part = takes_part,
                             .context = (void *)t->o,
                             .strategy = t->o->strategy ? strategy_find(t->o->strategy) : NULL,
                             .evaluations = t->o->budget_evals,
                             .prior = t->prior,
                             .record = t->o->record ? &t->record : NULL};
    struct table_entry e;
    struct search_report report;
    struct error why = {""};
    char key[PROBLEM_KEY_MAX];
    problem_key(p, key);
    const bool found = search_problem(&s, p, budget, &e, &report, &why);
    t->failed += report.failed;
    t->tried += report.tried;
    if (report.stopped) return true;
    if (report.cut) t->cut++, t->cut_tried += report.tried, t->cut_most += effort_most(&report.effort);
    if (found && e.throttled) throttle_say(t, key, e.throttle);
    if (found) {
        const bool kept = entry_keep(t, &e, &report.effort, err);
        free(e.why);
        return kept;
    }
    progress_clear(t->progress);
    fprintf(stderr, "katune tune: %s: left out: %s\n", key, why.text);
    t->skipped++;
    return true;
}

/* Whether an earlier run, that this one resumes, is through with it. */
static bool problem_done(struct tune *t, const struct problem *p, const struct table_entry **kept) {
    struct effort done;
    *kept = table_find(&t->table, p);
    if (t->o->record) return false; /* a recording wants every candidate: the journal is searched again */
    return *kept && journal_has_done(t->journal, p, &done) && search_is_through(&done, t->o->budget_evals);
}

/* Problems in the order in which they are tuned. */
static bool queue_tune(struct tune *t, const struct problem *queue, int count, double end,
                       struct error *err) {
    for (int i = 0; i < count && !interrupted; i++) {
        const struct problem *const p = &queue[i], *const next = i + 1 < count ? p + 1 : NULL;
        const struct table_entry *kept;
        char what[64];
        snprintf(what, sizeof what, "%s %lldx%lld", op_name(p->op), (long long)p->rows,
                 (long long)p->channels);
        progress_set(t->progress, (double)i / count, what);
        if (problem_done(t, p, &kept)) {
            if (!table_put(&t->fresh, kept)) return error_set(err, "out of memory");
            continue;
        }
        const double share = (end - clock_seconds()) * budget_share(p, count - i, &t->info);
        if (!problem_tune(t, p, next, fmax(share, 0.3), err)) return false;
    }
    progress_set(t->progress, 1, "done");
    return true;
}

static bool tune_all(struct tune *t, const struct tune_set *set, struct error *err) {
    const double last = fmin(1, 0.05 * t->budget), end = t->begin + t->budget - last;
    const size_t bytes = (size_t)set->count * sizeof *set->list;
    struct problem *const queue = malloc(bytes);
    if (!queue) return error_set(err, "out of memory");
    memcpy(queue, set->list, bytes);
    budget_order(queue, set->count, &t->info);
    t->fresh.bandwidth_gbs = t->table.bandwidth_gbs;
    const bool ok = queue_tune(t, queue, set->count, end, err);
    free(queue);
    if (!ok) return false;
    if (!table_order(&t->fresh, set->list, set->count) || !table_order(&t->table, set->list, set->count))
        return error_set(err, "out of memory");
    return interrupted || !t->fresh.count || bandwidth_measure(t, last, err);
}

/* Where the time went. A run that tried nothing says nothing. */
static bool tuning_keep(struct tune *t, struct error *err) {
    const struct worker_times w = worker_times(t->worker);
    const double seconds = clock_seconds() - t->begin, compiled = ahead_waited(t->ahead);
    if (!t->tried || !t->fresh.count) return true;
    t->table.tuning = t->fresh.tuning =
        (struct tuning){.seconds = seconds,
                        .running = w.running,
                        .checking = w.checking + compiled, /* as where the worker compiles */
                        .preparing = w.preparing,
                        .passing = fmax(0, w.waited - w.running - w.checking - w.preparing),
                        .parent = seconds - w.waited - compiled,
                        .candidates = t->tried};
    return table_write(&t->table, t->path, err);
}

static bool prior_find(struct tune *t, struct error *err) {
    const struct strategy *const s = t->o->strategy ? strategy_find(t->o->strategy) : NULL;
    if (t->o->prior && !(t->prior = prior_open(t->o->prior, &interrupted, err)))
        return error_prefix(err, "--prior");
    if (s && s->needs_prior && !t->prior)
        return error_set(err, "--strategy %s: give --prior, a recording or vgpu:NAME", s->name);
    return true;
}

/* Whether the recording could be written is to be known before anything is measured. */
static bool record_may_begin(const struct tune *t, const struct tune_set *set, struct error *err) {
    if (!t->o->record) return true;
    if (set->count != 1)
        return error_set(err, "--record: it is of one problem, and %d are selected: give --op and --shape",
                         set->count);
    return file_writable(t->o->record, err) || error_prefix(err, "--record");
}

static bool record_keep(const struct tune *t, struct error *err) {
    return !t->record.count ||
           record_write(&t->record, record_format_find("kernel-tuner"), t->o->record, err) ||
           error_prefix(err, "--record");
}

/* What the budget left out, and what was more than it. */
static void budget_say(const struct tune *t) {
    const double seconds = clock_seconds() - t->begin;
    if (t->cut)
        printf("the time budget of %g s ended the search of %d problem%s: %d of %lld candidates tried\n",
               t->budget, t->cut, t->cut == 1 ? "" : "s", t->cut_tried, (long long)t->cut_most);
    if (seconds > 1.01 * t->budget)
        printf("it took %.1f s: a problem's default and one more candidate are tried whatever they take\n",
               seconds);
}

static bool tune_run(struct tune *t, const struct tune_set *set, struct error *err) {
    char journal[4096];
    snprintf(journal, sizeof journal, "%s/journal.jsonl", t->folder);
    if (!prior_find(t, err) || !record_may_begin(t, set, err) || !table_continue(t, err)) return false;
    t->journal =
        journal_open(journal, &(struct journal_options){.resume = t->o->resume, .retry = t->o->retry}, err);
    if (t->journal) { /* whose lock says that nobody else writes there */
        file_sweep(t->path);
        file_sweep(journal);
    }
    t->progress = progress_new("tune", t->o->quiet);
    bool ok = t->journal && tune_all(t, set, err) && tuning_keep(t, err);
    if (ok && t->o->record) ok = record_keep(t, err);
    progress_clear(t->progress);
    progress_free(t->progress);
    if (ok && !t->o->quiet) {
        if (t->fresh.count) summary_print(&t->fresh, false);
        budget_say(t);
        printf("\n%d problems tuned%s; %d candidates failed%s; %s\n", t->fresh.count,
               interrupted ? " before the interruption (--resume goes on)" : "", t->failed,
               t->failed ? " (the journal beside the table says why)" : "", t->path);
    }
    journal_close(t->journal);
    table_free(&t->table);
    table_free(&t->fresh);
    return ok;
}

static const struct command_usage usage = {
    "tune",
    "Finds the best variant and point for a set of problems on this device and writes "
    "<results>/<device>/table.json.\n"
    "Without selection: the activation shapes of KAT-T, -S and -B at the rows of 1 and 16 images, rational "
    "and spline,\n"
    "forward and backward, f32, in under 3 minutes. Every candidate is checked before it is timed, in a "
    "process of its\n"
    "own. Ctrl-C keeps what was measured, and --resume goes on from there; with a larger --budget-evals "
    "also\n"
    "on problems that are done.",
    OPT_DEVICE | OPT_ONLY | OPT_OP | OPT_DTYPE | OPT_SHAPE | OPT_ATTR | OPT_PARAM | OPT_SEED | OPT_DIST |
        OPT_BUDGET | OPT_RESULTS | OPT_THOROUGH | OPT_RESUME | OPT_LIMITS | OPT_QUIET | OPT_STRATEGY |
        OPT_REPLAY,
    "The budget is for the whole run: 150 s, with --thorough 1800 s. Exit code 0: the table is written; 3: "
    "some problems\n"
    "could not be tuned; 130: interrupted."};

int cmd_tune(int argc, char **argv) {
    struct options o;
    struct error err = {""};
    const int leave = options_parse(&o, &usage, argc, argv);
    if (leave >= 0) return leave;
    if (o.replay && o.record) {
        fprintf(stderr, "katune tune: --record: nothing is measured with --replay: give one of them\n");
        return EXIT_USAGE;
    }
    if (o.replay) return replay_run(&o);
    const double usual = o.thorough ? thorough_budget : default_budget;
    struct tune t = {.o = &o, .begin = clock_seconds(), .budget = o.budget > 0 ? o.budget : usual};
    struct tune_set set = {NULL, 0};
    sigaction(SIGINT, &(struct sigaction){.sa_handler = interrupt}, NULL);
    const bool ok =
        device_describe(&t, &err) && tune_set_make(&set, &o, o.thorough, &err) && tune_run(&t, &set, &err);
    tune_set_free(&set);
    worker_close(t.worker);
    ahead_close(t.ahead);
    prior_close(t.prior);
    record_free(&t.record);
    if (!ok) {
        fprintf(stderr, "katune tune: %s\n", err.text);
        return EXIT_USAGE;
    }
    return interrupted ? EXIT_INTERRUPTED : t.skipped ? EXIT_MISSING : EXIT_OK;
}
