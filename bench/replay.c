#include "replay.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "prior.h"
#include "record.h"

enum { SEEDS = 100, FILES_MAX = 256 };

static struct explore_options explore_of(const struct record *r, struct prior *prior, uint64_t seed,
                                         int64_t evaluations) {
    struct explore_options e = {.seed = seed, .evaluations = evaluations, .batch = 1, .run = record_replay};
    e.context = (void *)r;
    if (prior) e.prior = prior_seconds, e.prior_context = prior;
    return e;
}

static bool prior_of(struct prior **prior, const char *what, struct error *err) {
    *prior = what ? prior_open(what, NULL, err) : NULL;
    return *prior || !what || error_prefix(err, "--prior");
}

/* 10% of the space or 60 evaluations, whichever is larger. */
static int64_t budget_usual(const struct record *r) {
    const int64_t tenth = (r->count + 9) / 10, usual = tenth > 60 ? tenth : 60;
    return usual < r->count ? usual : r->count;
}

static void replay_report(const struct record *r, const struct strategy *s, const struct trial *trials,
                          int64_t count) {
    const int64_t optimum = record_best(r);
    int64_t best = -1, failed = 0;
    for (int64_t i = 0; i < count; i++) {
        failed += !isfinite(trials[i].seconds);
        if (isfinite(trials[i].seconds) && (best < 0 || trials[i].seconds < trials[best].seconds)) best = i;
    }
    printf("%s on %s, %s\n%s: %lld of %lld configurations tried, %lld of them failed\n", r->kernel, r->device,
           r->problem, s->name, (long long)count, (long long)r->count, (long long)failed);
    if (best < 0) {
        printf("none of them has a time\n");
        return;
    }
    printf("best after %lld trials: %.6g ms: ", (long long)best + 1, 1e3 * trials[best].seconds);
    row_name(r, trials[best].index, ' ', stdout);
    printf("\n%.2f%% of the speed of the recording's best: %.6g ms: ",
           100 * r->rows[optimum].seconds / trials[best].seconds, 1e3 * r->rows[optimum].seconds);
    row_name(r, optimum, ' ', stdout);
    putchar('\n');
}

int replay_run(const struct options *o) {
    struct record r;
    struct prior *prior = NULL;
    struct error err = {""};
    struct trial *trials = NULL;
    int64_t count = 0;
    const struct strategy *const s = strategy_find(o->strategy ? o->strategy : strategy_default);
    bool ok = record_read(&r, o->replay, &err) && prior_of(&prior, o->prior, &err), found = false;
    ok = ok && (!prior || prior_bind(prior, r.space, &err) || error_prefix(&err, "--prior"));
    if (ok) {
        const int64_t budget = o->budget_evals ? o->budget_evals : budget_usual(&r);
        const struct explore_options e = explore_of(&r, prior, o->seed, budget);
        ok = strategy_run(s, r.space, &e, &trials, &count, &err);
        if (ok) replay_report(&r, s, trials, count);
        for (int64_t i = 0; ok && i < count; i++) found = found || isfinite(trials[i].seconds);
    }
    prior_close(prior);
    free(trials);
    record_free(&r);
    if (!ok) fprintf(stderr, "katune tune: %s\n", err.text);
    return !ok ? EXIT_USAGE : found ? EXIT_OK : EXIT_MISSING;
}

/* The benchmark. */

enum { MARK_COUNT = 6 };
static const int64_t marks_usual[MARK_COUNT - 1] = {10, 20, 40, 60, 100};

struct score {
    double mean[MARK_COUNT], deviation[MARK_COUNT], median[MARK_COUNT];
};

