/* silu_fwd_scalar_hang: never ends. For tests of isolation. */
#include <unistd.h>

#include "variant.h"

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    (void)p, (void)pt, (void)call;
    for (;;) pause();
}

VARIANT(silu_fwd_scalar_hang, .op = SILU_FWD, .dtypes = F32, .run = run);
