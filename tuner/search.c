#include "search.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ceiling.h"
#include "device/clock.h"
#include "explain.h"
#include "hunt.h"
#include "select.h"

static const double finalist_margin = 1.03, tie_margin = 1.01;
static const double usual_limit = 30;
/* Shares of a problem's time: a prior's, if it is modeled, the trials', and the two rounds that follow. Where
   a device's times are modeled, nothing else takes time. */
static const double prior_share = 0.3, trial_share = 0.55, modeled_trial_share = 0.97, shortlist_share = 0.1,
                    final_share = 0.2, ceiling_share = 0.1, explain_share = 0.05;
/* A candidate is timed so long, seconds, though never for fewer samples than measure() takes at least. */
static const double each_least = 2e-3, each_most = 50e-3;
enum { SHORTLIST = 16, STARTS_MAX = 64 };

static bool is_default(const struct device_info *d, const struct problem *p, const struct table_choice *c) {
    struct point pt;
    return variant_default_point(c->variant, p, d, &pt, NULL) && point_equal(c->variant, &pt, &c->point);
}

static int variant_place(const struct variant *v) {
    for (int i = 0; i < variant_count(); i++)
        if (variant_at(i) == v) return i;
    return -1;
}

int search_prefer(const struct device_info *d, const struct problem *p, const struct table_choice *a,
                  const struct table_choice *b) {
    const int defaults = is_default(d, p, b) - is_default(d, p, a);
    if (defaults) return defaults;
    const int threads = point_threads(a->variant, &a->point, d) - point_threads(b->variant, &b->point, d);
    if (threads) return threads;
    const int place = variant_place(a->variant) - variant_place(b->variant);
    if (place) return place;
    for (int i = 0; i < param_count(a->variant); i++)
        if (a->point.value[i] != b->point.value[i]) return a->point.value[i] - b->point.value[i];
    return 0;
}

static int faster(const void *a, const void *b) {
    const double one = ((const struct contender *)a)->seconds.median,
                 other = ((const struct contender *)b)->seconds.median;
    return (one > other) - (one < other);
}

static bool is_fallback(const struct hunt *h, const struct contender *c) {
    return variant_point_equal(c->variant, &c->point, h->fallback.variant, &h->fallback.point);
}

static struct table_choice choice_of(const struct contender *c) {
    return (struct table_choice){c->variant, c->point};
}

/* The fastest of another variant than this one, in a sorted list; NULL if there is none. */
static const struct contender *runner_up_of(const struct hunt *h, const struct variant *v) {
    for (int i = 0; i < h->count; i++)
        if (h->list[i].variant != v) return &h->list[i];
    return NULL;
}

/* Keeps those within the margin of the best, sorted, at most so many, and the default and the runner-up even
   if they are slower, so that what the winner gains over them is measured in the same rounds. */
static void contenders_keep(struct hunt *h, double margin, int most) {
    int kept = 0;
    qsort(h->list, (size_t)h->count, sizeof *h->list, faster);
    const double limit = h->list[0].seconds.median * margin;
    const struct contender *const second = runner_up_of(h, h->list[0].variant);
    for (int i = 0; i < h->count; i++) {
        const struct contender *const c = &h->list[i];
        if ((i < most && c->seconds.median <= limit) || is_fallback(h, c) || c == second)
            h->list[kept++] = *c;
    }
    h->count = kept;
}

static void entry_fill(const struct hunt *h, const struct ceilings *ceilings, struct table_entry *e) {
    const struct contender *best = &h->list[0], *chosen = best;
    *e = (struct table_entry){.problem = *h->p,
                              .source = h->s->device->modeled ? SOURCE_MODELED : SOURCE_MEASURED};
    for (int i = 1; i < h->count; i++) {
        const struct contender *const c = &h->list[i];
        const struct table_choice one = choice_of(c), other = choice_of(chosen);
        if (c->seconds.median <= best->seconds.median * tie_margin &&
            search_prefer(h->s->device, h->p, &one, &other) < 0)
            chosen = c;
    }
    for (int i = 0; i < h->count; i++) {
        const struct contender *const c = &h->list[i];
        if (c != chosen && c->seconds.median <= best->seconds.median * tie_margin && e->tie_count < TIES_MAX)
            e->ties[e->tie_count++] = choice_of(c);
        if (is_fallback(h, c)) e->fallback.time_us = 1e6 * c->seconds.median;
    }
    e->throttled = chosen->throttled;
    e->throttle = chosen->throttled ? chosen->throttle : 0;
    const struct summary *const t = &chosen->seconds;
    const struct roofline roofline = roofline_of(h->p, ceilings, t->median);
    e->choice = choice_of(chosen);
    e->time_us.median = 1e6 * t->median, e->time_us.lo = 1e6 * t->lo, e->time_us.hi = 1e6 * t->hi,
    e->time_us.n = t->n;
    snprintf(e->roofline.bound, sizeof e->roofline.bound, "%s", roofline.bound);
    e->roofline.fraction = roofline.fraction;
    e->error.worst = chosen->verdict.error, e->error.allowed = chosen->verdict.allowed;
    if (h->fallback.variant)
        snprintf(e->fallback.variant, sizeof e->fallback.variant, "%s", h->fallback.variant->name);
}

