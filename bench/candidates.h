/* What a selection offers to measure on one problem: checked variants at their points. */
#ifndef KATUNE_CANDIDATES_H
#define KATUNE_CANDIDATES_H

#include "measure.h"
#include "options.h"

struct candidates {
    struct contender *list; /* those that passed come first */
    int passed;
    int count; /* with those that failed */
    int skipped;
};

/* The default point, or every accepted point with --all-points or `threads` > 0: then only points that run
   with so many threads. Every candidate is checked on the problem itself. */
bool candidates_find(struct candidates *c, struct device *d, const struct options *o, const struct problem *p,
                     int threads, struct error *err);
void candidates_free(struct candidates *c);

#endif
