/* silu_fwd_scalar_greedy: takes memory without end. For tests of isolation. */
#include <stdlib.h>
#include <unistd.h>

#include "variant.h"

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    enum { PART = 16 << 20, PAGE = 4096 };
    (void)p, (void)pt, (void)call;
    for (;;) {
        volatile char *const part = malloc(PART);
        for (int i = 0; part && i < PART; i += PAGE) part[i] = 1;
        usleep(1000); /* leaves whoever watches the time to see it */
    }
}

VARIANT(silu_fwd_scalar_greedy, .op = SILU_FWD, .dtypes = F32, .run = run);
