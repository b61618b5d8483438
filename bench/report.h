/* Tables of results on the terminal. */
#ifndef KATUNE_REPORT_H
#define KATUNE_REPORT_H

#include "measure.h"
#include "roofline.h"

/* "123.4 us", "1.234 ms": seconds in a width that columns can rely on (9). */
void seconds_print(double seconds, char text[16]);

/* "throttled (power, thermal)", "throttled" where it is not known by what, "" if nothing held it back. */
enum { THROTTLE_LABEL_MAX = 48 };
void throttle_label(bool throttled, unsigned throttle, char text[THROTTLE_LABEL_MAX]);

/* One problem's measurements, the fastest first, with what share of the ceiling each attains. Skips and
   failures are the caller's to report. `ceilings[i]` belongs to contenders[i]. */
void report_contenders(const struct problem *p, const struct contender *contenders, int count,
                       const struct ceilings *ceilings);

/* What was counted: on GPUs first by element and beside the least that must move, then all counters by
   name. */
void report_counters(const struct contender *contenders, int count);

#endif
