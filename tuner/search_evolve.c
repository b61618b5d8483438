/* Differential evolution: a member is moved by the difference of two others, in the places of values; what
   is not in the space is drawn again. */
#include <math.h>
#include <stdlib.h>

#include "strategy.h"

enum { POPULATION = 20, DRAWS = 8, NEIGHBOURS_MAX = 512 };

static const double weight = 0.7, crossover = 0.8;

/* The value whose place is nearest. */
static uint16_t value_near(const struct space_param *p, double place) {
    int best = 0;
    for (int i = 1; i < p->count; i++)
        if (fabs(p->place[i] - place) < fabs(p->place[best] - place)) best = i;
    return (uint16_t)best;
}

/* base + weight (one - other); where values have no order, one of the three. */
static struct config mutate(struct explorer *e, const struct config *own, const struct config *base,
                            const struct config *one, const struct config *other) {
    const int count = space_param_count(e->space), forced = (int)random_below(&e->random, count);
    struct config c = *own;
    for (int i = 0; i < count; i++) {
        const struct space_param *const p = space_param_at(e->space, i);
        if (i != forced && random_unit(&e->random) >= crossover) continue;
        if (p->ordered) {
            const double step = weight * (p->place[one->at[i]] - p->place[other->at[i]]);
            c.at[i] = value_near(p, p->place[base->at[i]] + step);
        } else {
            const struct config *const from[] = {base, one, other};
            c.at[i] = from[random_below(&e->random, 3)]->at[i];
        }
    }
    return c;
}

/* A new candidate for a member's place. */
static int64_t offspring(struct explorer *e, const int64_t *members, int count, int member) {
    const struct config own = space_at(e->space, members[member]);
    for (int draw = 0; draw < DRAWS; draw++) {
        struct config other[3];
        for (int i = 0; i < 3; i++) other[i] = space_at(e->space, members[random_below(&e->random, count)]);
        const struct config c = mutate(e, &own, &other[0], &other[1], &other[2]);
        const int64_t at = space_find(e->space, &c);
        if (at >= 0 && !explorer_find(e, at)) return at;
    }
    int64_t near[NEIGHBOURS_MAX];
    const int found = space_neighbours(e->space, members[member], false, near, NEIGHBOURS_MAX);
    for (int draw = 0; draw < DRAWS && found; draw++) {
        const int64_t at = near[random_below(&e->random, found)];
        if (!explorer_find(e, at)) return at;
    }
    return explorer_new(e);
}

void search_evolve(struct explorer *e) {
    int64_t members[POPULATION], next[POPULATION];
    int count = 0;
    for (int64_t i = 0; i < e->count && count < POPULATION; i++) members[count++] = e->trials[i].index;
    while (count < POPULATION && !e->over) {
        members[count] = explorer_new(e);
        explorer_try(e, members[count++]);
    }
    while (!e->over) {
        for (int i = 0; i < count; i++) next[i] = offspring(e, members, count, i);
        if (e->o->batch > 1) explorer_try_all(e, next, count);
        explorer_expect(e, next, count);
        for (int i = 0; i < count && !e->over; i++)
            if (explorer_try(e, next[i]) < explorer_try(e, members[i])) members[i] = next[i];
    }
}
