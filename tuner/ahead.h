/* Kernels compiled ahead: while the worker checks and times a candidate, processes of their own compile those
   that may follow into the cache of compiled kernels, where the worker finds them. They are as many as there
   are cores to spare, at least one.

   Nothing depends on them. What they did not get to, or crashed or hung on, the worker compiles itself, and
   it is there that a failure counts. What is tried, and in which order, is not theirs to change. */
#ifndef KATUNE_AHEAD_H
#define KATUNE_AHEAD_H

#include "device/device.h"
#include "table.h"

struct ahead;

struct ahead_options {
    const volatile int *stop; /* looked at while waiting; may be NULL */
    double patience;          /* seconds after which a compilation counts as hung; 0: 10 */
};

/* Forks, as a worker does, and under the same conditions. NULL where there is nothing to compile, or nowhere
   to keep it, or no memory: every function below takes that. */
struct ahead *ahead_open(const struct device_info *d, const struct ahead_options *o);
void ahead_close(struct ahead *a);

/* What may be wanted next, the likeliest first. It takes the place of what was planned before and not begun.
 */
void ahead_plan(struct ahead *a, const struct problem *p, const struct table_choice *list, int count);

/* To be called before the worker has to do with a candidate: takes it off the plan. If it is being compiled
   just now, waits for that, a second at most. */
void ahead_take(struct ahead *a, const struct problem *p, const struct table_choice *choice);
/* Seconds that it waited, all together. */
double ahead_waited(const struct ahead *a);

#endif
