#include "clock.h"

#include <stdint.h>
#include <time.h>

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

double clock_ghz(void) {
    enum { STEPS = 1000, PER_STEP = 16 };
    uint64_t x = 1;
    const double begin = now_ns();
    for (int i = 0; i < STEPS; i++) {
        /* The empty statements keep the compiler from adding all at once. */
#define ADD                                                                                                  \
    x += (uint64_t)i;                                                                                        \
    __asm__ volatile("" : "+r"(x));
        ADD ADD ADD ADD ADD ADD ADD ADD ADD ADD ADD ADD ADD ADD ADD ADD
#undef ADD
    }
    const double spent = now_ns() - begin;
    return spent > 0 ? STEPS * PER_STEP / spent : 0;
}
