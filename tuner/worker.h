/* Candidates run in a process of their own: one that crashes, hangs or never ends costs itself and nothing
   else.

   The worker is forked, so whoever opens one must not have entered an OpenMP region before, nor opened a GPU:
   neither a team nor CUDA survives that. worker_describe() tells about the device instead. A worker whose
   device a failure spoilt is replaced by another. It holds the device, the measuring buffers and the oracle
   of the last problem from request to request. */
#ifndef KATUNE_WORKER_H
#define KATUNE_WORKER_H

#include "gradient_error.h"
#include "measure.h"
#include "roofline.h"

enum worker_outcome {
    WORKER_OK,
    WORKER_REFUSED, /* the request could not be carried out; err says why */
    WORKER_CRASHED, /* the worker ended; err says how. The next request starts another */
    WORKER_HUNG,    /* it did not answer in time and was killed */
    WORKER_MEMORY,  /* it grew beyond the limit and was killed */
    WORKER_STOPPED, /* *stop became true while it worked */
};

struct worker;

struct worker_options {
    const char *device;
    struct measure_options measure;
    const volatile int *stop; /* looked at while waiting; may be NULL */
    size_t memory;            /* bytes it may have in memory; 0: 80% of the machine's */
    bool unbound;             /* its threads are not bound to cores: for who times nothing */
};

/* What became of one of several contenders. */
struct worker_result {
    enum worker_outcome outcome;
    struct error err;
};

/* Where the time went that was waited for answers, seconds. */
struct worker_times {
    double waited;    /* all of it */
    double running;   /* of it: kernels ran and were timed, ceilings too, or did not end */
    double checking;  /* inputs, the oracle, comparing with it */
    double preparing; /* buffers and kernels that are about to be timed */
};                    /* The rest: a worker started, messages were passed. */

struct worker *worker_open(const struct worker_options *o, struct error *err);
void worker_close(struct worker *w);
struct worker_times worker_times(const struct worker *w);

/* What the worker's device is. */
enum worker_outcome worker_describe(struct worker *w, struct device_info *info, struct error *err);
/* Checks one candidate on its own problem; fills verdict. As asked; or quickly, with the distribution that is
   measured with, and on a virtual GPU on the problem's first rows only. There the second one also fills what
   worker_measure() does, where these rows are all: a model needs no run of its own for it. */
enum worker_outcome worker_check_as(struct worker *w, struct contender *c, struct distribution distribution,
                                    enum check_depth depth, double limit, struct error *err);
enum worker_outcome worker_check(struct worker *w, struct contender *c, double limit, struct error *err);
/* Times checked contenders of one problem as measure() does. */
enum worker_outcome worker_measure(struct worker *w, struct contender *list, int count, double budget,
                                   bool race, double limit, struct error *err);
/* The same; where that fails, each contender alone, so that one which the worker dies of costs itself only.
   Fills a result for each. */
void worker_measure_each(struct worker *w, struct contender *list, int count, double budget, bool race,
                         double limit, struct worker_result *results);
/* Why counters that were asked for are not there, as one line; "" if they all are. */
const char *worker_counters_absent(const struct worker *w);
/* Fills the counters of one call of a checked contender, of every set that the device and its profilers have;
   none if they have none. Its times are not to be used. */
enum worker_outcome worker_count(struct worker *w, struct contender *c, double limit, struct error *err);
/* The version of CUPTI, "" if it has counted nothing yet. */
const char *worker_cupti(const struct worker *w);
/* gradient_errors() of at most WORKER_GRADIENTS_MAX checked contenders, with the seed that is measured with.
 */
enum { WORKER_GRADIENTS_MAX = 2 };
enum worker_outcome worker_gradients(struct worker *w, const struct problem *p, struct contender *list,
                                     int count, struct gradient_error *errors, double limit,
                                     struct error *err);
enum worker_outcome worker_ceilings(struct worker *w, const struct problem *p, int threads, double budget,
                                    struct ceilings *ceilings, double limit, struct error *err);

#endif
