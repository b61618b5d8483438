/* Tuning tables of one device made into one. */
#ifndef KATUNE_MERGE_H
#define KATUNE_MERGE_H

#include "table.h"

/* Two tables that do not agree on a problem. */
struct merge_conflict {
    const struct table_entry *kept, *dropped;
    int kept_from, dropped_from; /* numbers of tables */
};

/* Merges tables into `into`, which is uninitialised. Of a problem that several have, a measured entry goes
   before a modeled one, then the entry of the table with the later date, then that of the earlier table in
   the list. Device and environment are those of the table with the latest date. `report` is called for every
   pair whose variants or points differ. False, and the reason: there is no table, two are of different
   devices (by their fingerprints), or there is no memory; `into` is empty then. */
bool tables_merge(struct table *into, const struct table *tables, int count,
                  void (*report)(void *context, const struct merge_conflict *c), void *context,
                  struct error *err);

#endif
