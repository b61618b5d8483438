/* silu_fwd_cuda_broken: does not compile. For tests of isolation. */
#include "silu_fwd_cuda.h"

VARIANT(silu_fwd_cuda_broken, .op = SILU_FWD, .dtypes = F32, .launch = launch_elements,
        .source = KERNEL(silu_fwd_cuda_broken, y[i] = no_such_function(x[i])));
