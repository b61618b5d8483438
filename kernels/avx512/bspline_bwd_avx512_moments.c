/* bspline_bwd_avx512_moments: 16 lanes, slopes in registers by permutation or by rows, and moments by half
   interval in bins of memory. Serves every grid; loses to register where the coefficients fit one. */
#define FEW LOOKUP_ONE
#define MANY LOOKUP_ROWS
#define SUMS SUMS_BINS
#include "simd/bspline_bwd_run.h"

VARIANT(bspline_bwd_avx512_moments, BSPLINE_BWD_VECTOR);
