/* How far the gradients of coefficients are from those of the oracle, which adds up in double. */
#ifndef KATUNE_GRADIENT_ERROR_H
#define KATUNE_GRADIENT_ERROR_H

#include "measure.h"

/* Mean absolute errors of the coefficients' gradients; 0 for tensors that the operation does not have. */
struct gradient_error {
    double mean[TENSOR_COUNT];
};

/* Runs each contender's variant at its point, whole, on the problem with normal inputs, all rows different,
   and compares. errors: one a contender. False and the reason if memory runs out or a call fails. */
bool gradient_errors(struct device *d, const struct problem *p, uint64_t seed,
                     const struct contender *contenders, int count, struct gradient_error *errors,
                     struct error *err);

#endif
