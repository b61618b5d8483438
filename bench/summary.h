/* Tables for people. */
#ifndef KATUNE_SUMMARY_H
#define KATUNE_SUMMARY_H

#include "table.h"

/* One line an entry: problem, winner, time, share of the ceiling, gain over the default, and a line of why it
   won if asked; then rational against spline for every shape that has both. */
void summary_print(const struct table *t, bool why);

#endif
