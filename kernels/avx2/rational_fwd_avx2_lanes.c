/* rational_fwd_avx2_lanes: 8 lanes that run on across the groups, each with its own channel's coefficients
   from a table. Wins with few channels a group (3, 7, 24); the table's loads lose to registers with many. */
#include "simd/rational_fwd.h"
#include "variant.h"

enum { THREADS, STORE, AHEAD };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    return store_reject(p, pt->value[STORE]);
}

static size_t scratch(const struct problem *p, const struct point *pt, int threads) {
    (void)pt;
    (void)threads;
    return lane_table_bytes(p);
}

static void part(const struct problem *p, const struct point *pt, const struct call *call, struct span s) {
    rational_fwd_part(p, call, s, LANES_ACROSS, pt->value[STORE], pt->value[AHEAD], 0);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    lane_table_fill(p, call, call->scratch);
    team_split(p, pt, call, problem_elements(p), 64, part);
}

VARIANT(rational_fwd_avx2_lanes, .op = RATIONAL_FWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_STORE, PARAM_AHEAD}, .reject = reject, .scratch = scratch,
        .run = run);
