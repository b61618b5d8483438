#include "strategy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char strategy_default[] = "bayes";

static const struct strategy strategies[] = {
    {"exhaustive", "every configuration, in the space's order", false, true, search_exhaustive},
    {"random", "configurations at random, each once", false, true, search_random},
    {"local", "greedy local search: to the first better neighbour, from a new start when there is none",
     false, false, search_local},
    {"anneal", "simulated annealing over neighbours", false, false, search_anneal},
    {"evolve", "differential evolution on the places of values", false, false, search_evolve},
    {"bayes", "Bayesian optimisation: a Gaussian process on log time, expected improvement", false, false,
     search_bayes},
    {"guided", "counter-guided: what bounds the best so far decides which parameters move", false, false,
     search_guided},
    {"model", "model-first: a prior orders the candidates, a Gaussian process mends it", true, false,
     search_model},
};
enum { STRATEGY_COUNT = sizeof strategies / sizeof *strategies };

const struct strategy *strategy_at(int i) {
    return i >= 0 && i < STRATEGY_COUNT ? &strategies[i] : NULL;
}

const struct strategy *strategy_find(const char *name) {
    for (int i = 0; i < STRATEGY_COUNT; i++)
        if (strcmp(strategies[i].name, name) == 0) return &strategies[i];
    return NULL;
}

const char *resource_name(enum resource r) {
    static const char *const names[RESOURCE_COUNT] = {"memory", "cache", "compute", "issue", "latency"};
    return names[r];
}

struct trial trial_of(int64_t index) {
    struct trial t = {.index = index, .seconds = INFINITY};
    for (int r = 0; r < RESOURCE_COUNT; r++) t.pressure[r] = NAN;
    return t;
}

static uint64_t slot_of(const struct explorer *e, int64_t index) {
    uint64_t state = (uint64_t)index;
    uint64_t slot = random_next(&state) & e->slot_mask;
    while (e->slots[slot] >= 0 && e->trials[e->slots[slot]].index != index) slot = (slot + 1) & e->slot_mask;
    return slot;
}

const struct trial *explorer_find(const struct explorer *e, int64_t index) {
    const int64_t at = e->slots[slot_of(e, index)];
    return at < 0 ? NULL : &e->trials[at];
}

/* Room for `more` trials and a hash table that stays at most half full. */
static bool explorer_grow(struct explorer *e, int64_t more) {
    if (e->count + more <= e->room) return true;
    int64_t room = e->room ? e->room : 32;
    while (room < e->count + more) room *= 2;
    struct trial *const trials = realloc(e->trials, (size_t)room * sizeof *trials);
    if (trials) e->trials = trials;
    int64_t *const slots = malloc((size_t)room * 2 * sizeof *slots);
    if (!trials || !slots) {
        free(slots);
        return false;
    }
    free(e->slots);
    e->room = room, e->slots = slots, e->slot_mask = (uint64_t)room * 2 - 1;
    memset(slots, 0xff, (size_t)room * 2 * sizeof *slots);
    for (int64_t i = 0; i < e->count; i++) e->slots[slot_of(e, e->trials[i].index)] = i;
    return true;
}

void explorer_try_all(struct explorer *e, const int64_t *index, int count) {
    const int64_t first = e->count;
    if (e->over || !explorer_grow(e, count)) {
        e->over = true;
        return;
    }
    for (int i = 0; i < count && e->count < e->o->evaluations; i++) {
        const uint64_t slot = slot_of(e, index[i]);
        if (e->slots[slot] >= 0) continue;
        e->slots[slot] = e->count;
        e->trials[e->count++] = trial_of(index[i]);
    }
    if (e->count > first && !e->o->run(e->o->context, &e->trials[first], (int)(e->count - first)))
        e->over = true;
    for (int64_t i = first; i < e->count; i++) {
        const double seconds = e->trials[i].seconds;
        if (isfinite(seconds) && (e->best < 0 || seconds < e->trials[e->best].seconds)) e->best = i;
    }
    if (e->count >= e->o->evaluations || e->count >= e->size) e->over = true;
}

double explorer_try(struct explorer *e, int64_t index) {
    const struct trial *const known = explorer_find(e, index);
    if (known) return known->seconds;
    explorer_try_all(e, &index, 1);
    const struct trial *const now = explorer_find(e, index);
    return now ? now->seconds : INFINITY;
}

void explorer_expect(const struct explorer *e, const int64_t *index, int count) {
    enum { EXPECTED_MAX = 64 };
    int64_t list[EXPECTED_MAX];
    int kept = 0;
    if (!e->o->expect || e->over) return;
    for (int i = 0; i < count && kept < EXPECTED_MAX; i++)
        if (!explorer_find(e, index[i])) list[kept++] = index[i];
    e->o->expect(e->o->context, list, kept);
}

int64_t explorer_new(struct explorer *e) {
    if (e->count >= e->size) return -1;
    int64_t index = 0;
    for (int i = 0; i < 64; i++) {
        index = random_below(&e->random, e->size);
        if (!explorer_find(e, index)) return index;
    }
    while (explorer_find(e, index)) index = (index + 1) % e->size;
    return index;
}

bool strategy_run(const struct strategy *s, const struct space *space, const struct explore_options *o,
                  struct trial **trials, int64_t *count, struct error *err) {
    struct explorer e = {.space = space, .o = o, .size = space_count(space), .best = -1, .random = o->seed};
    *trials = NULL, *count = 0;
    if (s->needs_prior && !o->prior)
        return error_set(err, "strategy %s needs a prior, a guess of every candidate's time: give --prior",
                         s->name);
    if (!explorer_grow(&e, 1)) return error_set(err, "out of memory");
    e.over = !e.size || o->evaluations < 1;
    if (o->start_count) explorer_try_all(&e, o->starts, o->start_count);
    if (!e.over) s->run(&e);
    if (!e.over) search_random(&e);
    free(e.slots);
    *trials = e.trials, *count = e.count;
    return true;
}
