/* What a selection offers to measure on one problem: checked variants at their points. */
#ifndef KATUNE_CANDIDATES_H
#define KATUNE_CANDIDATES_H

#include "options.h"
#include "worker.h"

/* A variant of the device's kind that does not run the problem, and why. */
struct skip {
    const struct variant *variant;
    const char *reason;
};

struct candidates {
    struct contender *list; /* those that passed come first */
    int passed;
    int count; /* with those that failed */
    struct skip *skips;
    int skipped;
};

/* Checks a candidate on its problem and fills its verdict. False and the reason if the problem cannot be
   checked at all, as for want of memory. */
typedef bool candidate_check(void *context, struct contender *c, struct error *err);

/* The default point, or every accepted point with --all-points or `threads` > 0: then only points that run
   with so many threads. Every candidate is checked. */
bool candidates_find(struct candidates *c, const struct device_info *info, const struct options *o,
                     const struct problem *p, int threads, candidate_check *check, void *context,
                     struct error *err);
void candidates_free(struct candidates *c);

/* A candidate_check() in a worker process, within a limit of seconds: one that the worker dies of, or that
   does not come to an end, has failed. */
bool candidate_judge(struct worker *w, struct contender *c, struct distribution distribution,
                     enum check_depth depth, double limit, struct error *err);

/* Seconds that a check may take: --time-limit, or so many that only what hangs exceeds them. */
double candidate_limit(const struct options *o, const struct device_info *info, const struct problem *p);

/* The worker of a command that runs candidates, and what its device is. NULL and the reason if the device
   cannot be used. */
struct worker *candidates_worker(const struct options *o, bool unbound, struct device_info *info,
                                 struct error *err);

#endif
