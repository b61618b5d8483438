/* rational_bwd_avx2: 8 lanes, a group's coefficients and sums in registers, a true division.
   Wins with many channels a group; with few, rational_bwd_avx2_lanes wins. */
#define LAYOUT SEGMENTS
#define NEWTON 0
#include "simd/rational_bwd_run.h"

VARIANT(rational_bwd_avx2, RATIONAL_BWD_VECTOR, .params = {RATIONAL_BWD_PARAMS, {"ROWS", {1, 4}}});
