/* Seeded initial values. */
#ifndef KATUNE_KAT_INIT_H
#define KATUNE_KAT_INIT_H

#include "params.h"

/* Normal, redrawn beyond two standard deviations. */
void init_normal(const struct weights *w, double std, uint64_t *state);
void init_constant(const struct weights *w, float value);
/* Evenly distributed over 0 .. n - 1. */
uint64_t random_below(uint64_t *state, uint64_t n);

#endif
