/* Tables for people. */
#ifndef KATUNE_SUMMARY_H
#define KATUNE_SUMMARY_H

#include "table.h"

/* One line an entry: problem, winner, time, share of the ceiling, gain over the default, and a line of why it
   won if asked; then rational against spline for every shape that has both. */
void summary_print(const struct table *t, bool why);

/* The spline of the same direction, dtype and shape as an entry of a rational; NULL: it is no rational, or
   there is none. */
const struct table_entry *summary_spline(const struct table *t, const struct table_entry *rational);

/* The attributes that are not the default ones, as " form=B m=3". */
void summary_attrs(const struct problem *p, char *text, size_t size);

#endif
