/* perf_event: what Linux counts while a kernel runs on the CPU, summed over the process's threads.

   Counters that the machine, the hypervisor or the permissions do not give are absent: told once, by name,
   and the others are still counted. */
#ifndef KATUNE_PERF_EVENT_H
#define KATUNE_PERF_EVENT_H

#include "../kernels/device/device.h"
#include "../kernels/error.h"
#include "metric.h"

struct perf_event;

/* Opens the sets' counters on every thread that the process has now. NULL and the reason if none of them is
   to be had; `absent` (may be NULL) is set to the names of those that are not, "" if all are. */
struct perf_event *perf_event_open(unsigned sets, struct error *err, struct error *absent);
void perf_event_close(struct perf_event *p);

/* Counts what `run` does. False if it fails. Where counters share hardware, values are scaled to the whole
 * time. */
bool perf_event_count(struct perf_event *p, bool (*run)(void *user), void *user, struct counter *list,
                      int max, int *count, struct error *err);

#endif
