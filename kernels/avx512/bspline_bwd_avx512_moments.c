/* bspline_bwd_avx512_moments: 16 lanes, slopes in registers by permutation, up to 32 knots, or by rows, and
   moments by half interval in bins of memory, where they are added once some vectors have passed. Serves
   every grid. Cubic on 8 intervals it takes 55 cycles for 16 elements in cache (EPYC of the Zen 4
   generation), nearly all of them for some 65 vector operations and 16 additions to bins; of the designs that
   it replaced, sums in registers under masks took 70, and by permutation 100. */
#define FEW LOOKUP_ONE
#define MORE LOOKUP_TWO
#define MANY LOOKUP_ROWS
#include "simd/bspline_bwd_run.h"

VARIANT(bspline_bwd_avx512_moments, BSPLINE_BWD_VECTOR);
