/* bspline_fwd_avx512_joint: 16 lanes, spline and base branch as one polynomial of degree 5 around the nearest
   knot, its coefficients in registers by permutation. Cubic on 8 intervals it takes 18 cycles for 16 elements
   in cache against 27 of permute, of orders 4 and 5 half as many (EPYC of the Zen 4 generation). Loses where
   much of x is beyond 32 knots, which go the long way, and on a few thousand elements to what fitting silu
   costs; serves only splines that taper, with a knot at 0 and intervals of at most 1/2. */
#define FEW LOOKUP_JOINT
#define MANY LOOKUP_JOINT
#include "simd/bspline_fwd_run.h"

VARIANT(bspline_fwd_avx512_joint, BSPLINE_FWD_VECTOR);
