/* rational_bwd_avx512: 16 lanes, a group's coefficients and sums in registers, a true division, and additions
   for multiply-adds where those have pipes of their own. Wins there with many channels a group: 34 cycles for
   16 elements in cache against 36 by Newton's step (EPYC of the Zen 4 generation, f32, 16x3072, 8 groups).
   With few channels most of a vector is masked off and rational_bwd_avx512_lanes wins. */
#define LAYOUT SEGMENTS
#define NEWTON 0
#include "simd/rational_bwd_run.h"

VARIANT(rational_bwd_avx512, RATIONAL_BWD_VECTOR, .params = {RATIONAL_BWD_PARAMS, {"ROWS", {1, 4}}});
