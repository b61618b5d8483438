/* rational_fwd_avx2: 8 lanes, a group's coefficients in registers, a true division.
   Wins with many channels a group; with few, most of a vector is masked off and rational_fwd_avx2_lanes wins.
 */
#define LAYOUT SEGMENTS
#define NEWTON 0
#include "simd/rational_fwd_run.h"

VARIANT(rational_fwd_avx2, RATIONAL_FWD_VECTOR);
