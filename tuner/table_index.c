#include "table_index.h"

#include <stdlib.h>

#include "table.h"

enum { SLOTS_LEAST = 32 };

void table_index_free(struct table_index *x) {
    table_near_free(&x->near);
    free(x->slots);
    *x = (struct table_index){.slot_count = 0};
}

int table_index_find(const struct table_index *x, const struct table_entry *entries,
                     const struct problem *p) {
    if (!x->slot_count) return -1;
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
    for (int i = 0; i < x->near.count; i++)
        slot_take(slots, count, problem_hash(&entries[i].problem, true), i + 1);
    free(x->slots);
    x->slots = slots, x->slot_count = count;
    return true;
}

bool table_index_add(struct table_index *x, const struct table_entry *entries, const struct problem *p,
                     bool measured) {
    if (2 * (x->near.count + 1) > x->slot_count && !slots_grow(x, entries)) return false;
    if (!table_near_add(&x->near, p, measured)) return false;
    slot_take(x->slots, x->slot_count, problem_hash(p, true), x->near.count);
    return true;
}
