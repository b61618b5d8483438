#include "oracle_run.h"

#include <math.h>
#include <stdlib.h>

struct oracle_result oracle_run(const struct problem *p, float *const in[TENSOR_COUNT],
                                const int64_t *row_count) {
    struct oracle_result r = {{0}, {0}};
    struct oracle_in input = {.row_count = row_count};
    struct oracle_out output = {{0}, {0}};
    for (int t = 0; t < TENSOR_COUNT; t++) {
        input.in[t] = in[t];
        if (!tensor_in(op_outputs(p->op), (enum tensor)t)) continue;
        const size_t count = (size_t)shape_count(tensor_shape(p, (enum tensor)t)) + 1;
        output.value[t] = r.value[t] = malloc(count * sizeof(double));
        output.scale[t] = r.scale[t] = malloc(count * sizeof(double));
    }
    op_info(p->op)->oracle(p, &input, &output);
    return r;
}

void oracle_result_free(struct oracle_result *r) {
    for (int t = 0; t < TENSOR_COUNT; t++) {
        free(r->value[t]);
        free(r->scale[t]);
    }
}

static double uniform(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return ((double)(*state >> 11) + 0.5) * 0x1p-53;
}

static double normal(uint64_t *state) {
    const double radius = sqrt(-2 * log(uniform(state)));
    return radius * cos(6.283185307179586 * uniform(state));
}

void inputs_random(const struct problem *p, unsigned seed, float *in[TENSOR_COUNT]) {
    uint64_t state = seed * 2654435761u + 1;
    for (int t = 0; t < TENSOR_COUNT; t++) {
        in[t] = NULL;
        if (!tensor_in(op_inputs(p->op), (enum tensor)t)) continue;
        const int64_t count = shape_count(tensor_shape(p, (enum tensor)t));
        in[t] = malloc(((size_t)count + 1) * sizeof(float));
        const double size = t == T_NUM || t == T_DEN ? 0.5 : 1;
        for (int64_t i = 0; i < count; i++) in[t][i] = (float)(size * normal(&state));
    }
}

void inputs_free(float *in[TENSOR_COUNT]) {
    for (int t = 0; t < TENSOR_COUNT; t++) free(in[t]);
}
