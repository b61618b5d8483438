/* What is taken for a candidate's time before it is measured: the time in a recording, or a virtual GPU's
   modeled time. A prior is looked at through the configurations of a space that is searched. */
#ifndef KATUNE_PRIOR_H
#define KATUNE_PRIOR_H

#include "problem_space.h"

struct prior;

/* `what` is a recording's file, or "vgpu:NAME", which is opened in a process of its own: see worker.h. NULL
   and the reason if it cannot be read, holds no time, or is no device. *stop (or NULL) is looked at while a
   device models. */
struct prior *prior_open(const char *what, const volatile int *stop, struct error *err);
void prior_close(struct prior *p);

/* Through a space: by a recording's times of the configurations that have the same values. False if it knows
   none of the space's. */
bool prior_bind(struct prior *p, const struct space *s, struct error *err);
/* The same of a problem's space; a virtual GPU models each of its candidates, until *stop is true or `budget`
   seconds are spent. */
bool prior_bind_problem(struct prior *p, const struct problem_space *s, const struct problem *problem,
                        double budget, struct error *err);

/* The guess for a configuration of the space; of one that is not known, the worst of all. `prior` is the
   prior: strategies call this. */
double prior_seconds(void *prior, int64_t index);

#endif
