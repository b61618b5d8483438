#include "slices.h"

#include <math.h>
#include <stdlib.h>

/* Of a kilobyte, the even 256 bytes lie in one slice and the odd in another: measured on an H100 (README.md).
 */
uint64_t slice_part(uint64_t sector) {
    const uint64_t address = sector * 32;
    return address >> 10 << 1 | (address >> 8 & 1);
}

static double passes_of(const struct chain *c, double scale) {
    return (double)c->count * (c->first_run == c->last_run ? 1 : scale);
}

/* Requests of a part come in an order of chance: a pass follows one in its own sector with the probability
 * that the sector has in the part. squares: of each part's slot, sum of squares of its sectors' passes. */
static double busiest(const struct chains *parts, const double *squares, const struct profile *p,
                      double scale) {
    double most = 0;
    for (size_t i = 0; i < parts->capacity; i++) {
        const double passes = passes_of(&parts->slots[i], scale);
        if (passes <= 0) {
            continue;
        }
        const double repeated = squares[i] / passes;
        most = fmax(most, p->atomic_clocks * passes + (p->float_atomic_clocks - p->atomic_clocks) * repeated);
    }
    return most;
}

bool slices_busiest(const struct chains *parts, const struct chains *sectors, const struct profile *profile,
                    double scale, uint64_t *clocks) {
    double *const squares = calloc(parts->capacity + 1, sizeof *squares);
    *clocks = 0;
    if (!squares) {
        return false;
    }
    for (size_t i = 0; i < sectors->capacity; i++) {
        const struct chain *const s = &sectors->slots[i];
        if (s->count) {
            const double passes = passes_of(s, scale);
            squares[chains_find(parts, slice_part(s->key))] += passes * passes;
        }
    }
    *clocks = (uint64_t)llround(busiest(parts, squares, profile, scale));
    free(squares);
    return true;
}
