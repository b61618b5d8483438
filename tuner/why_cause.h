/* Resources and causes: the figures from which why_explain() makes its sentence. */
#ifndef KATUNE_WHY_CAUSE_H
#define KATUNE_WHY_CAUSE_H

#include "why.h"

enum why_resource {
    RES_MEMORY,
    RES_ISSUE,
    RES_FMA,
    RES_HALF,
    RES_ALU,
    RES_SFU,
    RES_LSU,
    RES_TENSOR,
    RES_SHARED,
    RES_ATOMICS,
    RES_LAUNCH, /* of kernels, and what passes outside them */
    RES_COUNT
};

/* "memory", "issue", ...: struct evidence's bound. */
const char *why_resource_name(enum why_resource r);

/* Seconds that what was counted takes of each resource of a GPU whose memory moves `bandwidth` bytes/s, at
   its ceiling; 0: none, or not counted, or not known of the device. */
void work_seconds(const struct counter *counters, int count, const struct device_info *d, double bandwidth,
                  double seconds[RES_COUNT]);

/* A candidate's evidence, worked up. */
struct demand {
    const struct evidence *e;
    double
        seconds[RES_COUNT]; /* that its work takes of each resource at its ceiling; 0: none, or not known */
    double time;            /* seconds */
    bool counted;           /* instructions were: what is busy is known */
    int bound;              /* enum why_resource; -1: none */
    int busiest;            /* enum why_resource, launches left aside */
    int threads;
};

struct demand demand_of(const struct evidence *e, const struct problem *p, const struct device_info *d,
                        const struct ceilings *c);

enum cause_kind {
    DUE_NONE,
    DUE_RESOURCE,    /* takes more of what bounds it, or more launches */
    DUE_THREADS,     /* runs with other threads, and what bounds it is theirs */
    DUE_IDLE,        /* fewer blocks than multiprocessors */
    DUE_IMBALANCE,   /* blocks do not divide evenly among multiprocessors */
    DUE_RESIDENT,    /* fewer warps resident, and nothing is at its ceiling */
    DUE_SERIAL,      /* more instructions for each resident warp, and nothing is at its ceiling */
    DUE_STALL,       /* warps wait longer for something */
    DUE_INSTRUCTIONS /* executes more, on a CPU */
};

/* What makes `other` slower than the winner. of, against: the figure that differs, of each; of launches,
   microseconds; of stalls, cycles of all warps together. */
struct cause {
    enum cause_kind kind;
    enum why_resource resource;
    double of, against;
    const char *stall; /* what warps wait for; DUE_STALL only */
};

struct cause cause_find(const struct demand *winner, const struct demand *other, const struct device_info *d);

/* Whether the resource that bounds it is busy for most of the time, so that nothing else can be the bound. */
bool demand_saturated(const struct demand *d);

/* The counter's value; 0 if it was not counted. */
double evidence_counter(const struct evidence *e, const char *name);

#endif
