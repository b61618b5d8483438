/* The members `why` and `counters` of a table's entry: docs/table.md. */
#ifndef KATUNE_TABLE_WHY_H
#define KATUNE_TABLE_WHY_H

#include <cjson/cJSON.h>

#include "table.h"

/* Adds them to the entry's object, if it has evidence. */
void table_why_add(cJSON *entry, const struct table_entry *e);

/* A copy for free(), in one block with what it points to. NULL if there is no memory. */
struct why *table_why_copy(const struct why *w);

/* Reads them into e->why, which the caller frees; tables without them are valid. e's problem, choice and time
   must have been read. */
bool table_why_read(const cJSON *entry, struct table_entry *e, struct error *err);

#endif
