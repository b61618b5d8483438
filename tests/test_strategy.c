/* Search strategies: what every one of them owes, and that the clever ones are. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "strategy.h"

/* 5 x 5 x 5 x 5 configurations and a kind; failures in a corner; the fastest is known. */
enum { KINDS = 3, SIDE = 5 };

static struct space *landscape(void) {
    struct space *const s = space_new();
    struct error err;
    static const char *const kinds[KINDS] = {"row", "tile", "warp"};
    cr_assert(space_param_add(s, "KIND", false, &err));
    for (int i = 0; i < KINDS; i++)
        cr_assert(
            space_value_add(s, (struct space_value){.kind = VALUE_TEXT, .text = (char *)kinds[i]}, &err));
    for (int p = 0; p < 4; p++) {
        const char name[2] = {(char)('A' + p), 0};
        cr_assert(space_param_add(s, name, true, &err));
        for (int v = 0; v < SIDE; v++)
            cr_assert(space_value_add(
                s, (struct space_value){.kind = VALUE_NUMBER, .number = 1 << v, .rank = 1 << v}, &err));
    }
    cr_assert(space_seal(s, &err));
    return s;
}

struct world {
    struct space *space;
    int64_t asked[4096];
    int count, stop_after;
    bool counters, listens;
    bool expected[4096]; /* whether it was told of a configuration before that was asked for */
    int foretold;
};

static double seconds_of(const struct config *c) {
    if (c->at[1] == 4 && c->at[2] == 4) return INFINITY; /* does not run */
    const double kind[KINDS] = {1.5, 1.0, 1.2};
    return 1e-3 * kind[c->at[0]] *
           (1 + 0.10 * fabs(c->at[1] - 3.0) + 0.05 * fabs(c->at[2] - 1.0) + 0.02 * c->at[3] +
            0.3 * (c->at[4] != 4) + 0.1 * fabs(c->at[1] - c->at[2] - 2.0));
}

static bool world_run(void *context, struct trial *trials, int count) {
    struct world *const w = context;
    for (int i = 0; i < count; i++) {
        const struct config c = space_at(w->space, trials[i].index);
        cr_assert_lt(w->count, 4096);
        w->foretold += w->expected[trials[i].index];
        w->asked[w->count++] = trials[i].index;
        trials[i].seconds = seconds_of(&c);
        if (!w->counters) continue;
        trials[i].pressure[RESOURCE_MEMORY] = c.at[4] == 4 ? 0.3 : 0.9;
        trials[i].pressure[RESOURCE_COMPUTE] = 0.5 / (1 + c.at[3]);
    }
    return !w->stop_after || w->count < w->stop_after;
}

static void world_expect(void *context, const int64_t *index, int count) {
    struct world *const w = context;
    for (int i = 0; i < count; i++) {
        for (int j = 0; j < w->count; j++) cr_assert_neq(index[i], w->asked[j], "it was tried already");
        w->expected[index[i]] = true;
    }
}

static double world_prior(void *context, int64_t index) {
    const struct world *const w = context;
    const struct config c = space_at(w->space, index);
    return 2e-3 * (1 + 0.1 * fabs(c.at[1] - 3.0) + 0.3 * (c.at[4] != 4)) * (c.at[0] == 1 ? 1 : 1.4);
}

static double search(struct world *w, const struct strategy *s, uint64_t seed, int64_t evaluations,
                     int batch) {
    const struct explore_options o = {.seed = seed,
                                      .evaluations = evaluations,
                                      .batch = batch,
                                      .run = world_run,
                                      .expect = w->listens ? world_expect : NULL,
                                      .context = w,
                                      .prior = world_prior,
                                      .prior_context = w};
    struct trial *trials;
    int64_t count;
    struct error err;
    w->count = w->foretold = 0;
    memset(w->expected, 0, sizeof w->expected);
    cr_assert(strategy_run(s, w->space, &o, &trials, &count, &err), "%s", err.text);
    cr_assert_eq(count, w->count);
    double best = INFINITY;
    for (int64_t i = 0; i < count; i++) best = fmin(best, trials[i].seconds);
    free(trials);
    return best;
}

Test(strategy, a_seed_repeats_a_run_and_no_configuration_is_tried_twice) {
    struct world w = {.space = landscape()}, again = w;
    again.listens = true; /* which changes nothing */
    for (int i = 0; strategy_at(i); i++) {
        for (int batch = 1; batch <= 8; batch += 7) {
            search(&w, strategy_at(i), 7, 150, batch);
            search(&again, strategy_at(i), 7, 150, batch);
            cr_expect_eq(w.count, 150, "%s tried %d", strategy_at(i)->name, w.count);
            cr_expect_arr_eq(w.asked, again.asked, (size_t)w.count * sizeof *w.asked, "%s",
                             strategy_at(i)->name);
            for (int j = 0; j < w.count; j++)
                for (int k = 0; k < j; k++) cr_assert_neq(w.asked[j], w.asked[k], "%s", strategy_at(i)->name);
        }
    }
    space_free(w.space);
}

