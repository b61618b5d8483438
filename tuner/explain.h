/* Gathers the evidence of why a candidate won, in the worker process: counters of one call of each, ceilings
   for the threads of each. */
#ifndef KATUNE_EXPLAIN_H
#define KATUNE_EXPLAIN_H

#include "why.h"
#include "worker.h"

struct explain {
    struct worker *worker;
    const struct device_info *device;
    double budget, limit; /* seconds for a ceiling that is not known yet; for an answer of the worker */
};

/* party: checked and timed on one problem; without a variant where there is none. ceilings: the winner's, all
   0 if not known. A candidate that cannot be counted is judged by the problem's bytes and FLOPs. *why is
   the caller's to free, NULL without memory for it. False if it was interrupted. */
bool explain(const struct explain *x, const struct contender party[WHY_ROLES],
             const struct ceilings *ceilings, struct why **why);

#endif
