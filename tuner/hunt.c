#include "hunt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "device/clock.h"
#include "why_cause.h"

static struct candidate candidate_of(const struct hunt *h, const struct contender *c) {
    return (struct candidate){h->p, c->variant, &c->point};
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
    const struct candidate about = candidate_of(h, c);
    h->report->failed++;
    error_set(&h->last_failure, "%s", reason);
    return !h->s->journal ||
           journal_failed(h->s->journal, &about,
                          outcome == WORKER_OK ? faults[c->verdict.fault] : causes[outcome], reason, err);
}

/* How a recording calls it. */
static enum record_status status_of(const struct contender *c, enum worker_outcome outcome) {
    static const enum record_status faults[] = {
        [FAULT_WRONG] = RECORD_WRONG, [FAULT_REFUSED] = RECORD_COMPILE, [FAULT_CALL] = RECORD_RUNTIME};
    if (outcome == WORKER_OK) return faults[c->verdict.fault];
    return outcome == WORKER_HUNG ? RECORD_TIMEOUT : RECORD_RUNTIME;
}

/* Shares of the time that what the device counted takes at the peaks of its memory and of its issue. */
static void pressure_find(const struct device_info *d, const struct contender *c,
                          double pressure[RESOURCE_COUNT]) {
    double seconds[RES_COUNT];
    work_seconds(c->counters, c->counter_count, d, d->bandwidth, seconds);
    for (int r = 0; r < RESOURCE_COUNT; r++) pressure[r] = NAN;
    if (seconds[RES_MEMORY] > 0) pressure[RESOURCE_MEMORY] = seconds[RES_MEMORY] / c->seconds.median;
    if (seconds[RES_ISSUE] > 0) pressure[RESOURCE_ISSUE] = fmin(1, seconds[RES_ISSUE] / c->seconds.median);
}

/* The candidate's time in a round, if the journal knows it. */
static bool time_known(const struct hunt *h, struct contender *c, int round, struct journal_time *t) {
    const struct candidate about = candidate_of(h, c);
    if (!h->s->journal || !journal_has_timed(h->s->journal, &about, round, t)) return false;
    c->seconds = t->seconds, c->throttled = t->throttled, c->throttle = t->throttle;
    return true;
}

/* Times that an interrupted run took in a round, if it finished the round for all of these. */
static bool round_known(const struct hunt *h, struct contender *list, int count, int round) {
    struct journal_time known;
    for (int i = 0; i < count; i++)
        if (!time_known(h, &list[i], round, &known)) return false;
    return true;
}

static bool round_keep(const struct hunt *h, const struct contender *list, int count, int round,
                       struct error *err) {
    for (int i = 0; h->s->journal && i < count; i++) {
        const struct candidate about = candidate_of(h, &list[i]);
        struct journal_time t = {
            .seconds = list[i].seconds, .throttled = list[i].throttled, .throttle = list[i].throttle};
        pressure_find(h->s->device, &list[i], t.pressure);
        if (!journal_timed(h->s->journal, &about, round, &t, err)) return false;
    }
    return true;
}

/* Contenders that are timed together, and what became of each: they keep their places. */
struct heat {
    struct contender *list;
    int count;
    struct worker_result *results;
};

static bool heat_run(struct hunt *h, struct heat *t, double budget, bool race, struct error *err) {
    worker_measure_each(h->s->worker, t->list, t->count, budget, race, 10 * budget + h->limit, t->results);
    for (int i = 0; i < t->count; i++) {
        const struct worker_result *const r = &t->results[i];
        if ((h->report->stopped = r->outcome == WORKER_STOPPED)) return true;
        if (r->outcome != WORKER_OK && !failure(h, &t->list[i], r->outcome, r->err.text, err)) return false;
    }
    return true;
}

/* What was timed again has its last time. */
static void attempts_follow(struct hunt *h, const struct contender *list, int count) {
    for (int i = 0; i < count; i++)
        for (int j = 0; j < h->tried_count; j++) {
            struct contender *const c = &h->tried[j].c;
            if (variant_point_equal(c->variant, &c->point, list[i].variant, &list[i].point))
                c->seconds = list[i].seconds;
        }
}

