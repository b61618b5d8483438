/* What `katune compare` and `katune gate` do once both sides are there. */
#ifndef KATUNE_COMPARE_END_H
#define KATUNE_COMPARE_END_H

#include "compare_args.h"
#include "compare_report.h"

/* Compares, prints, writes what was asked for. The exit code; 2 with err filled. */
int compare_conclude(const struct compare_args *args, const struct compare_labels *labels,
                     const struct timings *a, const struct timings *b, bool in_turns, struct error *err);

#endif