/* What to try first on a problem: the default, then the default points of the other variants, those of
   designs that are only kept to compare with last. Returns how many; of these the selection takes in. */
static int defaults_list(const struct search *s, const struct problem *p,
                         struct table_choice list[STARTS_MAX]) {
    enum { PASSES = 3 };
    struct point usual_point;
    const struct variant *const usual = variant_default(p, s->device, &usual_point);
    int count = 0;
    for (int i = 0; i < PASSES * variant_count() && count < STARTS_MAX; i++) {
        const struct variant *const v = variant_at(i % variant_count());
        const int pass = v == usual ? 0 : v->flags & BASELINE ? 2 : 1;
        struct table_choice *const c = &list[count];
        c->variant = v;
        count += v->op == p->op && pass == i / variant_count() &&
                 variant_default_point(v, p, s->device, &c->point, NULL) &&
                 (!s->takes_part || s->takes_part(v, &c->point, s->context));
    }
    return count;
}

/* Where the choice for the nearest problem is in this one's space; -1: it is not, or none is known. */
static int64_t nearest_known(const struct hunt *h) {
    struct selection near;
    struct error ignored;
    if (!h->s->known || !select_variant(h->s->known, 1, h->s->device, h->p, &near, &ignored) ||
        near.how != SELECT_NEAR_SHAPE)
        return -1;
    return problem_space_find(h->space, near.variant, &near.point);
}

/* The nearest one's choice goes second: with little time it is the best that is tried. */
static int starts_list(const struct hunt *h, int64_t starts[STARTS_MAX]) {
    struct table_choice list[STARTS_MAX];
    const int count = defaults_list(h->s, h->p, list);
    const int64_t near = nearest_known(h);
    int found = 0;
    for (int i = 0; i < count && found < STARTS_MAX; i++) {
        const int64_t at = problem_space_find(h->space, list[i].variant, &list[i].point);
        if (at >= 0 && (at != near || !found)) starts[found++] = at;
        if (i == 0 && near >= 0 && near != at) starts[found++] = near;
    }
    return found;
}

int64_t search_evaluations(int64_t asked, int64_t points) {
    const int64_t tenth = (points + 9) / 10;
    if (asked) return asked;
    return tenth > SEARCH_EXHAUSTIVE_MAX ? tenth : SEARCH_EXHAUSTIVE_MAX;
}

int64_t effort_most(const struct effort *e) {
    return e->points < e->evaluations ? e->points : e->evaluations;
}

bool search_is_through(const struct effort *done, int64_t asked) {
    return done->points <= done->evaluations || search_evaluations(asked, done->points) <= done->evaluations;
}

static const struct strategy *strategy_of(const struct search *s) {
    return s->strategy ? s->strategy : strategy_find(s->prior ? "model" : strategy_default);
}

/* The strategy's trials. */
static bool hunt_search(struct hunt *h, double budget, struct error *err) {
    const struct search *const s = h->s;
    const struct strategy *const strategy = strategy_of(s);
    const double asked = clock_seconds();
    int64_t starts[STARTS_MAX], count;
    struct trial *trials;
    struct explore_options o = {.seed = s->seed,
                                .evaluations = h->report->effort.evaluations,
                                .batch = strategy->blind ? 32 : 1,
                                .run = hunt_trials,
                                .expect = s->ahead ? hunt_expect : NULL,
                                .context = h,
                                .starts = starts,
                                .start_count = starts_list(h, starts)};
    if (s->prior) {
        if (!prior_bind_problem(s->prior, h->space, h->p, prior_share * budget, err)) return false;
        o.prior = prior_seconds, o.prior_context = s->prior;
    }
    const double expected = (double)effort_most(&h->report->effort);
    h->each = fmin(fmax(0.5 * trial_share * budget / expected, each_least), each_most);
    h->begin = clock_seconds();
    h->end = s->device->modeled ? asked + modeled_trial_share * budget : h->begin + trial_share * budget;
    const bool ok = strategy_run(strategy, problem_space_space(h->space), &o, &trials, &count, err);
    free(trials);
    return ok && !h->broken;
}

/* While this problem is brought to its end, the candidates that the next one begins with are compiled. */
static void next_expect(const struct search *s) {
    struct table_choice list[STARTS_MAX];
    const int count = s->next ? defaults_list(s, s->next, list) : 0;
    if (count) ahead_plan(s->ahead, s->next, list, count);
}

