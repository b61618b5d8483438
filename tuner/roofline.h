/* The roofline: how a time compares with what the machine's ceilings, measured in the same run, allow. */
#ifndef KATUNE_ROOFLINE_H
#define KATUNE_ROOFLINE_H

#include "problem.h"

/* Of a given number of threads. All 0: not measured. */
struct ceilings {
    double bandwidth; /* bytes/s of a copy, read and write both counted; of a virtual GPU's memory */
    double flops;     /* FLOP/s of fused multiply-adds in float32; one is two FLOPs */
    double launch;    /* seconds of a call that has next to nothing to do */
};

struct roofline {
    const char *bound; /* "memory" or "compute": which ceiling is the lower for this problem; "": unknown */
    double fraction;   /* of that ceiling, attained; 1 is the ceiling */
};

struct roofline roofline_of(const struct problem *p, const struct ceilings *c, double seconds);

#endif
