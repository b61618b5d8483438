#include <math.h>
#include <stdlib.h>

#include "case.h"
#include "device/clock.h"
#include "progress.h"
#include "registry.h"
#include "selftest.h"
#include "suite.h"
#include "worker.h"

/* A virtual GPU takes its time over larger cases, and is checked on them by its own tests. */
enum { MODELED_ELEMENTS_MAX = 12000 };

/* Seconds that a check may take. */
static const double limit_least = 10, limit_most = 60;

struct checking {
    struct selftest *t;
    struct step *step;
    struct worker *worker;
    struct progress *progress;
    double begin, budget, limit;
    int pairs, reached; /* of variant and dtype */
    int passed, failed;
    double worst;
};

static bool time_is_over(const struct checking *k) {
    return !k->t->whole && clock_seconds() - k->begin > k->budget;
}

/* Whether it passed. */
static bool verdict_count(struct checking *k, const struct contender *c, enum worker_outcome outcome,
                          const struct error *err) {
    char key[PROBLEM_KEY_MAX];
    if (outcome == WORKER_OK && c->verdict.status == CHECK_PASSED) {
        k->passed++;
        if (c->verdict.worst > k->worst) k->worst = c->verdict.worst;
        return true;
    }
    problem_key(&c->problem, key);
    k->failed++;
    step_line(k->step, "%s on %s: %s", c->variant->name, key,
              outcome == WORKER_OK ? c->verdict.text : err->text);
    return false;
}

/* What is known of a variant, for each dtype. */
struct record {
    unsigned seen, bad; /* sets of enum dtype: checked; failed, and not tried again */
};

static bool takes_part(const struct checking *k, const struct variant *v, enum op op, enum dtype dtype) {
    return v->op == op && v->dtypes & dtype && variant_belongs(v, &k->t->info) &&
           variant_matches(v, k->t->only);
}

/* The variants of an operation and dtype on one case of the suite. */
static void case_check_all(struct checking *k, enum op op, enum dtype dtype, int number,
                           struct record *records) {
    const struct suite_case s = suite_at(op, dtype, number);
    if (k->t->info.modeled && problem_elements(&s.problem) > MODELED_ELEMENTS_MAX) return;
    for (int i = 0; i < variant_count() && !time_is_over(k); i++) {
        struct contender c = {.variant = variant_at(i), .problem = s.problem};
        struct error err = {""};
        if (!takes_part(k, c.variant, op, dtype) || records[i].bad & dtype ||
            !variant_default_point(c.variant, &s.problem, &k->t->info, &c.point, NULL))
            continue;
        const enum worker_outcome outcome =
            worker_check_as(k->worker, &c, s.distribution, CHECK_FULL, k->limit, &err);
        if (!verdict_count(k, &c, outcome, &err)) records[i].bad |= dtype;
        k->reached += !(records[i].seen & dtype);
        records[i].seen |= dtype;
        progress_set(k->progress, k->t->whole ? 0 : (clock_seconds() - k->begin) / k->t->budget,
                     c.variant->name);
    }
}

static int pairs_count(const struct checking *k) {
    int pairs = 0;
    for (int i = 0; i < variant_count(); i++)
        for (int d = 0; d < DTYPE_COUNT; d++)
            pairs += takes_part(k, variant_at(i), variant_at(i)->op, dtype_at(d));
    return pairs;
}

/* The first case of every operation and dtype, then the second, ...: whenever time is over, as much as
   possible has been seen. */
static void rounds_check(struct checking *k, struct record *records) {
    bool any = true;
    for (int round = 0; any && !time_is_over(k); round++) {
        any = false;
        for (int op = 0; op < OP_COUNT; op++)
            for (int d = 0; round < suite_count((enum op)op) && d < DTYPE_COUNT; d++) {
                any = true;
                case_check_all(k, (enum op)op, dtype_at(d), round, records);
            }
    }
}

bool selftest_check(struct selftest *t, double budget, struct progress *progress, struct error *err) {
    const struct worker_options options = {.device = t->device, .measure = {.seed = t->seed}};
    struct checking k = {.t = t, .progress = progress, .budget = budget, .begin = clock_seconds()};
    struct record *const records = calloc((size_t)variant_count(), sizeof *records);
    k.limit = fmin(limit_most, fmax(limit_least, budget / 4));
    k.worker = records ? worker_open(&options, err) : NULL;
    const bool ok = k.worker && worker_describe(k.worker, &t->info, err) == WORKER_OK;
    if (ok) {
        k.step = selftest_step(t, "check");
        k.pairs = pairs_count(&k);
        rounds_check(&k, records);
        const bool cut = time_is_over(&k) && k.reached < k.pairs;
        step_end(
            k.step,
            k.failed ? STEP_FAILED
            : cut    ? STEP_UNSURE
                     : STEP_OK,
            "%d of %d variants x dtypes, %d checks passed, %d failed, worst error %.2f of what is allowed%s",
            k.reached, k.pairs, k.passed, k.failed, k.worst,
            cut ? ": a longer --time-budget reaches the others" : "");
    }
    worker_close(k.worker);
    free(records);
    return ok;
}
