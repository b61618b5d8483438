/* Why a candidate won: what was counted of it, of the runner-up and of the default, which resource bounds
   each, and one sentence that follows from those figures. Nothing here runs or measures anything. */
#ifndef KATUNE_WHY_H
#define KATUNE_WHY_H

#include "device/device.h"
#include "registry.h"
#include "roofline.h"

/* Of one candidate. */
struct evidence {
    const struct variant *variant; /* NULL: there is no such candidate */
    struct point point;
    double time_us;
    char bound[16]; /* the resource nearest to its ceiling, "latency" if none is near it, "" if not known */
    double busy;    /* the share of the time that this resource needs at its ceiling */
    const struct counter *counters; /* of one call; none where the device and its profilers are mute */
    int counter_count;
};

enum why_role {
    WHY_WINNER,
    WHY_RUNNER_UP, /* the fastest candidate of another variant */
    WHY_DEFAULT,   /* what would have run without a table, if that is not the winner */
    WHY_ROLES
};

enum { WHY_SENTENCE_MAX = 768 };

/* Counters and the sentence are somebody else's, as many and as long as they are: a table holds thousands. */
struct why {
    struct evidence role[WHY_ROLES];
    const char *sentence;
};

/* Fills bound and busy of each and writes the sentence, from variants, times and counters and the ceilings
   that each candidate had (on a CPU they depend on its threads).

   A resource's share is the time that the candidate's work takes of it at its ceiling, over the candidate's
   time. The bound is the largest; if it and the launches together explain less than half of the time, the
   bound is "latency", or "" where instructions were not counted. What sets another candidate apart from the
   winner is named only if it accounts for at least half of the difference between their times; if nothing
   does, the sentence says that. */
void why_explain(struct why *w, const struct problem *p, const struct device_info *d,
                 const struct ceilings ceilings[WHY_ROLES], char sentence[WHY_SENTENCE_MAX]);

#endif
