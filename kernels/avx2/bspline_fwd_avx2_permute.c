/* bspline_fwd_avx2_permute: 8 lanes, the polynomial around the nearest knot by Horner's rule, its
   coefficients in registers by permutation. Two registers a coefficient hold 16 knots; there it takes 0.65 of
   the time of rows. */
#define FEW LOOKUP_ONE
#define MANY LOOKUP_ONE
#include "simd/bspline_fwd_run.h"

VARIANT(bspline_fwd_avx2_permute, BSPLINE_FWD_VECTOR);
