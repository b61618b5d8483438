/* Profilers behind one interface: what is counted while a prepared kernel runs, under the names of metric.h.

   The CPU's is perf_event, a GPU's CUPTI; a device that counts for itself (the virtual GPU) is asked.
   Counting is never on while times are taken, and a device that refuses it is still timed. */
#ifndef KATUNE_PROFILER_H
#define KATUNE_PROFILER_H

#include "../kernels/device/device.h"
#include "../kernels/error.h"
#include "metric.h"

struct profiler;

/* NULL and one line of what is missing and what to do about it. */
struct profiler *profiler_open(struct device *d, unsigned sets, struct error *err);
void profiler_close(struct profiler *p);
/* "perf_event", "cupti" or "device". */
const char *profiler_name(const struct profiler *p);

/* CUPTI's version, "" where another profiler counts. */
void profiler_cupti(const struct profiler *p, char version[16]);

/* Counts the first of the calls, which are those of a sample: the others run before it, so that it finds the
   caches as it does when it is timed. The kernel runs as often as counting needs (inputs are constant, and
   what a kernel accumulates into is zeroed by every call). Fills *count counters, in the order of the table
   of metrics. False and the reason if it cannot. */
bool profiler_count(struct profiler *p, struct kernel *k, const struct call *calls, int call_count,
                    struct counter *list, int max, int *count, struct error *err);

/* Counters that were asked for and are not to be had, as one line to be told once; "" if there are none.
   Known after the first count. */
const char *profiler_absent(const struct profiler *p);

#endif
