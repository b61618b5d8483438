/* Tuning tables as a report: Markdown and a chart. */
#ifndef KATUNE_TABLE_REPORT_H
#define KATUNE_TABLE_REPORT_H

#include <stdio.h>

#include "table.h"

/* Every table's winners, why they won, and rational against spline; of several tables, then the times of what
   more than one has side by side. `chart` is where the picture lies, relative to the report; NULL: there is
   none. */
void table_report_markdown(FILE *to, const struct table *tables, int count, const char *chart);

/* A script for gnuplot: for every table a panel of the winners' bytes/s by size, a line an operation and
   dtype, and the copy's beside them. */
void table_report_chart(FILE *to, const struct table *tables, int count);

#endif
