#include "budget.h"

#include "op.h"

/* What a candidate takes, the part of it that does not depend on the problem's size as 1. */
static double weight_of(const struct problem *p, const struct device_info *d) {
    const double flops = 1 << 28; /* that a virtual GPU executes while a kernel is compiled, more or less */
    return d->modeled ? 1 + problem_flops(p) / flops : 1;
}

double budget_share(const struct problem *list, int count, const struct device_info *d) {
    double all = 0;
    for (int i = 0; i < count; i++) all += weight_of(&list[i], d);
    return weight_of(&list[0], d) / all;
}

void budget_order(struct problem *list, int count, const struct device_info *d) {
    for (int i = 1; i < count; i++) {
        const struct problem p = list[i];
        int at = i;
        for (; at > 0 && weight_of(&list[at - 1], d) < weight_of(&p, d); at--) list[at] = list[at - 1];
        list[at] = p;
    }
}
