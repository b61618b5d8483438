/* bspline_bwd_avx512_masks: 16 lanes, slopes in registers by permutation, and for every coefficient a
   register of partial sums that takes the lanes which reach it under a mask. Serves up to 16 coefficients and
   orders up to 3, and wins there: 75 cycles for 16 elements in cache, of which the sums are 35 (EPYC of the
   Zen 4 generation). */
#define FEW LOOKUP_ONE
#define MANY LOOKUP_TWO
#define SUMS SUMS_MASKS
#include "simd/bspline_bwd_run.h"

VARIANT(bspline_bwd_avx512_masks, BSPLINE_BWD_VECTOR);