Test(strategy, a_budget_as_large_as_the_space_covers_it) {
    struct world w = {.space = landscape()};
    for (int i = 0; strategy_at(i); i++) {
        const double best = search(&w, strategy_at(i), 3, 1 << 20, 8);
        cr_expect_eq(w.count, KINDS * SIDE * SIDE * SIDE * SIDE, "%s: %d", strategy_at(i)->name, w.count);
        cr_expect_float_eq(best, 1e-3, 1e-9, "%s: %g", strategy_at(i)->name, best);
    }
    space_free(w.space);
}

Test(strategy, stops_when_told) {
    struct world w = {.space = landscape(), .stop_after = 20};
    for (int i = 0; strategy_at(i); i++) {
        search(&w, strategy_at(i), 3, 1000, 1);
        cr_expect_eq(w.count, 20, "%s went on to %d", strategy_at(i)->name, w.count);
    }
    space_free(w.space);
}

/* Asked one by one, those that can say what they will ask for do so, and are mostly right. */
Test(strategy, foretells_what_it_will_ask_for) {
    struct world w = {.space = landscape(), .listens = true};
    static const char *const seers[] = {"local", "evolve", "bayes", "model"};
    for (size_t i = 0; i < sizeof seers / sizeof *seers; i++) {
        search(&w, strategy_find(seers[i]), 7, 150, 1);
        cr_expect_gt(w.foretold, w.count / 2, "%s: %d of %d", seers[i], w.foretold, w.count);
    }
    space_free(w.space);
}

/* Mean over seeds of the optimum's time over the best found. */
static double quality(struct world *w, const char *name, int64_t evaluations) {
    enum { RUNS = 30 };
    double sum = 0;
    for (uint64_t seed = 1; seed <= RUNS; seed++)
        sum += 1e-3 / search(w, strategy_find(name), seed, evaluations, 1);
    return sum / RUNS;
}

Test(strategy, those_that_learn_beat_random) {
    struct world w = {.space = landscape(), .counters = true};
    const double random = quality(&w, "random", 60);
    static const char *const learners[] = {"local", "anneal", "evolve", "bayes", "guided", "model"};
    for (size_t i = 0; i < sizeof learners / sizeof *learners; i++) {
        const double own = quality(&w, learners[i], 60);
        cr_expect_gt(own, random, "%s: %.3f, random: %.3f", learners[i], own, random);
    }
    const double usual = quality(&w, strategy_default, 60);
    cr_expect_gt(usual, 0.97, "%.3f", usual);
    space_free(w.space);
}

/* At 12 trials a prior is worth more than none. */
Test(strategy, a_prior_helps_early) {
    struct world w = {.space = landscape()};
    cr_expect_gt(quality(&w, "model", 12), quality(&w, "bayes", 12));
    space_free(w.space);
}

/* Time is the greater of what memory and arithmetic take; each depends on parameters of its own. */
static bool bound_run(void *context, struct trial *trials, int count) {
    const struct world *const w = context;
    for (int i = 0; i < count; i++) {
        const struct config c = space_at(w->space, trials[i].index);
        const double memory = 1 + 0.5 * fabs(c.at[1] - 3.0) + 0.4 * c.at[2] + 0.3 * c.at[0],
                     compute = 1.5 + 0.5 * fabs(c.at[3] - 2.0) + 0.4 * fabs(c.at[4] - 4.0);
        trials[i].seconds = fmax(memory, compute);
        if (!w->counters) continue;
        trials[i].pressure[RESOURCE_MEMORY] = memory / trials[i].seconds;
        trials[i].pressure[RESOURCE_COMPUTE] = compute / trials[i].seconds;
    }
    return true;
}

/* Trials until a time of at most 1.6 is found. */
static double trials_needed(struct world *w) {
    enum { RUNS = 20 };
    double sum = 0;
    for (uint64_t seed = 1; seed <= RUNS; seed++) {
        const struct explore_options o = {
            .seed = seed, .evaluations = 150, .batch = 1, .run = bound_run, .context = w};
        struct trial *trials;
        int64_t count, needed = 0;
        struct error err;
        cr_assert(strategy_run(strategy_find("guided"), w->space, &o, &trials, &count, &err));
        while (needed < count && trials[needed].seconds > 1.6) needed++;
        sum += (double)needed;
        free(trials);
    }
    return sum / RUNS;
}

Test(strategy, counters_tell_which_parameters_are_to_move) {
    struct world w = {.space = landscape()};
    const double without = trials_needed(&w);
    w.counters = true;
    const double with = trials_needed(&w);
    cr_expect_lt(with, 0.9 * without, "%.1f trials with counters, %.1f without", with, without);
    space_free(w.space);
}

Test(strategy, model_first_needs_a_prior) {
    struct world w = {.space = landscape()};
    const struct explore_options o = {.evaluations = 10, .run = world_run, .context = &w};
    struct trial *trials;
    int64_t count;
    struct error err;
    cr_assert_not(strategy_run(strategy_find("model"), w.space, &o, &trials, &count, &err));
    cr_assert(strstr(err.text, "needs a prior"));
    space_free(w.space);
}
