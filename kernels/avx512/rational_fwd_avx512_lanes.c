/* rational_fwd_avx512_lanes: 16 lanes that run on across the groups, each with its own channel's coefficients
   from a table. Wins with few channels a group (3, 7, 24), where other variants mask most of a vector off;
   loses with many, where the table's ten loads a vector come from the second-level cache. */
#define LAYOUT LANES_ACROSS
#define NEWTON 1
#include "simd/rational_fwd_run.h"

VARIANT(rational_fwd_avx512_lanes, RATIONAL_FWD_VECTOR);
