/* copy_avx512: 64-byte vectors with plain or streaming stores, each thread its own contiguous part.
   With streaming stores the floor for everything else: no line of the output is read before it is written.
   Wins over memcpy for outputs that do not fit the caches but stay below the C library's own streaming
   threshold. */
#include "simd/copy.h"

VARIANT(copy_avx512, COPY_VECTOR);
