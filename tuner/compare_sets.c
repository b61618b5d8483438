#include "compare_sets.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const double compare_delta = 0.005, compare_delta_single = 0.05;

static void logs_of(const double *values, int n, double *logs) {
    for (int i = 0; i < n; i++) logs[i] = log(values[i]);
}

static void judge_rounds(struct compared *one, double delta) {
    const int n = one->a->launch_count / 2;
    struct round rounds[ROUNDS_MAX];
    double ratios[ROUNDS_MAX];
    for (int i = 0; i < n; i++)
        for (int k = 0; k < 2; k++)
            rounds[i].a[k] = one->a->launches[2 * i + k], rounds[i].b[k] = one->b->launches[2 * i + k];
    rounds_ratios(rounds, n, ratios);
    one->method = BY_ROUNDS;
    one->shift = shift_paired(ratios, n);
    one->delta = fmax(delta, expm1(rounds_floor(rounds, n)));
    one->change = change_paired(&one->shift, one->delta);
}

/* The change itself is judged when every p is known. */
static void judge_launches(struct compared *one, double delta) {
    double a[LAUNCHES_MAX], b[LAUNCHES_MAX];
    const int na = one->a->launch_count, nb = one->b->launch_count;
    logs_of(one->a->launches, na, a);
    logs_of(one->b->launches, nb, b);
    one->method = BY_LAUNCHES;
    one->shift = shift_unpaired(a, na, b, nb);
    one->p = mann_whitney_p(a, na, b, nb);
    const double floor = fmax(launches_floor(one->a->launches, na), launches_floor(one->b->launches, nb));
    one->delta = fmax(delta, expm1(floor));
}

static void judge_interval(struct compared *one, double delta) {
    one->method = BY_INTERVAL;
    one->shift = (struct shift){log(one->b->median / one->a->median), log(one->b->lo / one->a->hi),
                                log(one->b->hi / one->a->lo), 0.95};
    one->delta = fmax(delta, compare_delta_single);
    one->change = change_paired(&one->shift, one->delta);
}

/* Counters of which more is worse; of the others a difference is told and decides nothing. */
static bool counter_costs(const char *name) {
    static const char *const costs[] = {
        "instructions",
        "thread_instructions",
        "branches",
        "divergent_branches",
        "barriers",
        "dram_bytes",
        "dram_read_bytes",
        "dram_write_bytes",
        "l2_bytes",
        "l2_read_bytes",
        "l2_write_bytes",
        "shared_wavefronts",
        "bank_conflicts",
        "local_bytes",
        "atomics",
        "global_load_sectors",
        "global_store_sectors",
        "registers",
        "spill_bytes",
    };
    for (size_t i = 0; i < sizeof costs / sizeof *costs; i++)
        if (strcmp(costs[i], name) == 0) return true;
    return false;
}

static const struct counter *timing_counter(const struct timing *t, const char *name) {
    return counter_find(t->counters, t->counter_count, name);
}

/* Appends to the list of differences, which says so when it is full. */
static void difference_add(struct compared *one, const char *name, double a, double b) {
    const size_t used = strlen(one->reason), room = sizeof one->reason - used;
    char text[120];
    snprintf(text, sizeof text, "%s%s %.0f -> %.0f", used ? ", " : "", name, a, b);
    if (strlen(text) + 6 < room)
        strcpy(one->reason + used, text);
    else if (used && strcmp(one->reason + used - 3, "...") != 0)
        snprintf(one->reason + used, room, ", ...");
}

static void judge_counters(struct compared *one) {
    int more = 0, less = 0, other = 0;
    for (int i = 0; i < one->a->counter_count; i++) {
        const struct counter *const a = &one->a->counters[i], *const b = timing_counter(one->b, a->name);
        if (strcmp(a->name, "seconds") == 0) continue; /* the model's, which may change without the kernel */
        if (!b || a->value == b->value) {
            other += !b;
            continue;
        }
        difference_add(one, a->name, a->value, b->value);
        if (!counter_costs(a->name))
            other++;
        else if (b->value > a->value)
            more++;
        else
            less++;
    }
    for (int i = 0; i < one->b->counter_count; i++)
        other += !timing_counter(one->a, one->b->counters[i].name);
    one->method = BY_COUNTERS;
    one->delta = 0;
    one->shift = (struct shift){log(one->b->median / one->a->median), 0, 0, 1};
    one->change = more ? CHANGE_SLOWER : less ? CHANGE_FASTER : other ? CHANGE_INCONCLUSIVE : CHANGE_SAME;
    if (other && !*one->reason) snprintf(one->reason, sizeof one->reason, "they hold different counters");
}

