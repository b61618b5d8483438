/* The table of every option: its name, its help and how its value is taken. Only options.c looks at it. */
#ifndef KATUNE_OPTION_TABLE_H
#define KATUNE_OPTION_TABLE_H

#include <stddef.h>

#include "options.h"

struct option_row {
    enum option_bit bit;
    const char *name, *arg, *help; /* arg: what its value is called; NULL: it takes none */
    bool (*set)(struct options *o, const struct option_row *row, const char *arg, struct error *err);
    size_t place; /* in struct options, for options that are kept as they are given */
};

enum { OPTION_ROWS_MAX = 64 };

/* The row, or NULL behind the last; at most OPTION_ROWS_MAX. */
const struct option_row *option_row_at(int i);

#endif
