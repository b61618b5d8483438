#include "search.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ceiling.h"
#include "explain.h"

static const double finalist_margin = 1.03, tie_margin = 1.01;
static const double usual_limit = 30;

/* What is known while a problem is searched. */
struct hunt {
    const struct search *s;
    const struct problem *p;
    struct contender *list; /* those still in */
    int count;
    struct contender fallback; /* what would run without a table */
    struct search_report *report;
    struct error last_failure; /* of a candidate */
    double limit;              /* seconds a check may take */
    int round;                 /* of timing, counted for the journal */
};

static uint64_t random_next(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u; /* splitmix64 */
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

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

static bool takes_part(const struct search *s, const struct variant *v, const struct point *pt) {
    return !s->takes_part || s->takes_part(v, pt, s->context);
}

/* Every accepted point of every variant of the operation, the variants' default points first. */
static bool contenders_list(struct hunt *h, struct error *err) {
    const struct search *const s = h->s;
    int room = 0;
    for (int i = 0; i < variant_count(); i++)
        if (variant_at(i)->op == h->p->op) room += (int)point_count(variant_at(i));
    h->list = calloc((size_t)room + 1, sizeof *h->list);
    if (!h->list) return error_set(err, "out of memory");
    for (int defaults = 1; defaults >= 0; defaults--) {
        for (int i = 0; i < variant_count(); i++) {
            const struct variant *const v = variant_at(i);
            for (int64_t j = 0; v->op == h->p->op && j < point_count(v); j++) {
                const struct table_choice c = {v, point_at(v, j)};
                if (variant_reject(v, h->p, &c.point, s->device) || !takes_part(s, v, &c.point)) continue;
                if (is_default(s->device, h->p, &c) != defaults) continue;
                h->report->points++;
                if (s->journal && journal_has_failed(s->journal, &(struct candidate){h->p, v, &c.point}))
                    h->report->failed++;
                else
                    h->list[h->count++] =
                        (struct contender){.variant = v, .point = c.point, .problem = *h->p};
            }
        }
    }
    return true;
}

/* Keeps `most`: the leading default points, then a random choice. */
static void contenders_sample(struct hunt *h, int most) {
    uint64_t state = h->s->seed;
    int defaults = 0;
    while (defaults < h->count &&
           is_default(h->s->device, h->p,
                      &(struct table_choice){h->list[defaults].variant, h->list[defaults].point}))
        defaults++;
    if (most < defaults) most = defaults;
    for (int i = defaults; i < most && i < h->count; i++) {
        const int other = i + (int)(random_next(&state) % (uint64_t)(h->count - i));
        const struct contender kept = h->list[i];
        h->list[i] = h->list[other];
        h->list[other] = kept;
    }
    if (h->count > most) h->count = most;
}

/* Counts and journals a candidate that did not make it. */
static bool failure(struct hunt *h, const struct contender *c, enum worker_outcome outcome,
                    const char *reason, struct error *err) {
    static const enum journal_cause causes[] = {[WORKER_REFUSED] = CAUSE_REFUSED,
                                                [WORKER_CRASHED] = CAUSE_CRASHED,
                                                [WORKER_HUNG] = CAUSE_HUNG,
                                                [WORKER_MEMORY] = CAUSE_MEMORY};
    static const enum journal_cause faults[] = {
        [FAULT_WRONG] = CAUSE_WRONG, [FAULT_REFUSED] = CAUSE_REFUSED, [FAULT_CALL] = CAUSE_CRASHED};
    h->report->failed++;
    error_set(&h->last_failure, "%s", reason);
    return !h->s->journal ||
           journal_failed(h->s->journal, &(struct candidate){h->p, c->variant, &c->point},
                          outcome == WORKER_OK ? faults[c->verdict.fault] : causes[outcome], reason, err);
}

/* Whether it passed; what the journal knows of an interrupted run is not done again. */
static bool contender_check(struct hunt *h, struct contender *c, bool *passed, struct error *err) {
    struct journal *const journal = h->s->journal;
    const struct candidate about = {h->p, c->variant, &c->point};
    if (journal && journal_has_checked(journal, &about, &c->verdict)) return *passed = true;
    struct error why = {""};
    const enum worker_outcome outcome = worker_check(h->s->worker, c, h->limit, &why);
    h->report->stopped = outcome == WORKER_STOPPED;
    *passed = outcome == WORKER_OK && c->verdict.status == CHECK_PASSED;
    if (h->report->stopped) return true;
    if (!*passed) return failure(h, c, outcome, outcome == WORKER_OK ? c->verdict.text : why.text, err);
    return !journal || journal_checked(journal, &about, &c->verdict, err);
}

/* Checks every contender; the wrong, the crashed and the hung leave. */
static bool contenders_check(struct hunt *h, struct error *err) {
    int left = 0;
    for (int i = 0; i < h->count; i++) {
        struct contender *const c = &h->list[i];
        bool passed;
        if (!contender_check(h, c, &passed, err)) return false;
        if (h->report->stopped) return true;
        h->report->tried++;
        if (passed) h->list[left++] = *c;
    }
    h->count = left;
    return true;
}

/* Times that an interrupted run took in the same round, if it finished the round. */
static bool round_known(const struct hunt *h, struct contender *list, int count, int round) {
    for (int i = 0; i < count; i++) {
        const struct candidate about = {h->p, list[i].variant, &list[i].point};
        if (!h->s->journal || !journal_has_timed(h->s->journal, &about, round, &list[i].seconds))
            return false;
    }
    return true;
}

static bool round_keep(const struct hunt *h, const struct contender *list, int count, int round,
                       struct error *err) {
    for (int i = 0; h->s->journal && i < count; i++) {
        const struct candidate about = {h->p, list[i].variant, &list[i].point};
        if (!journal_timed(h->s->journal, &about, round, &list[i].seconds, err)) return false;
    }
    return true;
}

/* Each contender alone, to find the one that the worker died of. */
static bool contenders_single_out(struct hunt *h, struct contender *list, int *count, double budget,
                                  struct error *err) {
    const double limit = 10 * budget + h->limit;
    int left = 0;
    for (int i = 0; i < *count; i++) {
        struct error why = {""};
        const enum worker_outcome outcome =
            worker_measure(h->s->worker, &list[i], 1, budget / *count, false, limit, &why);
        if ((h->report->stopped = outcome == WORKER_STOPPED)) return true;
        if (outcome == WORKER_OK)
            list[left++] = list[i];
        else if (!failure(h, &list[i], outcome, why.text, err))
            return false;
    }
    *count = left;
    return true;
}

/* Times the contenders against each other. */
static bool contenders_race(struct hunt *h, struct contender *list, int *count, double budget, bool race,
                            struct error *err) {
    struct error why = {""};
    const int round = h->round++;
    if (round_known(h, list, *count, round)) return true;
    const enum worker_outcome outcome =
        worker_measure(h->s->worker, list, *count, budget, race, 10 * budget + h->limit, &why);
    if ((h->report->stopped = outcome == WORKER_STOPPED)) return true;
    if (outcome != WORKER_OK && !contenders_single_out(h, list, count, budget, err)) return false;
    return h->report->stopped || round_keep(h, list, *count, round, err);
}

static int faster(const void *a, const void *b) {
    const double one = ((const struct contender *)a)->seconds.median,
                 other = ((const struct contender *)b)->seconds.median;
    return (one > other) - (one < other);
}

static bool is_fallback(const struct hunt *h, const struct contender *c) {
    return c->variant == h->fallback.variant && point_equal(c->variant, &c->point, &h->fallback.point);
}

/* The fastest of another variant than this one, in a sorted list; NULL if there is none. */
static const struct contender *runner_up_of(const struct hunt *h, const struct variant *v) {
    for (int i = 0; i < h->count; i++)
        if (h->list[i].variant != v) return &h->list[i];
    return NULL;
}

/* Keeps the first `most` of the sorted list, and of the others the default and the runner-up, so that what
   the winner gains over them is measured in the same rounds. */
static void contenders_cut(struct hunt *h, int most) {
    const struct contender *const second = runner_up_of(h, h->list[0].variant);
    int kept = most;
    for (int i = most; i < h->count; i++)
        if (is_fallback(h, &h->list[i]) || &h->list[i] == second) h->list[kept++] = h->list[i];
    h->count = kept;
}

/* Rounds of equal budget, each with half the contenders of the one before. */
static bool contenders_halve(struct hunt *h, double budget, struct error *err) {
    const int rounds = h->count > 8 ? (int)ceil(log2(h->count / 8.0)) : 1;
    for (int round = 0; round < rounds && !h->report->stopped; round++) {
        if (!contenders_race(h, h->list, &h->count, budget / rounds, true, err)) return false;
        qsort(h->list, (size_t)h->count, sizeof *h->list, faster);
        if (h->count > 8 && round + 1 < rounds) contenders_cut(h, (h->count + 1) / 2);
    }
    return true;
}

static struct table_choice choice_of(const struct contender *c) {
    return (struct table_choice){c->variant, c->point};
}

/* Keeps those within the margin of the best, sorted, and the default and the runner-up even if they are
 * slower.
 */
static void finalists_keep(struct hunt *h) {
    int most = 0;
    qsort(h->list, (size_t)h->count, sizeof *h->list, faster);
    const double limit = h->list[0].seconds.median * finalist_margin;
    while (most < h->count && h->list[most].seconds.median <= limit) most++;
    contenders_cut(h, most);
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
    h->report->throttled = chosen->throttled;
    h->report->throttle = chosen->throttle;
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

/* How many contenders the budget can check and time: found from the default's own time. */
static bool contenders_afford(struct hunt *h, double budget, struct error *err) {
    struct contender *const first = &h->list[0];
    if (h->count <= 16) return true;
    struct contender probe = *first;
    struct error why;
    if (worker_check(h->s->worker, &probe, h->limit, &why) != WORKER_OK ||
        probe.verdict.status != CHECK_PASSED)
        return true;
    int one = 1;
    if (!contenders_race(h, &probe, &one, 0.02, false, err)) return false;
    const double elements = (double)problem_elements(h->p),
                 each = 8 * probe.seconds.median + 6e-9 * elements + 2e-3;
    const int affordable = (int)(0.6 * budget / each);
    const int most = affordable < SEARCH_EXHAUSTIVE_MAX ? affordable : SEARCH_EXHAUSTIVE_MAX;
    contenders_sample(h, most > 16 ? most : 16);
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
        if (c->variant == e->choice.variant && point_equal(c->variant, &c->point, &e->choice.point))
            party[WHY_WINNER] = *c;
        else if (is_fallback(h, c))
            party[WHY_DEFAULT] = *c;
    }
    e->why = malloc(sizeof *e->why);
    if (!e->why || explain(&x, party, ceilings, e->why)) return true;
    free(e->why);
    e->why = NULL;
    return false;
}

static bool hunt_run(struct hunt *h, double budget, struct table_entry *entry, struct error *err) {
    if (!contenders_list(h, err)) return false;
    if (!h->count) return error_set(err, "no variant takes part");
    if (!contenders_afford(h, budget, err) || h->report->stopped) return h->report->stopped;
    if (!contenders_check(h, err)) return false;
    if (h->report->stopped) return true;
    if (!h->count) return error_set(err, "no candidate passed its check: %.300s", h->last_failure.text);
    if (!contenders_halve(h, 0.4 * budget, err)) return false;
    if (h->report->stopped) return true;
    if (!h->count) return error_set(err, "no candidate could be timed: %.300s", h->last_failure.text);
    finalists_keep(h);
    if (!contenders_race(h, h->list, &h->count, 0.3 * budget, false, err)) return false;
    if (h->report->stopped) return true;
    if (!h->count) return error_set(err, "no finalist could be timed");
    qsort(h->list, (size_t)h->count, sizeof *h->list, faster);
    struct ceilings ceilings;
    struct error why = {""};
    const int threads = point_threads(h->list[0].variant, &h->list[0].point, h->s->device);
    const enum worker_outcome outcome =
        worker_ceilings(h->s->worker, h->p, threads, 0.1 * budget, &ceilings, h->limit, &why);
    if ((h->report->stopped = outcome == WORKER_STOPPED)) return true;
    if (outcome != WORKER_OK) ceilings = (struct ceilings){0}; /* the times hold without them */
    entry_fill(h, &ceilings, entry);
    h->report->stopped = !entry_explain(h, &ceilings, 0.05 * budget, entry);
    return true;
}

bool search_problem(const struct search *s, const struct problem *p, double budget, struct table_entry *entry,
                    struct search_report *report, struct error *err) {
    struct hunt h = {.s = s, .p = p, .report = report, .limit = s->limit > 0 ? s->limit : usual_limit};
    *report = (struct search_report){0};
    h.fallback.variant = variant_default(p, s->device, &h.fallback.point);
    const bool ok = hunt_run(&h, budget, entry, err);
    free(h.list);
    return ok;
}
