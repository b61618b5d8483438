/* bspline_fwd_avx2_rows: 8 lanes, the polynomial around the nearest knot by Horner's rule, each lane's
   coefficients loaded as a row and transposed. Serves every grid, and is there for knots that do not fit
   registers, which was not timed. */
#define FEW LOOKUP_ROWS
#define MANY LOOKUP_ROWS
#include "simd/bspline_fwd_run.h"

VARIANT(bspline_fwd_avx2_rows, BSPLINE_FWD_VECTOR);
