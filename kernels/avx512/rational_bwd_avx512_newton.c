/* rational_bwd_avx512_newton: 16 lanes, a group's coefficients and sums in registers, the reciprocal of Q by
   a Newton step. Ties with the division from memory (2-core Xeon, f32, 4096x3072, 8 groups, two threads: 4.12
   ms against 4.13 ms); loses 1-2% to it in cache, where the division overlaps with the multiply-adds. */
#define LAYOUT SEGMENTS
#define NEWTON 1
#include "simd/rational_bwd_run.h"

VARIANT(rational_bwd_avx512_newton, RATIONAL_BWD_VECTOR, .params = {RATIONAL_BWD_PARAMS, {"ROWS", {1, 4}}});
