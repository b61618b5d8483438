/* Search strategies: which configurations of a space to try, in which order. They know no device: trials are
   run by a function of the caller's, on a device, in a simulator or from a recording. */
#ifndef KATUNE_STRATEGY_H
#define KATUNE_STRATEGY_H

#include "random.h"
#include "space.h"

/* What may bound a kernel. */
enum resource { RESOURCE_MEMORY, RESOURCE_CACHE, RESOURCE_COMPUTE, RESOURCE_ISSUE, RESOURCE_LATENCY };
enum { RESOURCE_COUNT = 5 };
const char *resource_name(enum resource r); /* "memory", "cache", "compute", "issue", "latency" */

struct trial {
    int64_t index;  /* in the space */
    double seconds; /* INFINITY: it failed, or is not worth knowing */
    /* Share of each resource's peak that it used, 0 .. 1, by counters; NAN: unknown. */
    double pressure[RESOURCE_COUNT];
};

struct trial trial_of(int64_t index); /* nothing known yet */

struct explore_options {
    uint64_t seed;       /* a seed and equal answers repeat a search exactly */
    int64_t evaluations; /* at most so many trials */
    int batch;           /* how many at once a strategy should ask for, where it can; 1: one by one */
    /* Fills the answers of trials that were never asked for before. False: stop, there is no more time. */
    bool (*run)(void *context, struct trial *trials, int count);
    /* Told what may be asked for soon, the likeliest first: for preparing it. NULL: nobody listens. */
    void (*expect)(void *context, const int64_t *index, int count);
    void *context;
    /* A guess of the seconds before anything is measured; NULL: there is none. */
    double (*prior)(void *context, int64_t index);
    void *prior_context;
    const int64_t *starts; /* to be tried first */
    int start_count;
};

/* A search as a strategy sees it. */
struct explorer {
    const struct space *space;
    const struct explore_options *o;
    int64_t size;         /* of the space */
    struct trial *trials; /* so far, in order */
    int64_t count, room;
    int64_t best; /* of them; -1: none succeeded yet */
    uint64_t random;
    bool over;
    int64_t *slots; /* hash table from index to place in trials */
    uint64_t slot_mask;
};

/* The seconds of a configuration: tried if it is new. INFINITY if it failed, or if the search is over. */
double explorer_try(struct explorer *e, int64_t index);
/* The same of several at once. */
void explorer_try_all(struct explorer *e, const int64_t *index, int count);
/* Tells what may be tried soon, if it was not tried yet: the likeliest first. Changes nothing else. */
void explorer_expect(const struct explorer *e, const int64_t *index, int count);
/* Known already? Its trial, or NULL. */
const struct trial *explorer_find(const struct explorer *e, int64_t index);
/* A random configuration that was not tried yet; -1 if every one was. */
int64_t explorer_new(struct explorer *e);

struct strategy {
    const char *name, *about;
    bool needs_prior;
    bool blind; /* does not look at answers: may ask for any number at once */
    /* Returns when e->over, or when it has no idea left: then the rest of the budget goes to random trials.
     */
    void (*run)(struct explorer *e);
};

const struct strategy *strategy_at(int i); /* NULL beyond the last */
const struct strategy *strategy_find(const char *name);
extern const char strategy_default[];

/* Runs a search to its end: trials (owned by the caller) in the order they were made. False if there is no
   memory. */
bool strategy_run(const struct strategy *s, const struct space *space, const struct explore_options *o,
                  struct trial **trials, int64_t *count, struct error *err);

/* The strategies, each in a file of its own. */
void search_exhaustive(struct explorer *e);
void search_random(struct explorer *e);
void search_local(struct explorer *e);
void search_anneal(struct explorer *e);
void search_evolve(struct explorer *e);
void search_bayes(struct explorer *e);
void search_guided(struct explorer *e);
void search_model(struct explorer *e);

#endif
