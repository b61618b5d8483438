/* Finds the best variant and point for a problem. */
#ifndef KATUNE_SEARCH_H
#define KATUNE_SEARCH_H

#include "journal.h"
#include "table.h"
#include "worker.h"

enum { SEARCH_EXHAUSTIVE_MAX = 200 };

struct search {
    struct worker *worker;
    struct journal *journal;
    const struct device_info *device;
    uint64_t seed;
    double limit; /* seconds the check of a candidate may take; 0: 30 */
    /* Whether a variant and point take part; NULL: all. */
    bool (*takes_part)(const struct variant *v, const struct point *pt, void *context);
    void *context;
};

struct search_report {
    int points;     /* that the device accepts and the selection takes in */
    int tried;      /* of them; fewer where there are more than the budget or SEARCH_EXHAUSTIVE_MAX allow */
    int failed;     /* crashed, hung or wrong, now or in the journal */
    bool stopped;   /* interrupted: the entry is not filled */
    bool throttled; /* the entry's time is of a device that was held back */
    unsigned throttle; /* by what: set of enum throttle */
};

/* Fills the entry: every point is checked, and timed if its answer is right. All points when they are few and
   the budget (seconds) allows it; else every variant's default point and a random choice of the others, of
   which the slower half is dropped again and again (successive halving). Those within 3% of the best are
   timed again in turns, with the default; of those within 1% a fixed rule takes one, the others are recorded
   as ties. entry->why is the caller's to free. False and the reason if nothing could be measured. */
bool search_problem(const struct search *s, const struct problem *p, double budget, struct table_entry *entry,
                    struct search_report *report, struct error *err);

/* The fixed rule between equals: a variant's default before other points, fewer threads before more, then the
   order of the registry and of the points. Negative if a goes before b. */
int search_prefer(const struct device_info *d, const struct problem *p, const struct table_choice *a,
                  const struct table_choice *b);

#endif
