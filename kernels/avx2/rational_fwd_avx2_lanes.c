/* rational_fwd_avx2_lanes: 8 lanes that run on across the groups, each with its own channel's coefficients
   from a table. Wins with few channels a group (3, 7, 24); the table's loads lose to registers with many. */
#include "simd/rational_fwd.h"
#include "variant.h"

enum { THREADS, STORE };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    return store_reject(p, pt->value[STORE]);
}

static size_t scratch(const struct problem *p, const struct point *pt, int threads) {
    (void)pt;
    (void)threads;
    return lane_table_bytes(p);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    rational_fwd_run(p, pt->value[STORE], call, LANES_ACROSS, 0);
}

VARIANT(rational_fwd_avx2_lanes, .op = RATIONAL_FWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_STORE}, .reject = reject, .scratch = scratch, .run = run);
