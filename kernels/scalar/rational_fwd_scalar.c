/* rational_fwd_scalar: one element at a time, a true division.
   The plain loop, for any CPU. Loses to the vector variants wherever those run. */
#include "simd/rational_fwd.h"
#include "variant.h"

static size_t scratch(const struct problem *p, const struct point *pt, int threads) {
    (void)pt;
    (void)threads;
    return rational_table_bytes(p);
}

static void part(const struct problem *p, const struct point *pt, const struct call *call, struct span s) {
    (void)pt;
    rational_fwd_part(p, call, s, SEGMENTS, STORE_PLAIN, 0, 0);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    rational_table_fill(p, call, call->scratch);
    rational_table_divide(p, call->scratch);
    team_split(p, pt, call, problem_elements(p), 64, part);
}

VARIANT(rational_fwd_scalar, .op = RATIONAL_FWD, .dtypes = F32 | F16 | BF16, .params = {PARAM_THREADS},
        .scratch = scratch, .run = run);
