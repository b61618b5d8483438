/* bspline_fwd_avx512_rows: 16 lanes, the polynomial around the nearest knot by Horner's rule, each lane's
   coefficients loaded as a row and transposed. Serves every grid, and is there for knots that do not fit
   registers, which was not timed; loses 2.4 times to permute where they do. */
#define FEW LOOKUP_ROWS
#define MANY LOOKUP_ROWS
#include "simd/bspline_fwd_run.h"

VARIANT(bspline_fwd_avx512_rows, BSPLINE_FWD_VECTOR);
