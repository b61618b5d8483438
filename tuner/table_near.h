/* The nearest problems of a table: a tree of points for each family and source, and a list of the entries
   added since the trees were built. */
#ifndef KATUNE_TABLE_NEAR_H
#define KATUNE_TABLE_NEAR_H

#include "problem.h"
#include "table_tree.h"

struct table_entry;

struct near_key {
    uint64_t family; /* hash of all but rows and channels; of a measured entry its complement */
    float at[2];     /* log rows, log channels */
};

struct near_family {
    uint64_t family;
    int from, count; /* its points; count 0: the slot is free */
    bool mixed;      /* hashes are equal, but not all attributes */
    struct tree tree;
};

struct table_near {
    struct near_key *keys; /* keys[i] is of entry i */
    int *recent;           /* entries that are in no tree, or in that of the other source */
    struct forest forest;
    struct near_family *families; /* open addressing, linear probing */
    int count, room;              /* keys */
    int recent_count, recent_room;
    int point_count;  /* in trees */
    int family_slots; /* 0, or a power of two, at least twice the families */
};

/* sqrt(log(rows ratio)^2 + log(channels ratio)^2), infinite if operation, dtype or another attribute differs.
 */
double problem_distance(const struct problem *a, const struct problem *b);

void table_near_free(struct table_near *n);

/* Adds entry number `count`. False, and nothing is changed, if there is no memory. */
bool table_near_add(struct table_near *n, const struct problem *p, bool measured);
/* Says of entry i, which is of this problem, whether it is measured. False, and nothing is changed, if there
 * is no memory. */
bool table_near_mark(struct table_near *n, int i, const struct problem *p, bool measured);

/* Builds the trees of all entries if at least `recent` were added since; if there is no memory, it does
   nothing, and looking up goes on taking time in proportion to what was added. */
void table_near_build(struct table_near *n, const struct table_entry *entries, int recent);

/* Whether entry i may answer, whatever its distance: it has to be of the source that is looked for. */
typedef bool near_usable(const void *context, int i);

/* The usable entry of the problem's family at the least problem_distance(), the first of several; -1: there
   is none. */
int table_near_find(const struct table_near *n, const struct table_entry *entries, const struct problem *p,
                    bool measured, near_usable *usable, const void *context);

#endif