bool hunt_race(struct hunt *h, struct contender *list, int *count, double budget, bool race,
               struct error *err) {
    const int round = ++h->round;
    if (!*count || round_known(h, list, *count, round)) {
        attempts_follow(h, list, *count);
        return true;
    }
    struct worker_result *const results = calloc((size_t)*count, sizeof *results);
    struct heat t = {list, *count, results};
    bool ok = results ? heat_run(h, &t, budget, race, err) : error_set(err, "out of memory");
    int left = 0;
    for (int i = 0; ok && !h->report->stopped && i < *count; i++)
        if (results[i].outcome == WORKER_OK) list[left++] = list[i];
    free(results);
    if (!ok || h->report->stopped) return ok;
    *count = left;
    attempts_follow(h, list, left);
    return round_keep(h, list, left, round, err);
}

static struct attempt *attempt_new(struct hunt *h, int64_t index) {
    if (h->tried_count == h->room) {
        const int room = h->room ? 2 * h->room : 64;
        struct attempt *const grown = realloc(h->tried, (size_t)room * sizeof *grown);
        if (!grown) return NULL;
        h->tried = grown, h->room = room;
    }
    const struct table_choice choice = problem_space_choice(h->space, index);
    struct attempt *const a = &h->tried[h->tried_count++];
    *a = (struct attempt){.index = index, .status = RECORD_RUNTIME, .when = time(NULL)};
    a->c = (struct contender){.variant = choice.variant, .point = choice.point, .problem = *h->p};
    for (int r = 0; r < RESOURCE_COUNT; r++) a->pressure[r] = NAN;
    return a;
}

/* What the journal knows of an interrupted run is not done again, and what failed is not tried again. */
static bool attempt_check(struct hunt *h, struct attempt *a, struct error *err) {
    struct journal *const journal = h->s->journal;
    const struct candidate about = candidate_of(h, &a->c);
    struct error why = {""};
    if (journal && journal_has_failed(journal, &about)) {
        h->report->failed++;
        return true;
    }
    h->report->tried++;
    if (journal && journal_has_checked(journal, &about, &a->c.verdict)) {
        a->status = RECORD_CORRECT;
        return true;
    }
    const double begin = clock_seconds();
    const struct table_choice choice = {a->c.variant, a->c.point};
    ahead_take(h->s->ahead, h->p, &choice);
    const enum worker_outcome outcome = worker_check(h->s->worker, &a->c, h->limit, &why);
    a->verify = clock_seconds() - begin;
    if ((h->report->stopped = outcome == WORKER_STOPPED)) return true;
    if (outcome == WORKER_OK && a->c.verdict.status == CHECK_PASSED) {
        a->status = RECORD_CORRECT;
        return !journal || journal_checked(journal, &about, &a->c.verdict, err);
    }
    a->status = status_of(&a->c, outcome);
    return failure(h, &a->c, outcome, outcome == WORKER_OK ? a->c.verdict.text : why.text, err);
}

static bool attempt_known(const struct hunt *h, struct attempt *a) {
    struct journal_time known;
    if (!time_known(h, &a->c, 0, &known)) return false;
    memcpy(a->pressure, known.pressure, sizeof a->pressure);
    return true;
}

/* What it used of each resource, and its time for the journal. */
static bool attempt_keep(const struct hunt *h, struct attempt *a, struct error *err) {
    pressure_find(h->s->device, &a->c, a->pressure);
    return round_keep(h, &a->c, 1, 0, err);
}

/* Times those from `first` on that passed, unless the journal knows their time or the check found it. */
static bool attempts_time(struct hunt *h, int first, struct error *err) {
    const int most = h->tried_count - first;
    struct contender *const list = calloc((size_t)most + 1, sizeof *list);
    struct worker_result *const results = calloc((size_t)most + 1, sizeof *results);
    struct attempt **const from = calloc((size_t)most + 1, sizeof *from);
    bool ok = (list && results && from) || error_set(err, "out of memory");
    int count = 0;
    for (int i = first; ok && i < h->tried_count; i++) {
        struct attempt *const a = &h->tried[i];
        if (a->status != RECORD_CORRECT || attempt_known(h, a)) continue;
        if (a->c.seconds.n)
            ok = attempt_keep(h, a, err);
        else
            from[count] = a, list[count++] = a->c;
    }
    struct heat t = {list, count, results};
    const double begin = clock_seconds();
    ok = ok && (!count || heat_run(h, &t, count * h->each, count > 1, err));
    const double spent = (clock_seconds() - begin) / fmax(count, 1);
    for (int i = 0; ok && !h->report->stopped && i < count; i++) {
        from[i]->benchmark = spent;
        from[i]->c = list[i];
        if (results[i].outcome != WORKER_OK) {
            from[i]->status = status_of(&list[i], results[i].outcome);
            continue;
        }
        ok = attempt_keep(h, from[i], err);
    }
    free(list);
    free(results);
    free(from);
    return ok;
}

