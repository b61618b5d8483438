/* rational_bwd_avx2_newton: 8 lanes, a group's coefficients and sums in registers, the reciprocal of Q by two
   Newton steps. Wins over the division with one thread and in cache, where arithmetic is the bottleneck; ties
   from memory. */
#define LAYOUT SEGMENTS
#define NEWTON 1
#include "simd/rational_bwd_run.h"

VARIANT(rational_bwd_avx2_newton, RATIONAL_BWD_VECTOR, .params = {RATIONAL_BWD_PARAMS, {"ROWS", {1, 4}}});
