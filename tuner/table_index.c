#include "table_index.h"

#include <math.h>
#include <stdlib.h>

#include "table.h"

enum { SLOTS_LEAST = 32 };

void table_index_free(struct table_index *x) {
    free(x->keys);
    free(x->slots);
    *x = (struct table_index){.count = 0};
}

struct table_key table_key_of(const struct problem *p) {
    return (struct table_key){.family = problem_hash(p, false),
                              .log_rows = log(fmax((double)p->rows, 1)),
                              .log_channels = log(fmax((double)p->channels, 1))};
}

int table_index_find(const struct table_index *x, const struct table_entry *entries,
                     const struct problem *p) {
    if (!x->count) return -1;
    const uint64_t hash = problem_hash(p, true), mask = (uint64_t)x->slot_count - 1;
    const uint32_t tag = (uint32_t)(hash >> 32);
    for (uint64_t at = hash & mask; x->slots[at].place; at = (at + 1) & mask) {
        const int i = x->slots[at].place - 1;
        if (x->slots[at].tag == tag && problem_equal(&entries[i].problem, p)) return i;
    }
    return -1;
}

static void slot_take(struct table_slot *slots, int slot_count, uint64_t hash, int place) {
    const uint64_t mask = (uint64_t)slot_count - 1;
    uint64_t at = hash & mask;
    while (slots[at].place) at = (at + 1) & mask;
    slots[at] = (struct table_slot){(uint32_t)(hash >> 32), place};
}

/* A slot has half of its hash only: the entries' problems say it whole. */
static bool slots_grow(struct table_index *x, const struct table_entry *entries) {
    const int count = x->slot_count ? 2 * x->slot_count : SLOTS_LEAST;
    struct table_slot *const slots = calloc((size_t)count, sizeof *slots);
    if (!slots) return false;
    for (int i = 0; i < x->count; i++)
        slot_take(slots, count, problem_hash(&entries[i].problem, true), i + 1);
    free(x->slots);
    x->slots = slots, x->slot_count = count;
    return true;
}

static bool keys_grow(struct table_index *x) {
    const int room = x->room ? 2 * x->room : SLOTS_LEAST / 2;
    struct table_key *const keys = realloc(x->keys, (size_t)room * sizeof *keys);
    if (!keys) return false;
    x->keys = keys, x->room = room;
    return true;
}

bool table_index_add(struct table_index *x, const struct table_entry *entries, const struct problem *p,
                     bool measured) {
    if (x->count == x->room && !keys_grow(x)) return false;
    if (4 * (x->count + 1) > 3 * x->slot_count && !slots_grow(x, entries)) return false;
    x->keys[x->count] = table_key_of(p);
    slot_take(x->slots, x->slot_count, problem_hash(p, true), ++x->count);
    table_index_mark(x, x->count - 1, measured);
    return true;
}

void table_index_mark(struct table_index *x, int i, bool measured) {
    x->measured += measured - x->keys[i].measured;
    x->keys[i].measured = measured;
}
