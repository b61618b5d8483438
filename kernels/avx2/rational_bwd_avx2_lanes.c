/* rational_bwd_avx2_lanes: 8 lanes that run on across the groups, sums for every channel in cache.
   Wins with few channels a group (3, 7, 24); loses with many, where sums in registers save ten loads and
   stores a vector. */
#define LAYOUT LANES_ACROSS
#define NEWTON 1
#include "simd/rational_bwd_run.h"

VARIANT(rational_bwd_avx2_lanes, RATIONAL_BWD_VECTOR, .params = {RATIONAL_BWD_PARAMS});
