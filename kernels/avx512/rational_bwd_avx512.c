/* rational_bwd_avx512: 16 lanes, a group's coefficients and sums in registers, a true division.
   Wins with many channels a group, by 1-2% over Newton's step in cache (2-core Xeon, f32, 256x3072, one
   thread: 445 us against 448); from memory the two tie at .92-.94 of the copy with two threads (4096x3072,
   12608x768). With few channels most of a vector is masked off and rational_bwd_avx512_lanes wins. */
#define LAYOUT SEGMENTS
#define NEWTON 0
#include "simd/rational_bwd_run.h"

VARIANT(rational_bwd_avx512, RATIONAL_BWD_VECTOR, .params = {RATIONAL_BWD_PARAMS, {"ROWS", {1, 4}}});
