/* Two sets of timings, case by case: what changed, how that is known, and what could not be compared. */
#ifndef KATUNE_COMPARE_SETS_H
#define KATUNE_COMPARE_SETS_H

#include "timings.h"

/* How a case was judged. */
enum compare_method {
    BY_ROUNDS,   /* launches of both in turns: signed ranks */
    BY_LAUNCHES, /* LAUNCHES_MIN or more of each, not in turns: ranks, p adjusted over all cases */
    BY_INTERVAL, /* fewer: the intervals of the medians must lie apart by more than launches differ by chance
                  */
    BY_COUNTERS, /* exact counters of a virtual device: any difference counts */
};

enum case_state {
    CASE_COMPARED,
    CASE_FAILED,  /* has no time on one side or both: reason says why */
    CASE_MISSING, /* only a has it */
    CASE_ADDED,   /* only b has it */
};

struct compared {
    enum case_state state;
    enum change change; /* when compared */
    enum compare_method method;
    const struct timing *a, *b; /* NULL where a side lacks it */
    struct shift shift;         /* of ln(b / a) */
    double p;                   /* adjusted; 1 where there is none */
    double delta;               /* the least difference that counts, as a ratio */
    bool failed_anew;           /* a has a time, b has failed */
    char reason[256];           /* why not compared; which counters differ */
};

struct comparison {
    const struct timings *a, *b;
    struct compared *list;
    int count;
    int changes[4]; /* by enum change */
    int states[4];  /* by enum case_state */
};

struct compare_options {
    bool in_turns; /* launches 2i and 2i + 1 of both sides are round i */
    double delta;  /* the least difference that counts, as a ratio; the floor of the run may raise it */
};

/* What counts by default: half a percent. Where all there is is one launch, launches of one program may
   differ by so much: 5%. */
extern const double compare_delta, compare_delta_single;

/* False and the reason if they cannot be compared at all: a table with results, modeled times with measured
   ones. The sets must outlive the comparison. */
bool comparison_make(struct comparison *c, const struct timings *a, const struct timings *b,
                     const struct compare_options *o, struct error *err);
void comparison_free(struct comparison *c);

/* 1 if a case became slower or fails anew; else 3 if one is inconclusive, has failed or is missing, or none
   was compared; else 0. */
int comparison_exit(const struct comparison *c);

const char *compare_method_name(enum compare_method method);
/* "same", "slower", ..., "failed", "missing", "added". */
const char *compared_name(const struct compared *one);

#endif