void hunt_expect(void *context, const int64_t *index, int count) {
    struct hunt *const h = context;
    struct table_choice *const list = calloc((size_t)count + 1, sizeof *list);
    struct verdict ignored;
    int kept = 0;
    for (int i = 0; list && i < count; i++) {
        list[kept] = problem_space_choice(h->space, index[i]);
        const struct candidate about = {h->p, list[kept].variant, &list[kept].point};
        kept += !h->s->journal || !(journal_has_failed(h->s->journal, &about) ||
                                    journal_has_checked(h->s->journal, &about, &ignored));
    }
    ahead_plan(h->s->ahead, h->p, list, kept);
    free(list);
}

/* Those of a batch that follow the first. */
static void others_expect(struct hunt *h, const struct trial *trials, int count) {
    int64_t *const index = count > 1 ? malloc((size_t)count * sizeof *index) : NULL;
    if (!index) return;
    for (int i = 1; i < count; i++) index[i - 1] = trials[i].index;
    hunt_expect(h, index, count - 1);
    free(index);
}

/* Whether there is time for one more: half of what one takes on average, so that what the last ones run over
   and what others leave unused cancel out. The first two that pass their check are not subject to it. */
static bool time_left(const struct hunt *h) {
    enum { PASSED_LEAST = 2 };
    const double now = clock_seconds(), each = (now - h->begin) / fmax(h->tried_count, 1);
    int passed = 0;
    for (int i = 0; i < h->tried_count && passed < PASSED_LEAST; i++)
        passed += h->tried[i].status == RECORD_CORRECT;
    return passed < PASSED_LEAST || now + 0.5 * each < h->end;
}

bool hunt_trials(void *context, struct trial *trials, int count) {
    struct hunt *const h = context;
    const int first = h->tried_count;
    int done = 0;
    bool ok = true;
    others_expect(h, trials, count);
    while (ok && done < count && !h->report->stopped && time_left(h)) {
        struct attempt *const a = attempt_new(h, trials[done++].index);
        ok = a ? attempt_check(h, a, h->err) : error_set(h->err, "out of memory");
    }
    if (h->report->stopped) { /* the last one's check was cut off */
        h->tried_count -= h->tried_count > first;
        return false;
    }
    ok = ok && attempts_time(h, first, h->err);
    h->broken = !ok;
    for (int i = 0; ok && i < done; i++) {
        const struct attempt *const a = &h->tried[first + i];
        if (a->status == RECORD_CORRECT && a->c.seconds.n) trials[i].seconds = a->c.seconds.median;
        memcpy(trials[i].pressure, a->pressure, sizeof a->pressure);
    }
    return ok && !h->report->stopped && done == count;
}

static bool attempt_record(const struct hunt *h, const struct attempt *a, struct record_builder *b,
                           struct error *err) {
    const struct space *const s = problem_space_space(h->space);
    const struct config c = space_at(s, a->index);
    record_row_begin(b);
    for (int i = 0; i < space_param_count(s); i++)
        if (!record_row_set(b, space_param_at(s, i)->name, &space_param_at(s, i)->values[c.at[i]], err))
            return false;
    b->row.status = a->status;
    clock_date(a->when, b->row.timestamp);
    b->row.verify = a->verify, b->row.benchmark = a->benchmark;
    memcpy(b->row.pressure, a->pressure, sizeof a->pressure);
    if (a->status == RECORD_CORRECT) {
        const struct summary *const t = &a->c.seconds;
        b->row.seconds = t->median;
        if (!h->s->device->modeled) b->row.lo = t->lo, b->row.hi = t->hi, b->row.samples = t->n;
    }
    return record_row_end(b, err);
}

bool hunt_record(const struct hunt *h, struct record *r, struct error *err) {
    struct record_builder b;
    if (!record_begin(&b, r, err)) return false;
    snprintf(r->device, sizeof r->device, "%s", h->s->device->name);
    snprintf(r->kernel, sizeof r->kernel, "%s", op_name(h->p->op));
    problem_key(h->p, r->problem);
    for (int i = 0; i < h->tried_count; i++) {
        const struct attempt *const a = &h->tried[i];
        if (a->status == RECORD_CORRECT && !a->c.seconds.n) continue; /* interrupted before it was timed */
        if (attempt_record(h, a, &b, err)) continue;
        record_free(r);
        return false;
    }
    return record_end(&b, err);
}
