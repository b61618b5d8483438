/* silu_fwd_cuda_hang: never ends. For tests of isolation. */
#include "silu_fwd_cuda.h"

VARIANT(silu_fwd_cuda_hang, .op = SILU_FWD, .dtypes = F32, .launch = launch_elements,
        .source = KERNEL(silu_fwd_cuda_hang, for (volatile int on = 1; on;) y[i] = x[i]));
