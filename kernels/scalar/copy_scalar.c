/* copy_scalar: memcpy, each thread its own contiguous part.
   The C library picks the widest copy it has, and past a threshold of its own streams past the caches; the
   vector variants with explicit streaming stores win on buffers that do not fit the cache but fall below that
   threshold. */
#include <string.h>

#include "simd/team.h"
#include "variant.h"

static void part(const struct problem *p, const struct point *pt, const struct call *call, struct span s) {
    (void)p;
    (void)pt;
    memcpy((char *)call->out[T_Y] + s.lo, (const char *)call->in[T_X] + s.lo, (size_t)(s.hi - s.lo));
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    team_split(p, pt, call, (int64_t)tensor_bytes(p, T_X), 64, part);
}

VARIANT(copy_scalar, .op = COPY, .dtypes = F32 | F16 | BF16, .params = {PARAM_THREADS}, .run = run);
