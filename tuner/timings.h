/* What files of results and tuning tables say about time, as comparisons need it: cases told by their text,
   so that what another build measured can be read by one that no longer has the variant. */
#ifndef KATUNE_TIMINGS_H
#define KATUNE_TIMINGS_H

#include <cjson/cJSON.h>

#include "compare.h"
#include "device/device.h"
#include "error.h"

/* One case: a problem, and in results also what ran it. Times in microseconds. */
struct timing {
    char problem[320]; /* "rational_fwd f32 rows=4096 channels=3072 ..." */
    char what[288];    /* variant and point */
    char setting[48];  /* "normal cold"; "" in tables */
    char failure[240]; /* why there is no time; "" when there is */
    double median, lo, hi;
    double launches[LAUNCHES_MAX]; /* medians, in the order of time */
    int launch_count;              /* 1: the median itself */
    bool throttled;                /* the device was held back in any launch */
    unsigned throttle;             /* by what: set of enum throttle */
    struct counter counters[COUNTERS_MAX];
    int counter_count;
};

enum timings_kind { TIMINGS_RESULTS, TIMINGS_TABLE };

struct timings {
    enum timings_kind kind;
    char device[96], fingerprint[96], katune[32], sources_hash[32], date[32];
    bool modeled; /* times come from a model, counters are exact */
    struct timing *list;
    int count, room;
};

/* Reads katune-results/1 of `katune bench` or katune-table/1. What is needed must be there and make sense;
   the error names the file and the path inside it. Empty on failure. */
bool timings_read(struct timings *t, const char *path, struct error *err);
/* The same from a document. */
bool timings_parse(struct timings *t, const cJSON *document, struct error *err);
void timings_free(struct timings *t);

/* The case that is the same problem, run in the same setting, in results by the same variant and point; NULL
   if there is none. In tables the winner may differ. */
struct timing *timings_find(const struct timings *t, const struct timing *like);

/* Adds one more launch of the same program, `number` counted from 1: every case gets its median. A case that
   failed in one launch, or is not in all of them, has failed. False if there is no memory. */
bool timings_add_launch(struct timings *all, const struct timings *launch, int number);

#endif
