/* bspline_bwd_avx2_moments: 8 lanes, slopes in registers by permutation or by rows, and moments by half
   interval in bins of memory. Serves every grid; loses to avx512 where that runs. */
#define FEW LOOKUP_ONE
#define MORE LOOKUP_ROWS
#define MANY LOOKUP_ROWS
#include "simd/bspline_bwd_run.h"

VARIANT(bspline_bwd_avx2_moments, BSPLINE_BWD_VECTOR);
