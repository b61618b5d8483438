/* The golden vectors in tests/golden: problems with inputs (float32) and results (float64) computed
 * independently. */
#ifndef KATUNE_TEST_GOLDEN_H
#define KATUNE_TEST_GOLDEN_H

#include "../bench/npy.h"
#include "problem.h"

struct golden {
    char name[64];
    struct problem forward, backward;
    float *in[TENSOR_COUNT];   /* x, parameters, dy */
    double *out[TENSOR_COUNT]; /* y, dx and the parameters' gradients */
};

/* Loads the i-th case of the activations; false beyond the last. Fails the test if a file is not as it should
 * be. */
bool golden_load(int i, struct golden *g);
void golden_free(struct golden *g);

#endif
