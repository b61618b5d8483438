/* rational_fwd_avx512_newton: 16 lanes, a group's coefficients in registers, the reciprocal of Q by one
   Newton step. Wins in cache where segments are short or the elements bfloat16 (2-core Xeon, one thread: f32
   512x768, 8 groups, 86 us against the division's 91; bf16 256x3072 204 us against 212); from memory it ties.
 */
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
    rational_fwd_part(p, call, s, SEGMENTS, pt->value[STORE], pt->value[AHEAD], 1);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    rational_table_fill(p, call, call->scratch);
    team_split(p, pt, call, problem_elements(p), 64, part);
}

VARIANT(rational_fwd_avx512_newton, .op = RATIONAL_FWD, .dtypes = F32 | F16 | BF16,
        .params = {PARAM_THREADS, PARAM_STORE, PARAM_AHEAD}, .reject = reject, .scratch = scratch,
        .run = run);
