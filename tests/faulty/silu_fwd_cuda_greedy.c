/* silu_fwd_cuda_greedy: wants more working memory than any GPU has. For tests of isolation. */
#include "silu_fwd_cuda.h"

static void launch(const struct problem *p, const struct point *pt, const struct device_info *d,
                   struct launch *l) {
    launch_elements(p, pt, d, l);
    l->scratch = (size_t)1 << 42;
}

VARIANT(silu_fwd_cuda_greedy, .op = SILU_FWD, .dtypes = F32, .launch = launch,
        .source = KERNEL(silu_fwd_cuda_greedy, y[i] = x[i] / (1 + expf(-x[i]))));
