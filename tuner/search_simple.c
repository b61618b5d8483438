/* The strategies without a memory: exhaustive, random, greedy local search, simulated annealing. */
#include <math.h>

#include "strategy.h"

enum { BATCH_MAX = 64, NEIGHBOURS_MAX = 512 };

static int batch_of(const struct explorer *e) {
    return e->o->batch < 1 ? 1 : e->o->batch < BATCH_MAX ? e->o->batch : BATCH_MAX;
}

void search_exhaustive(struct explorer *e) {
    for (int64_t next = 0; !e->over && next < e->size;) {
        int64_t list[BATCH_MAX];
        int count = 0;
        while (count < batch_of(e) && next < e->size) list[count++] = next++;
        explorer_try_all(e, list, count);
    }
}

void search_random(struct explorer *e) {
    while (!e->over) {
        int64_t list[BATCH_MAX];
        for (int i = 0; i < batch_of(e); i++) list[i] = explorer_new(e);
        explorer_try_all(e, list, batch_of(e));
    }
}

/* To the first better neighbour, until there is none. */
static void descend(struct explorer *e, int64_t at) {
    double seconds = explorer_try(e, at);
    for (bool moved = true; moved && !e->over;) {
        int64_t list[NEIGHBOURS_MAX];
        const int count = space_neighbours(e->space, at, false, list, NEIGHBOURS_MAX);
        random_shuffle(&e->random, list, count);
        moved = false;
        for (int i = 0; i < count && !moved && !e->over; i++) {
            explorer_expect(e, &list[i + 1], count - i - 1);
            const double there = explorer_try(e, list[i]);
            if (!(there < seconds)) continue;
            seconds = there, at = list[i], moved = true;
        }
    }
}

/* The best of a few random configurations is a better place to start than any one of them. */
static int64_t start_random(struct explorer *e, int draws) {
    int64_t best = -1;
    double least = INFINITY;
    for (int i = 0; i < draws && !e->over; i++) {
        const int64_t at = explorer_new(e);
        const double seconds = explorer_try(e, at);
        if (best < 0 || seconds < least) best = at, least = seconds;
    }
    return best;
}

void search_local(struct explorer *e) {
    enum { DRAWS = 5 };
    if (e->best >= 0) descend(e, e->trials[e->best].index);
    while (!e->over) {
        const int64_t at = start_random(e, DRAWS);
        if (!e->over) descend(e, at);
    }
}

/* The temperature is in units of the relative difference of times, and falls geometrically with the budget
   spent. */
static double temperature(const struct explorer *e) {
    static const double hot = 0.3, cold = 0.005;
    const double budget = (double)(e->o->evaluations < e->size ? e->o->evaluations : e->size);
    return hot * pow(cold / hot, (double)e->count / budget);
}

void search_anneal(struct explorer *e) {
    enum { DRAWS = 5, PATIENCE = 200 };
    int64_t at = e->best >= 0 ? e->trials[e->best].index : start_random(e, DRAWS);
    double seconds = explorer_try(e, at);
    int idle = 0; /* steps since the last new trial */
    while (!e->over) {
        int64_t list[NEIGHBOURS_MAX];
        const int count = space_neighbours(e->space, at, false, list, NEIGHBOURS_MAX);
        const int64_t before = e->count;
        if (count && idle < PATIENCE) {
            const int64_t to = list[random_below(&e->random, count)];
            const double there = explorer_try(e, to);
            const double worse = isfinite(seconds) ? there / seconds - 1 : -1;
            if (worse <= 0 || random_unit(&e->random) < exp(-worse / temperature(e)))
                at = to, seconds = there;
            idle = e->count == before ? idle + 1 : 0;
        } else {
            at = start_random(e, DRAWS);
            seconds = explorer_try(e, at);
            idle = 0;
        }
    }
}