static int compare_double(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Fractions of the optimum's speed after so many evaluations of one search. */
static bool fractions(const struct record *r, const struct strategy *s, struct prior *prior, uint64_t seed,
                      const int64_t marks[MARK_COUNT], double fraction[MARK_COUNT], struct error *err) {
    const double optimum = r->rows[record_best(r)].seconds;
    const struct explore_options e = explore_of(r, prior, seed, marks[MARK_COUNT - 1]);
    struct trial *trials;
    int64_t count;
    if (!strategy_run(s, r->space, &e, &trials, &count, err)) return false;
    for (int m = 0; m < MARK_COUNT; m++) {
        double best = INFINITY;
        for (int64_t i = 0; i < count && i < marks[m]; i++) best = fmin(best, trials[i].seconds);
        fraction[m] = isfinite(best) ? optimum / best : 0;
    }
    free(trials);
    return true;
}

static bool strategy_score(const struct record *r, const struct strategy *s, struct prior *prior,
                           uint64_t first_seed, const int64_t marks[MARK_COUNT], struct score *score,
                           struct error *err) {
    double values[MARK_COUNT][SEEDS];
    for (int seed = 0; seed < SEEDS; seed++) {
        double one[MARK_COUNT];
        if (!fractions(r, s, prior, first_seed + (uint64_t)seed, marks, one, err)) return false;
        for (int m = 0; m < MARK_COUNT; m++) values[m][seed] = one[m];
    }
    for (int m = 0; m < MARK_COUNT; m++) {
        double sum = 0, squares = 0;
        for (int i = 0; i < SEEDS; i++) sum += values[m][i];
        score->mean[m] = sum / SEEDS;
        for (int i = 0; i < SEEDS; i++)
            squares += (values[m][i] - score->mean[m]) * (values[m][i] - score->mean[m]);
        score->deviation[m] = sqrt(squares / (SEEDS - 1));
        qsort(values[m], SEEDS, sizeof values[m][0], compare_double);
        score->median[m] = (values[m][SEEDS / 2 - 1] + values[m][SEEDS / 2]) / 2;
    }
    return true;
}

/* What the bar asks of the default strategy. */
struct bar {
    double at_budget[FILES_MAX]; /* median over the seeds, one a recording */
    int count, worse, covered;   /* covered: of recordings no larger than the budget */
};

static void score_print(const char *name, const struct score *score) {
    printf("  %-10s", name);
    for (int m = 0; m < MARK_COUNT; m++) printf("  %.3f +- %.3f", score->mean[m], score->deviation[m]);
    putchar('\n');
}

static bool recording_bench(const char *path, const struct options *o, struct prior *prior, struct bar *bar,
                            struct error *err) {
    struct record r;
    struct score scores[32];
    if (!record_read(&r, path, err)) return false;
    if (record_best(&r) < 0) {
        record_free(&r);
        return error_set(err, "%s: no configuration has a time", path);
    }
    if (prior && !prior_bind(prior, r.space, err)) {
        record_free(&r);
        return error_prefix(err, "%s: --prior", path);
    }
    int64_t marks[MARK_COUNT];
    for (int m = 0; m < MARK_COUNT - 1; m++) marks[m] = marks_usual[m];
    marks[MARK_COUNT - 1] = o->budget_evals ? o->budget_evals : budget_usual(&r);
    printf("%s: %s, %s: %lld configurations, %d parameters\n  evaluations", path, r.kernel, r.problem,
           (long long)r.count, space_param_count(r.space));
    for (int m = 0; m < MARK_COUNT; m++) printf("%s%-14lld", m ? "  " : "", (long long)marks[m]);
    putchar('\n');
    bool ok = true;
    int random = 0, usual = 0;
    for (int i = 0; ok && strategy_at(i); i++) {
        const struct strategy *const s = strategy_at(i);
        if (o->strategy && strcmp(o->strategy, s->name) != 0) continue;
        if ((s->needs_prior && !prior) || s->run == search_exhaustive) continue;
        ok = strategy_score(&r, s, prior, o->seed, marks, &scores[i], err);
        if (ok) score_print(s->name, &scores[i]);
        if (s->run == search_random) random = i;
        if (strcmp(s->name, strategy_default) == 0) usual = i;
        fflush(stdout);
    }
    if (ok && !o->strategy && bar->count < FILES_MAX) {
        const int last = MARK_COUNT - 1;
        bar->at_budget[bar->count++] = scores[usual].median[last];
        bar->covered += marks[last] >= r.count;
        /* Worse means beyond the error of the two means. */
        const double error =
            2 *
            sqrt((pow(scores[usual].deviation[last], 2) + pow(scores[random].deviation[last], 2)) / SEEDS);
        bar->worse += scores[usual].mean[last] < scores[random].mean[last] - fmax(error, 1e-6);
    }
    record_free(&r);
    return ok;
}

static int is_recording(const struct dirent *entry) {
    const char *const dot = strrchr(entry->d_name, '.');
    return entry->d_name[0] != '.' && dot && (strcmp(dot, ".json") == 0 || strcmp(dot, ".csv") == 0);
}

/* One file, or every .json and .csv file of a folder, in order of name. */
static bool path_bench(const char *path, const struct options *o, struct prior *prior, struct bar *bar,
                       struct error *err) {
    struct dirent **names;
    const int count = scandir(path, &names, is_recording, alphasort);
    if (count < 0) return recording_bench(path, o, prior, bar, err);
    bool ok = count > 0 || error_set(err, "%s: holds no recording (.json, .csv)", path);
    for (int i = 0; i < count; i++) {
        char file[4096];
        ok = ok && (snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name) < (int)sizeof file ||
                    error_set(err, "%.100s: the path is too long", path));
        ok = ok && recording_bench(file, o, prior, bar, err);
        free(names[i]);
    }
    free(names);
    return ok;
}

static void bar_print(struct bar *bar) {
    qsort(bar->at_budget, (size_t)bar->count, sizeof *bar->at_budget, compare_double);
    const double median = (bar->at_budget[(bar->count - 1) / 2] + bar->at_budget[bar->count / 2]) / 2;
    printf(
        "%s, the default, over %d recordings (%d no larger than the budget) within 10%% of the space or 60 "
        "evaluations:\nmedian %.3f of the optimum's speed, least %.3f (bar: median 0.95: %s); worse than "
        "random "
        "on %d (bar: none: %s)\n",
        strategy_default, bar->count, bar->covered, median, bar->at_budget[0],
        median >= 0.95 ? "met" : "missed", bar->worse, bar->worse ? "missed" : "met");
}

int replay_bench(const struct options *o) {
    struct bar bar = {.count = 0};
    struct prior *prior;
    struct error err = {""};
    bool ok = prior_of(&prior, o->prior, &err);
    if (ok)
        printf("fraction of the optimum's speed, mean +- standard deviation over %d seeds, by evaluations\n",
               SEEDS);
    for (int i = 0; ok && i < o->search.count; i++) ok = path_bench(o->search.item[i], o, prior, &bar, &err);
    if (ok && bar.count && !o->budget_evals) bar_print(&bar);
    prior_close(prior);
    if (ok) return EXIT_OK;
    fprintf(stderr, "katune bench: %s\n", err.text);
    return EXIT_USAGE;
}
