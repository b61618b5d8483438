/* The memory that timed calls rotate through: three arenas, for x, for dy, and for the activation that is
   written. Each is larger than the last-level cache, and calls take one slice of them after the other whoever
   makes them: until a slice comes round again, more than twice the cache has gone by. */
#ifndef KATUNE_ARENA_H
#define KATUNE_ARENA_H

#include "device/device.h"
#include "inputs.h"
#include "variant.h"

struct arena;

struct arena *arena_new(struct device *d, bool warm);
void arena_free(struct arena *a);

/* Makes room for calls of the problem and fills x and dy for it, unless they already are as it wants them. */
bool arena_fit(struct arena *a, const struct problem *p, uint64_t seed, struct distribution dist,
               const float *const params[TENSOR_COUNT], struct error *err);

/* Points the call's activations to the next slice. */
void arena_next(struct arena *a, const struct problem *p, struct call *call);

/* The slices of a problem that fits: as many calls until one comes round again. */
size_t arena_slices(const struct arena *a, const struct problem *p);

#endif
