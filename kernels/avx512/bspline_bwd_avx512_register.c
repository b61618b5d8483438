/* bspline_bwd_avx512_register: 16 lanes, slopes in registers by permutation, and all coefficients' sums in
   one register that every element's bases are moved into place for. Serves up to 16 coefficients. It wins for
   orders 4 and 5, which masks cannot serve; where they can, it takes 1.3 times their time, and moments about
   1.9 times its own (data in cache, EPYC of the Zen 4 generation). */
#define FEW LOOKUP_ONE
#define MANY LOOKUP_TWO
#define SUMS SUMS_LANES
#include "simd/bspline_bwd_run.h"

VARIANT(bspline_bwd_avx512_register, BSPLINE_BWD_VECTOR);
