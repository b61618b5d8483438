/* rational_fwd_avx2_newton: 8 lanes, a group's coefficients in registers, the reciprocal of Q by two Newton
   steps. Wins where the data are in cache and the division is the bottleneck; from memory it only ties. */
#define LAYOUT SEGMENTS
#define NEWTON 1
#include "simd/rational_fwd_run.h"

VARIANT(rational_fwd_avx2_newton, RATIONAL_FWD_VECTOR);
