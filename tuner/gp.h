/* A Gaussian process on the configurations of a space, and its view of a pool of candidates, kept up to date
   from observation to observation.

   Matern 5/2 covariance over a weighted distance: for an ordered parameter the difference of places, for
   another 0 or 1, each over a length scale of its own. Values are standardised; their mean is estimated. */
#ifndef KATUNE_GP_H
#define KATUNE_GP_H

#include "space.h"

enum { GP_OBSERVATIONS_MAX = 512 };

struct gp;

/* Room for `pool` candidates. NULL if there is no memory. */
struct gp *gp_new(const struct space *s, int pool);
void gp_free(struct gp *g);

/* Forgets the observations, finds length scales and noise for these (by likelihood, on at most 96 of them),
   and takes them in. The scales found before are where the search for the next begins. */
void gp_fit(struct gp *g, const struct config *x, const double *y, int count);
/* One more observation, of a value on the scale of those that were fitted. Ignored beyond
   GP_OBSERVATIONS_MAX. */
void gp_observe(struct gp *g, const struct config *x, double y);
int gp_observations(const struct gp *g);

/* Puts a configuration at a place of the pool, 0 .. the number of places in use. */
void gp_pool_set(struct gp *g, int place, const struct config *x);
/* The prediction for it: mean and standard deviation. */
void gp_predict(const struct gp *g, int place, double *mean, double *deviation);

#endif
