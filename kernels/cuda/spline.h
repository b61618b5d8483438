/* The host's side of spline.cuh: sizes of a group's tables. */
#ifndef KATUNE_CUDA_SPLINE_H
#define KATUNE_CUDA_SPLINE_H

#include "variant.h"

/* BINS: places for the bases of every interval x may be said to lie in, those that do not exist included. */
static inline int spline_bins(const struct problem *p) {
    return p->grid + p->order + (p->boundary == TAPER ? 2 * p->order + 2 : 0);
}

/* HALVES: half intervals that a table of powers has. */
static inline int spline_halves(const struct problem *p) {
    return 2 * (p->grid + 1 + (p->boundary == TAPER ? 2 * p->order : 0));
}

/* Moments that an interval has a thread, padded for wide accesses, and intervals: spline_moments.cuh. */
static inline int spline_moments(const struct problem *p) {
    return p->order == 1 ? 2 : p->order <= 3 ? 4 : 6;
}

static inline int spline_moment_rows(const struct problem *p) {
    return p->grid + (p->boundary == TAPER ? 2 * p->order + 2 : 2);
}

/* Sums of a group that a tile leaves in scratch. */
static inline int spline_sums(const struct problem *p) {
    return p->grid + p->order + 1;
}

/* Shared memory besides the bins: the table of slopes, and the last block's doubles, at most. */
static inline size_t spline_static_bytes(const struct problem *p) {
    return (size_t)(p->order * spline_halves(p)) * sizeof(float) + (size_t)spline_sums(p) * sizeof(double) +
           256;
}

#endif
