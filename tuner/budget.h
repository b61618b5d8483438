/* How the time for several problems is divided among them. */
#ifndef KATUNE_BUDGET_H
#define KATUNE_BUDGET_H

#include "device/device.h"
#include "problem.h"

/* The first problem's part, 0..1, of the time that is left for `count` of them: as much for each on a real
   device; on a virtual one, which executes element by element, more for those with more to do. */
double budget_share(const struct problem *list, int count, const struct device_info *d);

/* Puts first what gets the largest part: what it takes beyond that is then the others', and the last ones,
   which take the least, cannot run over by much. Equal ones stay in their order. */
void budget_order(struct problem *list, int count, const struct device_info *d);

#endif
