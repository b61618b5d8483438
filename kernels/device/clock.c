#include "clock.h"

#include <stdint.h>
#include <time.h>

double clock_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void clock_date(time_t when, char date[CLOCK_DATE]) {
    struct tm tm;
    strftime(date, CLOCK_DATE, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&when, &tm));
}

double clock_ghz(void) {
    enum { STEPS = 1000, PER_STEP = 16 };
    uint64_t x = 1;
    const double begin = clock_seconds();
    for (int i = 0; i < STEPS; i++) {
        /* The empty statements keep the compiler from adding all at once. */
#define ADD                                                                                                  \
    x += (uint64_t)i;                                                                                        \
    __asm__ volatile("" : "+r"(x));
        ADD ADD ADD ADD ADD ADD ADD ADD ADD ADD ADD ADD ADD ADD ADD ADD
#undef ADD
    }
    const double spent = clock_seconds() - begin;
    return spent > 0 ? 1e-9 * STEPS * PER_STEP / spent : 0;
}
