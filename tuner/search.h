/* Finds the best variant and point for a problem. */
#ifndef KATUNE_SEARCH_H
#define KATUNE_SEARCH_H

#include "ahead.h"
#include "journal.h"
#include "prior.h"
#include "record.h"
#include "strategy.h"
#include "table.h"
#include "worker.h"

enum { SEARCH_EXHAUSTIVE_MAX = 200 };

struct search {
    struct worker *worker;
    struct ahead *ahead;        /* NULL: nothing is compiled ahead */
    const struct problem *next; /* that will be searched after this one, whose first candidates may be
                                   compiled ahead; NULL: none */
    struct journal *journal;
    const struct table *known; /* what won other problems on this device: the nearest one's choice is tried
                                  after the default; NULL: nothing */
    const struct device_info *device;
    uint64_t seed;
    double limit; /* seconds the check of a candidate may take; 0: 30 */
    /* Whether a variant and point take part; NULL: all. */
    point_filter *takes_part;
    void *context;
    const struct strategy *strategy; /* NULL: the default, with a prior model-first */
    int64_t
        evaluations; /* candidates at most; 0: SEARCH_EXHAUSTIVE_MAX or a tenth of the space, the larger */
    struct prior *prior;   /* NULL: nothing is known beforehand */
    struct record *record; /* NULL, or to be filled with every candidate tried; the caller frees it */
};

/* Candidates that a search tries at most in a space of so many points; asked: struct search's evaluations. */
int64_t search_evaluations(int64_t asked, int64_t points);
/* Candidates that there are, or that may be tried if there are more. */
int64_t effort_most(const struct effort *e);
/* Whether one that is done went as far as that. */
bool search_is_through(const struct effort *done, int64_t asked);

struct search_report {
    struct effort effort; /* points are those that the device accepts and the selection takes in */
    int tried;    /* of them; fewer where there are more than the budget or SEARCH_EXHAUSTIVE_MAX allow */
    int failed;   /* crashed, hung or wrong, now or in the journal */
    bool cut;     /* its time was over before as many were tried as there are or as it might try */
    bool stopped; /* interrupted: the entry is not filled */
};

/* Fills the entry. The strategy searches the problem's space, the default, the nearest known choice and the
   other variants' default points first: a candidate is checked, and timed if its answer is right, until all
   were tried, or as many as asked for, or 55% of the budget (seconds) are spent, 97% where times are modeled;
   the default and one candidate more whatever it costs. So a space of up to SEARCH_EXHAUSTIVE_MAX points is
   tried whole where there is time. The 16 fastest are timed again in turns, then those within 3% of the best,
   the default with them, unless times are modeled; of those within 1% a fixed rule takes one, the others are
   recorded as ties. What the journal knows of an interrupted run answers the strategy in place of measuring.
   False and the reason if nothing could be measured. entry->why is the caller's to free. */
bool search_problem(const struct search *s, const struct problem *p, double budget, struct table_entry *entry,
                    struct search_report *report, struct error *err);

/* The fixed rule between equals: a variant's default before other points, fewer threads before more, then the
   order of the registry and of the points. Negative if a goes before b. */
int search_prefer(const struct device_info *d, const struct problem *p, const struct table_choice *a,
                  const struct table_choice *b);

#endif
