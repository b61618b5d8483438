/* silu_fwd_scalar_crash: dies of a segmentation fault. For tests of isolation. */
#include <signal.h>

#include "variant.h"

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    (void)p, (void)pt, (void)call;
    signal(SIGSEGV, SIG_DFL); /* a sanitizer has a handler of its own */
    raise(SIGSEGV);
}

VARIANT(silu_fwd_scalar_crash, .op = SILU_FWD, .dtypes = F32, .run = run);
