#include "why.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "why_cause.h"

static const double tie = 0.01;   /* times that differ by less are equal */
static const double clear = 1.02; /* a figure that is larger by less is not called so */

struct text {
    char *to;
    size_t size, used;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *t, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(t->to + t->used, t->size - t->used, format, arguments);
    va_end(arguments);
    if (length > 0) t->used += (size_t)length;
    if (t->used >= t->size) t->used = t->size - 1;
}

/* Whether the winner has clearly less of it than every other that was counted. */
static bool least(const struct why *w, const char *counter) {
    const double own = evidence_counter(&w->role[WHY_WINNER], counter);
    bool any = false;
    for (int i = WHY_RUNNER_UP; i < WHY_ROLES; i++) {
        if (!w->role[i].variant) continue;
        if (evidence_counter(&w->role[i], counter) < clear * own) return false;
        any = true;
    }
    return any;
}

/* An amount an element, if it was counted. */
static bool amount_say(struct text *t, const struct why *w, const struct problem *p, const char *verb,
                       const char *counter, const char *what) {
    const double amount = evidence_counter(&w->role[WHY_WINNER], counter) / (double)problem_elements(p);
    if (!(amount > 0)) return false;
    say(t, "%s %.3g %s an element%s", verb, amount, what, least(w, counter) ? ", the least," : "");
    return true;
}

static const char *const bound_texts[RES_COUNT] = {
    [RES_MEMORY] = "memory",
    [RES_ISSUE] = "the issue of instructions",
    [RES_FMA] = "multiply-adds",
    [RES_HALF] = "16-bit arithmetic",
    [RES_ALU] = "integer and logic instructions",
    [RES_SFU] = "special functions",
    [RES_LSU] = "load and store instructions",
    [RES_TENSOR] = "tensor instructions",
    [RES_SHARED] = "shared memory",
    [RES_ATOMICS] = "atomics on one slice of L2",
    [RES_LAUNCH] = "launches",
};

/* "is bound by memory (91% of the time at its ceiling)". */
static void bound_say(struct text *t, const struct demand *d) {
    const char *const what = bound_texts[d->bound >= 0 ? d->bound : d->busiest];
    const char *const nearness = demand_saturated(d) ? "bound by" : "nearest to its ceiling in";
    const double share = 100 * d->e->busy, launches = 100 * d->seconds[RES_LAUNCH] / d->time;
    if (d->bound == RES_LAUNCH)
        say(t, "spends %.0f%% of its time on launches", share);
    else if (d->bound >= 0 && launches >= 10)
        say(t, "is %s %s (%.0f%% of the time at the ceiling, beside %.0f%% for launches)", nearness, what,
            share, launches);
    else if (d->bound >= 0)
        say(t, "is %s %s (%.0f%% of the time at the ceiling)", nearness, what, share);
    else if (d->counted)
        say(t, "is bound by latency (the busiest resource, %s, needs %.0f%% of the time)", what, share);
    else
        say(t, "is bound by what is not counted here (%s would take %.0f%% of the time)", what, share);
}

static void winner_say(struct text *t, const struct why *w, const struct problem *p, const struct demand *d) {
    const bool memory = d->bound == RES_MEMORY || d->bound == RES_LAUNCH || d->bound < 0;
    const bool said = memory ? amount_say(t, w, p, "moves", "dram_bytes", "bytes")
                             : amount_say(t, w, p, "executes", "instructions", "warp instructions");
    if (said) say(t, " and ");
    bound_say(t, d);
}

static void point_say(struct text *t, const struct evidence *e, const struct evidence *winner) {
    if (e->variant != winner->variant) {
        say(t, " %s", e->variant->name);
        return;
    }
    const char *before = " with ";
    for (int i = 0; i < param_count(e->variant); i++) {
        if (e->point.value[i] == winner->point.value[i]) continue;
        say(t, "%s%s=%d", before, e->variant->params[i].name, e->point.value[i]);
        before = " ";
    }
}

static void resource_say(struct text *t, const struct cause *c, const struct evidence *w,
                         const struct evidence *o) {
    static const struct {
        const char *verb, *what;
    } more[RES_LAUNCH] = {
        [RES_MEMORY] = {"moves", "the bytes"},
        [RES_ISSUE] = {"executes", "the instructions"},
        [RES_FMA] = {"executes", "the multiply-adds"},
        [RES_HALF] = {"executes", "the 16-bit arithmetic"},
        [RES_ALU] = {"executes", "the integer and logic instructions"},
        [RES_SFU] = {"evaluates", "the special functions"},
        [RES_LSU] = {"executes", "the loads and stores"},
        [RES_TENSOR] = {"executes", "the tensor instructions"},
        [RES_SHARED] = {"takes", "the wavefronts of shared memory"},
        [RES_ATOMICS] = {"queues", "the atomics on one slice of L2"},
    };
    if (c->resource == RES_LAUNCH)
        say(t, ": launches and fills (%.0f and %.0f) take it %.1f us, the winner (%.0f and %.0f) %.1f us",
            evidence_counter(o, "launches"), evidence_counter(o, "fills"), c->of,
            evidence_counter(w, "launches"), evidence_counter(w, "fills"), c->against);
    else if (c->against > 0)
        say(t, ": %s is what bounds it most, and it %s %.3gx %s", bound_texts[c->resource],
            more[c->resource].verb, c->of / c->against, more[c->resource].what);
    else
        say(t, ": %s bounds it most, of which the winner has none", bound_texts[c->resource]);
}

