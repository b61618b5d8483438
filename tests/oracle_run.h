/* Runs a problem's oracle on arrays of its own. */
#ifndef KATUNE_TEST_ORACLE_RUN_H
#define KATUNE_TEST_ORACLE_RUN_H

#include "op.h"

struct oracle_result {
    double *value[TENSOR_COUNT], *scale[TENSOR_COUNT];
};

struct oracle_result oracle_run(const struct problem *p, float *const in[TENSOR_COUNT],
                                const int64_t *row_count);
void oracle_result_free(struct oracle_result *r);

/* Every input the operation has: x and dy normal, parameters of moderate size; to be freed by inputs_free().
 */
void inputs_random(const struct problem *p, unsigned seed, float *in[TENSOR_COUNT]);
void inputs_free(float *in[TENSOR_COUNT]);

#endif
