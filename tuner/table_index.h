/* Where a table's entries are: by problem in constant time, and the nearest problems. */
#ifndef KATUNE_TABLE_INDEX_H
#define KATUNE_TABLE_INDEX_H

#include "table_near.h"

/* As small as can be: what a look-up waits for is memory. */
struct table_slot {
    uint32_t tag; /* the upper half of the problem's hash; the lower half says where the search begins */
    int place;    /* the entry's number + 1; 0: the slot is free */
};

struct table_index {
    struct table_slot *slots; /* open addressing, linear probing */
    int slot_count;           /* 0, or a power of two, at least 4/3 of the entries */
    struct table_near near;   /* has as many keys as there are entries */
};

void table_index_free(struct table_index *x);

/* The number of the problem's entry; -1: it has none. */
int table_index_find(const struct table_index *x, const struct table_entry *entries, const struct problem *p);

/* Adds the problem of the next entry, which has no other. False, and nothing is added, if there is no memory.
 */
bool table_index_add(struct table_index *x, const struct table_entry *entries, const struct problem *p,
                     bool measured);

#endif
