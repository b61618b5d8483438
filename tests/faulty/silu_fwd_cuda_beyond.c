/* silu_fwd_cuda_beyond: writes far beyond its output. For tests of isolation. */
#include "silu_fwd_cuda.h"

VARIANT(silu_fwd_cuda_beyond, .op = SILU_FWD, .dtypes = F32, .launch = launch_elements,
        .source = KERNEL(silu_fwd_cuda_beyond, y[i + (1ll << 40)] = x[i]));