static void cause_say(struct text *t, const struct cause *c, const struct demand *w, const struct demand *o,
                      int units) {
    switch (c->kind) {
    case DUE_RESOURCE: resource_say(t, c, w->e, o->e); return;
    case DUE_THREADS:
        say(t, ": it is bound by %s and runs with %.0f thread%s, the winner with %.0f",
            bound_texts[c->resource], c->of, c->of > 1 ? "s" : "", c->against);
        return;
    case DUE_IDLE:
        say(t, ": it launches %.0f blocks for %d multiprocessors, the winner %.0f", c->of, units, c->against);
        return;
    case DUE_IMBALANCE:
        say(t, ": its busiest multiprocessor has %.2fx the mean number of blocks, the winner's %.2fx", c->of,
            c->against);
        return;
    case DUE_RESIDENT:
        say(t, ": it keeps %.0f warps resident to hide latency, the winner %.0f", c->of, c->against);
        return;
    case DUE_SERIAL:
        say(t, ": nothing is at its ceiling, and each resident warp executes %.3gx the instructions",
            c->of / c->against);
        return;
    case DUE_STALL:
        if (c->against > 0)
            say(t, ": its warps wait %.3gx as long for %s", c->of / c->against, c->stall);
        else
            say(t, ": its warps wait for %s, the winner's do not", c->stall);
        return;
    case DUE_INSTRUCTIONS: say(t, ": it executes %.3gx the instructions", c->of / c->against); return;
    case DUE_NONE: break;
    }
    say(t, " and ");
    bound_say(t, o);
    say(t, "; these figures do not explain why");
}

static void other_say(struct text *t, const char *role, const struct demand *winner, const struct demand *o,
                      const struct device_info *d) {
    const double times = o->time / winner->time;
    say(t, "; %s", role);
    point_say(t, o->e, winner->e);
    if (fabs(times - 1) <= tie) {
        say(t, " takes as long");
        return;
    }
    say(t, " takes %.2fx as long", times);
    if (times < 1) {
        say(t, ", though it lost when it was timed against the winner");
        return;
    }
    const struct cause cause = cause_find(winner, o, d);
    cause_say(t, &cause, winner, o, d->units);
}

static bool same(const struct evidence *a, const struct evidence *b) {
    return a->variant && variant_point_equal(a->variant, &a->point, b->variant, &b->point);
}

static void sentence_make(const struct why *w, const struct problem *p, const struct device_info *d,
                          const struct demand *demands, char sentence[WHY_SENTENCE_MAX]) {
    struct text t = {.to = sentence, .size = WHY_SENTENCE_MAX};
    const struct evidence *const runner_up = &w->role[WHY_RUNNER_UP], *const fallback = &w->role[WHY_DEFAULT];
    const bool one = same(runner_up, fallback);
    sentence[0] = 0;
    winner_say(&t, w, p, &demands[WHY_WINNER]);
    if (runner_up->variant)
        other_say(&t, one ? "runner-up and default" : "runner-up", demands, &demands[WHY_RUNNER_UP], d);
    if (fallback->variant && !one) other_say(&t, "default", demands, &demands[WHY_DEFAULT], d);
    if (!runner_up->variant && !fallback->variant) say(&t, "; there is nothing to compare it with");
    say(&t, ".");
    if (sentence[0] >= 'a' && sentence[0] <= 'z') sentence[0] = (char)(sentence[0] - 'a' + 'A');
}

void why_explain(struct why *w, const struct problem *p, const struct device_info *d,
                 const struct ceilings ceilings[WHY_ROLES], char sentence[WHY_SENTENCE_MAX]) {
    struct demand demands[WHY_ROLES];
    for (int i = 0; i < WHY_ROLES; i++) {
        struct evidence *const e = &w->role[i];
        if (!e->variant) continue;
        demands[i] = demand_of(e, p, d, &ceilings[i]);
        const struct demand *const one = &demands[i];
        snprintf(e->bound, sizeof e->bound, "%s",
                 one->bound >= 0 ? why_resource_name((enum why_resource)one->bound)
                 : one->counted  ? "latency"
                                 : "");
        e->busy = one->seconds[one->bound >= 0 ? one->bound : one->busiest] / one->time;
    }
    sentence_make(w, p, d, demands, sentence);
    w->sentence = sentence;
}