static void judge(struct compared *one, bool modeled, const struct compare_options *o) {
    const int na = one->a->launch_count, nb = one->b->launch_count;
    if (modeled && one->a->counter_count && one->b->counter_count)
        judge_counters(one);
    else if (o->in_turns && na == nb && na >= 2 && na % 2 == 0)
        judge_rounds(one, o->delta);
    else if (na >= LAUNCHES_MIN && nb >= LAUNCHES_MIN)
        judge_launches(one, o->delta);
    else
        judge_interval(one, o->delta);
}

static struct compared pair_up(const struct timing *a, const struct timing *b, bool modeled,
                               const struct compare_options *o) {
    struct compared one = {.a = a, .b = b, .p = 1};
    if (!a || !b) {
        one.state = a ? CASE_MISSING : CASE_ADDED;
        snprintf(one.reason, sizeof one.reason, "only %s has it", a ? "A" : "B");
    } else if (*a->failure || *b->failure) {
        one.state = CASE_FAILED;
        one.failed_anew = !*a->failure;
        snprintf(one.reason, sizeof one.reason, "%s: %.240s", *b->failure ? "B" : "A",
                 *b->failure ? b->failure : a->failure);
    } else {
        judge(&one, modeled, o);
    }
    return one;
}

/* The false discovery rate over all cases that were judged by ranks. */
static bool launches_conclude(struct comparison *c) {
    double *const p = malloc(sizeof *p * (size_t)(c->count + 1));
    int n = 0;
    if (!p) return false;
    for (int i = 0; i < c->count; i++)
        if (c->list[i].state == CASE_COMPARED && c->list[i].method == BY_LAUNCHES) p[n++] = c->list[i].p;
    p_adjust(p, n);
    n = 0;
    for (int i = 0; i < c->count; i++) {
        struct compared *const one = &c->list[i];
        if (one->state != CASE_COMPARED || one->method != BY_LAUNCHES) continue;
        one->p = p[n++];
        one->change = change_unpaired(&one->shift, one->p, one->delta);
    }
    free(p);
    return true;
}

bool comparison_make(struct comparison *c, const struct timings *a, const struct timings *b,
                     const struct compare_options *o, struct error *err) {
    *c = (struct comparison){.a = a, .b = b};
    if (a->kind != b->kind) return error_set(err, "a tuning table is not compared with results of bench");
    if (a->count && b->count && a->modeled != b->modeled)
        return error_set(err, "modeled times are not compared with measured ones");
    c->list = calloc((size_t)(a->count + b->count) + 1, sizeof *c->list);
    if (!c->list) return error_set(err, "out of memory");
    for (int i = 0; i < a->count; i++)
        c->list[c->count++] = pair_up(&a->list[i], timings_find(b, &a->list[i]), a->modeled, o);
    for (int i = 0; i < b->count; i++)
        if (!timings_find(a, &b->list[i])) c->list[c->count++] = pair_up(NULL, &b->list[i], b->modeled, o);
    if (!launches_conclude(c)) {
        comparison_free(c);
        return error_set(err, "out of memory");
    }
    for (int i = 0; i < c->count; i++) {
        c->states[c->list[i].state]++;
        if (c->list[i].state == CASE_COMPARED) c->changes[c->list[i].change]++;
    }
    return true;
}

void comparison_free(struct comparison *c) {
    free(c->list);
    *c = (struct comparison){.count = 0};
}

int comparison_exit(const struct comparison *c) {
    for (int i = 0; i < c->count; i++) {
        const struct compared *const one = &c->list[i];
        if (one->failed_anew || (one->state == CASE_COMPARED && one->change == CHANGE_SLOWER)) return 1;
    }
    const bool open = c->changes[CHANGE_INCONCLUSIVE] || c->states[CASE_FAILED] || c->states[CASE_MISSING];
    return open || !c->states[CASE_COMPARED] ? 3 : 0;
}

const char *compare_method_name(enum compare_method method) {
    static const char *const names[] = {"rounds", "launches", "interval", "counters"};
    return names[method];
}

const char *compared_name(const struct compared *one) {
    static const char *const names[] = {"compared", "failed", "missing", "added"};
    return one->state == CASE_COMPARED ? change_name(one->change) : names[one->state];
}
