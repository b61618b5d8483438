/* rational_fwd_avx512: 16 lanes, a group's coefficients in registers, a true division.
   Wins with many channels a group and float16 from memory (2-core Xeon, two threads, 8 groups,
   4096x3072: 1.68 ms against Newton's 1.75), ties for f32; with few channels most of a vector is masked off
   and rational_fwd_avx512_lanes wins. In cache 16 elements take 10.8 cycles against Newton's 12.9 (EPYC of
   the Zen 4 generation, f32, 32x3072, 8 groups); on the Xeon rational_fwd_avx512_newton wins there with 96
   channels a group. */
#define LAYOUT SEGMENTS
#define NEWTON 0
#include "simd/rational_fwd_run.h"

VARIANT(rational_fwd_avx512, RATIONAL_FWD_VECTOR);
