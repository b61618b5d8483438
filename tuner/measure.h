/* Timing. Caches are cold unless asked otherwise: calls rotate through sets of buffers that together span
   more than twice the last-level cache. */
#ifndef KATUNE_MEASURE_H
#define KATUNE_MEASURE_H

#include "case.h"
#include "device/device.h"
#include "inputs.h"
#include "metric.h"
#include "sample.h"

struct measure_options {
    bool warm; /* one set of buffers, as small as the problem */
    uint64_t seed;
    struct distribution distribution; /* of x */
    double width;                     /* stop at this half-width over the median; 0: 0.005 */
    unsigned counters; /* set of enum metric_set to count once times are taken; 0: only what the device
                          counts by itself */
};

/* Something to time: a variant at a point, on a problem, with the verdict of its check. */
struct contender {
    const struct variant *variant;
    struct point point;
    struct problem problem;
    struct verdict verdict; /* by case_check(): measuring refuses what did not pass */
    /* filled by measure() */
    struct summary seconds; /* per call */
    double total;           /* seconds spent on it */
    double clock_ghz;       /* the median of the device's clock after each sample; 0: unknown */
    int batch;              /* calls a sample is made of */
    bool settled;           /* the interval became as narrow as asked */
    bool beaten;            /* dropped: its interval lies beyond the best one's (only with `race`) */
    bool throttled;    /* more than 20% of the samples ran at a clock below 90% of the median, or held back */
    unsigned throttle; /* what held the clock back beside any sample: set of enum throttle */
    struct counter counters[COUNTERS_MAX]; /* of one call */
    int counter_count;
};

struct meter;

struct meter *meter_open(struct device *d, const struct measure_options *options, struct error *err);
void meter_close(struct meter *m);
struct device *meter_device(const struct meter *m);
/* Why counters that were asked for are not there, as one line; "" if they all are. */
const char *meter_counters_absent(const struct meter *m);

/* Seconds that went into warming up, sampling and counting, over all measurements. */
double meter_timed(const struct meter *m);

/* Times the contenders in turn, sample by sample, in an order that changes from round to round, until all
   have settled or `budget` seconds are spent (at least 5 samples each whatever it costs). The contenders
   share a dtype; x is distributed as the first one that is no copy wants it. `race`: contenders of one
   problem, of which only the best matter. Who has settled takes no more time; one whose interval's low end
   exceeds the best one's high end x 1.05 is dropped, and so is, after its first sample, one that took three
   times as long as the best. False and the reason if one was not checked or cannot be prepared. */
bool measure(struct meter *m, struct contender *contenders, int count, double budget, bool race,
             struct error *err);

/* Fills the counters of a contender with every set that there is, and CUPTI's version if it counted. Its
   times are not to be used. */
bool meter_count(struct meter *m, struct contender *c, char cupti[16], struct error *err);

#endif