/* Those that have a time. */
static bool contenders_list(struct hunt *h, struct error *err) {
    bool passed = false;
    h->list = calloc((size_t)h->tried_count + 1, sizeof *h->list);
    if (!h->list) return error_set(err, "out of memory");
    for (int i = 0; i < h->tried_count; i++) {
        const struct attempt *const a = &h->tried[i];
        passed = passed || a->c.verdict.status == CHECK_PASSED;
        if (a->status == RECORD_CORRECT && a->c.seconds.n) h->list[h->count++] = a->c;
    }
    if (h->count) return true;
    return error_set(err, "%s: %.300s",
                     passed ? "no candidate could be timed" : "no candidate passed its check",
                     *h->last_failure.text ? h->last_failure.text
                                           : "all failed in an earlier run: --retry tries them again");
}

/* Times the fastest again in turns, first many, if there are many, and then those near the best. A model's
   times are exact: they stand. */
static bool contenders_retime(struct hunt *h, double budget, struct error *err) {
    const bool many = h->count > SHORTLIST;
    if (h->s->device->modeled) {
        contenders_keep(h, finalist_margin, SHORTLIST);
        return true;
    }
    contenders_keep(h, INFINITY, SHORTLIST);
    if (many && !hunt_race(h, h->list, &h->count, shortlist_share * budget, true, err)) return false;
    if (h->report->stopped) return true;
    if (!h->count) return error_set(err, "no candidate could be timed again");
    contenders_keep(h, finalist_margin, SHORTLIST);
    if (!hunt_race(h, h->list, &h->count, final_share * budget, false, err)) return false;
    if (h->report->stopped) return true;
    if (!h->count) return error_set(err, "no finalist could be timed");
    qsort(h->list, (size_t)h->count, sizeof *h->list, faster);
    return true;
}

/* Evidence for the entry. False if interrupted. */
static bool entry_explain(const struct hunt *h, const struct ceilings *ceilings, double budget,
                          struct table_entry *e) {
    const struct explain x = {
        .worker = h->s->worker, .device = h->s->device, .budget = budget, .limit = h->limit};
    struct contender party[WHY_ROLES] = {{.variant = NULL}};
    const struct contender *const second = runner_up_of(h, e->choice.variant);
    if (second) party[WHY_RUNNER_UP] = *second;
    for (int i = 0; i < h->count; i++) {
        const struct contender *const c = &h->list[i];
        if (variant_point_equal(c->variant, &c->point, e->choice.variant, &e->choice.point))
            party[WHY_WINNER] = *c;
        else if (is_fallback(h, c))
            party[WHY_DEFAULT] = *c;
    }
    return explain(&x, party, ceilings, &e->why);
}

static bool hunt_run(struct hunt *h, double budget, struct table_entry *entry, struct error *err) {
    const struct search *const s = h->s;
    h->space = problem_space_new(h->p, s->device, s->takes_part, s->context, err);
    if (!h->space) return false;
    struct effort *const effort = &h->report->effort;
    effort->points = space_count(problem_space_space(h->space));
    effort->evaluations = search_evaluations(s->evaluations, effort->points);
    if (!effort->points) return problem_space_say_empty(h->space, err);
    if (!hunt_search(h, budget, err)) return false;
    if (h->report->stopped) return true;
    h->report->cut = h->tried_count < effort_most(effort);
    next_expect(s);
    if (!contenders_list(h, err) || !contenders_retime(h, budget, err)) return false;
    if (h->report->stopped) return true;
    struct ceilings ceilings;
    struct error why = {""};
    const int threads = point_threads(h->list[0].variant, &h->list[0].point, s->device);
    const enum worker_outcome outcome =
        worker_ceilings(s->worker, h->p, threads, ceiling_share * budget, &ceilings, h->limit, &why);
    if ((h->report->stopped = outcome == WORKER_STOPPED)) return true;
    if (outcome != WORKER_OK) ceilings = (struct ceilings){0}; /* the times hold without them */
    entry_fill(h, &ceilings, entry);
    h->report->stopped = !entry_explain(h, &ceilings, explain_share * budget, entry);
    return true;
}

bool search_problem(const struct search *s, const struct problem *p, double budget, struct table_entry *entry,
                    struct search_report *report, struct error *err) {
    struct hunt h = {
        .s = s, .p = p, .report = report, .err = err, .limit = s->limit > 0 ? s->limit : usual_limit};
    *report = (struct search_report){0};
    h.fallback.variant = variant_default(p, s->device, &h.fallback.point);
    bool ok = hunt_run(&h, budget, entry, err);
    if (s->record && h.tried_count && !hunt_record(&h, s->record, ok ? err : &(struct error){""})) ok = false;
    problem_space_free(h.space);
    free(h.tried);
    free(h.list);
    return ok;
}
