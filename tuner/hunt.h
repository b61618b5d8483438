/* A problem while it is searched: candidates are checked, timed and journalled, each once, as a strategy asks
   for them; the fastest are then timed again against each other. */
#ifndef KATUNE_HUNT_H
#define KATUNE_HUNT_H

#include "problem_space.h"
#include "record.h"
#include "search.h"

#include <time.h>

/* A candidate that was tried. */
struct attempt {
    struct contender c; /* with its last time, if it has one */
    int64_t index;      /* in the space */
    enum record_status status;
    double pressure[RESOURCE_COUNT];
    double verify, benchmark; /* seconds that took */
    time_t when;
};

struct hunt {
    const struct search *s;
    const struct problem *p;
    struct search_report *report;
    struct error *err;
    struct error last_failure; /* of a candidate */
    struct problem_space *space;
    struct attempt *tried;
    int tried_count, room;
    struct contender *list; /* those still in, once the search is over */
    int count;
    struct contender fallback; /* what would run without a table */
    double limit;              /* seconds a check may take */
    double each;               /* seconds to time a candidate for */
    double begin, end;         /* of the trials, by the monotonic clock */
    int round;                 /* of timing, counted for the journal: round 0 are the trials */
    bool broken;               /* *err says why */
};

/* A strategy's trial function; the context is the hunt. False when the time is over, when it was interrupted,
   and when the journal cannot be written. */
bool hunt_trials(void *context, struct trial *trials, int count);

/* What a strategy may ask for soon is compiled ahead; the context is the hunt. */
void hunt_expect(void *context, const int64_t *index, int count);

/* Times the contenders against each other: one more round. Those that fail leave the list. */
bool hunt_race(struct hunt *h, struct contender *list, int *count, double budget, bool race,
               struct error *err);

/* Everything that was tried, as a recording. False if there is nothing, or no memory. */
bool hunt_record(const struct hunt *h, struct record *r, struct error *err);

#endif
