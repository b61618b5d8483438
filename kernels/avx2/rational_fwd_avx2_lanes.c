/* rational_fwd_avx2_lanes: 8 lanes that run on across the groups, each with its own channel's coefficients
   from a table. Wins with few channels a group (3, 7, 24); the table's loads lose to registers with many. */
#define LAYOUT LANES_ACROSS
#define NEWTON 0
#include "simd/rational_fwd_run.h"

VARIANT(rational_fwd_avx2_lanes, RATIONAL_FWD_VECTOR);
