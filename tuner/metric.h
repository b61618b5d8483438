/* Metrics: one name for one thing that a profiler counts, whichever profiler it is.

   Sets group what is asked for together: `memory`, `compute`, `occupancy`, `stalls`. */
#ifndef KATUNE_METRIC_H
#define KATUNE_METRIC_H

#include "../kernels/device/device.h"
#include "../kernels/error.h"

enum metric_set {
    METRICS_MEMORY = 1,
    METRICS_COMPUTE = 2,
    METRICS_OCCUPANCY = 4,
    METRICS_STALLS = 8,
    METRICS_ALL = 15,
};

enum { METRIC_NAMES_MAX = 2 };

struct metric {
    const char *name; /* "dram_bytes": also the name of a device's own counter (struct counter) */
    const char *unit; /* "bytes", "1", "s" */
    unsigned sets;
    /* Its names in CUPTI's Range Profiler, the first that a chip has is taken; and what their value is
       multiplied with. */
    const char *cupti[METRIC_NAMES_MAX];
    double cupti_scale;
    const char *about;
};

int metric_count(void);
const struct metric *metric_at(int i);
const struct metric *metric_find(const char *name);
/* Puts counters into the table's order, those that it has not last. */
void metrics_sort(struct counter *list, int count);
/* Keeps those of the table's that are of one of the sets, in its order. Returns how many. */
int metrics_select(struct counter *list, int count, unsigned sets);

/* "memory,occupancy" or "all". False and what sets there are if one is unknown. */
bool metric_sets_parse(const char *text, unsigned *sets, struct error *err);
/* A set's name: 0 memory, 1 compute, ...; NULL past the last. */
const char *metric_set_name(int i);

#endif
