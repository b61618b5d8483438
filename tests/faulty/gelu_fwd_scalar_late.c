/* gelu_fwd_scalar_late: passes its check, and dies of a segmentation fault when it is called again. For tests
   of isolation. */
#include <math.h>
#include <signal.h>

#include "variant.h"

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    static int calls; /* of this process */
    (void)pt;
    signal(SIGSEGV, SIG_DFL); /* a sanitizer has a handler of its own */
    if (calls++) raise(SIGSEGV);
    const float *const x = call->in[T_X];
    float *const y = call->out[T_Y];
    for (int64_t i = 0; i < problem_elements(p); i++)
        y[i] = (float)(0.5 * (double)x[i] * erfc(-(double)x[i] * M_SQRT1_2));
}

VARIANT(gelu_fwd_scalar_late, .op = GELU_FWD, .dtypes = F32, .run = run);
