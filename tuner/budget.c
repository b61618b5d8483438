#include "budget.h"

/* What a candidate takes, the part of it that does not depend on the problem's size as 1. */
static double weight_of(const struct problem *p, const struct device_info *d) {
    const double elements =
        1 << 20; /* that a virtual GPU executes while a kernel is compiled, more or less */
    return d->modeled ? 1 + (double)problem_elements(p) / elements : 1;
}

double budget_share(const struct problem *list, int count, const struct device_info *d) {
    double all = 0;
    for (int i = 0; i < count; i++) all += weight_of(&list[i], d);
    return weight_of(&list[0], d) / all;
}
