/* rational_fwd_avx512: 16 lanes, a group's coefficients in registers, a true division.
   Wins with many channels a group and float16 from memory (2-core Xeon, two threads, 8 groups,
   4096x3072: 1.68 ms against Newton's 1.75), ties for f32; with few channels most of a vector is masked off
   and rational_fwd_avx512_lanes wins; in cache with 96 channels a group rational_fwd_avx512_newton wins. */
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
    return rational_table_bytes(p);
}

static void part(const struct problem *p, const struct point *pt, const struct call *call, struct span s) {
    rational_fwd_part(p, call, s, SEGMENTS, pt->value[STORE], pt->value[AHEAD], 0);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    rational_table_fill(p, call, call->scratch);
    team_split(p, pt, call, problem_elements(p), 64, part);
}

VARIANT(rational_fwd_avx512, .op = RATIONAL_FWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_STORE, PARAM_AHEAD}, .reject = reject, .scratch = scratch,
        .run = run);
