/* Judging outputs: poison, guard bands, and comparison with a reference. */
#ifndef KATUNE_JUDGE_H
#define KATUNE_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "case.h"
#include "problem.h"

/* What an output should be. Element i is compared with reference i % count: rows repeat. */
struct reference {
    enum tensor tensor;
    enum dtype dtype;
    int64_t channels; /* of an activation, to tell an element's row and channel; else 0 */
    bool exact;       /* equal, and of equal sign */
    int64_t count;
    double *value;
    double *inverse; /* 1 / the error allowed */
};

/* Of output t of problem p, from `count` oracle values and scales. False if there is no memory. */
bool reference_make(struct reference *r, const struct problem *p, enum tensor t, int64_t count,
                    const double *value, const double *scale);
void reference_free(struct reference *r);

/* Compares n elements, from element `first` of the tensor on, and brings the verdict's worst element up to
   date. False, and the verdict's text, at the first that is wrong: not a number, infinite where the reference
   does not round to infinity, never written, or further off than allowed. */
bool reference_judge(const struct reference *r, const void *data, int64_t first, int64_t n,
                     struct verdict *verdict);

/* Signalling NaNs of the dtype. */
void poison_fill(void *data, size_t bytes, enum dtype dtype);
void guard_fill(void *data, size_t bytes);
/* Where the first damaged byte is, or -1. */
int64_t guard_damage(const void *data, size_t bytes);

uint64_t bits_hash(uint64_t hash, const void *data, size_t bytes);

#endif
