#include "roofline.h"

#include "op.h"

struct roofline roofline_of(const struct problem *p, const struct ceilings *c, double seconds) {
    if (!(c->bandwidth > 0)) return (struct roofline){"", 0};
    const double memory = problem_bytes(p) / c->bandwidth, compute = problem_flops(p) / c->flops;
    return (struct roofline){memory >= compute ? "memory" : "compute",
                             (memory >= compute ? memory : compute) / seconds};
}
