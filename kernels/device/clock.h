/* The host's clocks. */
#ifndef KATUNE_CLOCK_H
#define KATUNE_CLOCK_H

#include <time.h>

/* The monotonic clock, seconds. */
double clock_seconds(void);

/* "2026-01-31T12:00:00Z", UTC by ISO 8601. */
enum { CLOCK_DATE = 32 };
void clock_date(time_t when, char date[CLOCK_DATE]);

/* The calling core's clock, GHz, estimated from a chain of dependent additions, of which a core does one a
   cycle; takes some 10 us. What disturbs it, an interrupt or a neighbour on the machine, makes it lower, as
   it would make a sample longer. */
double clock_ghz(void);

#endif
