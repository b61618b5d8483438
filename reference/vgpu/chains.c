#include "chains.h"

#include <math.h>
#include <stdlib.h>

static bool grow(struct chains *c) {
    struct chains bigger = {.capacity = c->capacity ? 2 * c->capacity : 1024};
    bigger.slots = calloc(bigger.capacity, sizeof *bigger.slots);
    if (!bigger.slots) {
        return false;
    }
    chains_merge(&bigger, c);
    free(c->slots);
    *c = bigger;
    return true;
}

size_t chains_find(const struct chains *c, uint64_t key) {
    size_t at = (size_t)(key * 0x9e3779b97f4a7c15u >> 20) & (c->capacity - 1);
    while (c->slots[at].count && c->slots[at].key != key) {
        at = (at + 1) & (c->capacity - 1);
    }
    return at;
}

bool chains_add(struct chains *c, struct chain chain) {
    if (4 * c->used >= 3 * c->capacity && !grow(c)) {
        return false;
    }
    struct chain *slot = &c->slots[chains_find(c, chain.key)];
    if (!slot->count) {
        *slot = chain;
        c->used++;
        return true;
    }
    slot->count += chain.count;
    slot->first_run = slot->first_run < chain.first_run ? slot->first_run : chain.first_run;
    slot->last_run = slot->last_run > chain.last_run ? slot->last_run : chain.last_run;
    return true;
}

bool chains_merge(struct chains *to, const struct chains *from) {
    bool good = true;
    for (size_t i = 0; i < from->capacity; i++) {
        good &= !from->slots[i].count || chains_add(to, from->slots[i]);
    }
    return good;
}

uint64_t chains_longest(const struct chains *c, double scale) {
    double longest = 0;
    for (size_t i = 0; i < c->capacity; i++) {
        const struct chain *s = &c->slots[i];
        const double count = (double)s->count * (s->first_run == s->last_run ? 1 : scale);
        longest = count > longest ? count : longest;
    }
    return (uint64_t)llround(longest);
}

void chains_close(struct chains *c) {
    free(c->slots);
    *c = (struct chains){0};
}
