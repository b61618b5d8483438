/* silu_fwd_cuda_wrong: one element is off by a little. For tests of isolation. */
#include "silu_fwd_cuda.h"

VARIANT(silu_fwd_cuda_wrong, .op = SILU_FWD, .dtypes = F32, .launch = launch_elements,
        .source = KERNEL(silu_fwd_cuda_wrong, y[i] = x[i] / (1 + expf(-x[i])) + (i == 7 ? 0.001f : 0)));
