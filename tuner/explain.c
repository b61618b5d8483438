#include "explain.h"

#include "ceiling.h"
#include "table_why.h"

/* Of a device that counts by itself they came with the time. Else one is counted at a time, so that one that
   cannot be costs itself only. False if interrupted. */
static bool counters_take(const struct explain *x, struct contender *counted, struct evidence *e) {
    struct error ignored;
    enum worker_outcome outcome = WORKER_OK;
    if (!counted->counter_count) outcome = worker_count(x->worker, counted, x->limit, &ignored);
    if (outcome == WORKER_OK) e->counters = counted->counters, e->counter_count = counted->counter_count;
    return outcome != WORKER_STOPPED;
}

/* The ceilings of as many threads as the party has; those of a role before it where these are as many. */
static bool ceilings_find(const struct explain *x, const struct contender party[WHY_ROLES], int role,
                          struct ceilings ceilings[WHY_ROLES]) {
    const bool gpu = device_is_gpu(x->device);
    const int threads = point_threads(party[role].variant, &party[role].point, x->device);
    for (int i = 0; i < role; i++) {
        if (!party[i].variant ||
            (!gpu && point_threads(party[i].variant, &party[i].point, x->device) != threads))
            continue;
        ceilings[role] = ceilings[i];
        return true;
    }
    struct error ignored;
    return worker_ceilings(x->worker, &party[role].problem, threads, x->budget, &ceilings[role], x->limit,
                           &ignored) != WORKER_STOPPED;
}

bool explain(const struct explain *x, const struct contender party[WHY_ROLES], const struct ceilings *known,
             struct why **why) {
    struct ceilings ceilings[WHY_ROLES] = {*known};
    struct contender counted[WHY_ROLES];
    struct why found = {.sentence = ""};
    char sentence[WHY_SENTENCE_MAX];
    *why = NULL;
    for (int i = 0; i < WHY_ROLES; i++) {
        struct evidence *const e = &found.role[i];
        if (!party[i].variant) continue;
        *e = (struct evidence){
            .variant = party[i].variant, .point = party[i].point, .time_us = 1e6 * party[i].seconds.median};
        counted[i] = party[i];
        if (!counters_take(x, &counted[i], e) || (i && !ceilings_find(x, party, i, ceilings))) return false;
    }
    why_explain(&found, &party[WHY_WINNER].problem, x->device, ceilings, sentence);
    *why = table_why_copy(&found);
    return true;
}
