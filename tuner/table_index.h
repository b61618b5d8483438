/* Where a table's entries are: by problem in constant time; and, close together in memory, what a search for
   the nearest problem compares. */
#ifndef KATUNE_TABLE_INDEX_H
#define KATUNE_TABLE_INDEX_H

#include "problem.h"

struct table_entry;

struct table_key {
    uint64_t family; /* hash of all but rows and channels */
    double log_rows, log_channels;
    bool measured;
};

/* As small as can be: what a look-up waits for is memory. */
struct table_slot {
    uint32_t tag; /* the upper half of the problem's hash; the lower half says where the search begins */
    int place;    /* the entry's number + 1; 0: the slot is free */
};

struct table_index {
    struct table_key *keys;   /* keys[i] is of entry i */
    struct table_slot *slots; /* open addressing, linear probing */
    int count, room;          /* keys */
    int slot_count;           /* 0, or a power of two, at least 4/3 of the count */
    int measured;             /* entries that are */
};

void table_index_free(struct table_index *x);

/* Of a problem that is looked for; `measured` is left false. */
struct table_key table_key_of(const struct problem *p);

/* The number of the problem's entry; -1: it has none. */
int table_index_find(const struct table_index *x, const struct table_entry *entries, const struct problem *p);

/* Adds the problem of entry number `count`, which has no other entry. False if there is no memory. */
bool table_index_add(struct table_index *x, const struct table_entry *entries, const struct problem *p,
                     bool measured);

/* Says of entry i whether it is measured. */
void table_index_mark(struct table_index *x, int i, bool measured);

#endif
