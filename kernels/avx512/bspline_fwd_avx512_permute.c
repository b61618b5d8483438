/* bspline_fwd_avx512_permute: 16 lanes, the polynomial around the nearest knot by Horner's rule, its
   coefficients in registers by permutation. One register a coefficient holds 16 knots, which is a tapered
   cubic on 9 intervals, two hold 32. In cache, cubic on 8 intervals: 17 cycles for 16 elements against 45 of
   rows (EPYC of the Zen 5 generation); no other case was timed. */
#define FEW LOOKUP_ONE
#define MANY LOOKUP_TWO
#include "simd/bspline_fwd_run.h"

VARIANT(bspline_fwd_avx512_permute, BSPLINE_FWD_VECTOR);
