/* What a tuning table of so many entries costs: time to load it and to look up in it. */
#ifndef KATUNE_TABLE_FIGURES_H
#define KATUNE_TABLE_FIGURES_H

#include <stdbool.h>

struct table_figures {
    double load_ms;  /* table_read, the file being in the page cache */
    double bytes;    /* of the file */
    double exact_ns; /* select_variant on problems of the table */
    double near_ns;  /* select_variant on problems that are not in it */
};

/* Each the least of several trials. `explained`: entries say why they won, with counters. */
struct table_figures table_figures(int entries, bool explained);

#endif
