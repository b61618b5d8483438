/* rational_fwd_avx512_newton: 16 lanes, a group's coefficients in registers, the reciprocal of Q by one
   Newton step. Wins in cache where segments are short or the elements bfloat16 (2-core Xeon, one thread: f32
   512x768, 8 groups, 86 us against the division's 91; bf16 256x3072 204 us against 212); from memory it ties.
   Loses in cache on Zen 4, where the step keeps the multipliers for twice as long as a division. */
#define LAYOUT SEGMENTS
#define NEWTON 1
#include "simd/rational_fwd_run.h"

VARIANT(rational_fwd_avx512_newton, RATIONAL_FWD_VECTOR);
