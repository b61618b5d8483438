/* rational_bwd_avx512_newton: 16 lanes, a group's coefficients and sums in registers, the reciprocal of Q by
   a Newton step, fewer operations with more multiply-adds among them. For cores whose additions share the
   multiply-adds' pipes; loses 4-5% to the division where they do not (EPYC of the Zen 4 generation). */
#define LAYOUT SEGMENTS
#define NEWTON 1
#include "simd/rational_bwd_run.h"

VARIANT(rational_bwd_avx512_newton, RATIONAL_BWD_VECTOR, .params = {RATIONAL_BWD_PARAMS, {"ROWS", {1, 4}}});
