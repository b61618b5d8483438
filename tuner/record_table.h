/* A tuning table as a recording, for other tuners' formats. */
#ifndef KATUNE_RECORD_TABLE_H
#define KATUNE_RECORD_TABLE_H

#include "record.h"
#include "table.h"

/* One row for each entry's winner and, where the entry says why it won, for its runner-up and its default.
   Parameters: every attribute of the problem, "op" and "dtype", then "variant", "source" and the variants'
   own parameters. False, and the record is empty: the table has no entries, or too many different parameters.
 */
bool record_of_table(struct record *r, const struct table *t, struct error *err);

#endif
