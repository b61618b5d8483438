#include "gradient_error.h"

#include <math.h>
#include <stdlib.h>

#include "convert.h"
#include "inputs.h"
#include "op.h"

struct gradients {
    struct device *device;
    const struct problem *problem;
    unsigned inputs, outputs;
    double *exact[TENSOR_COUNT], *scale[TENSOR_COUNT];
    void *memory[TENSOR_COUNT]; /* the device's */
};

static bool is_gradient(const struct gradients *g, enum tensor t) {
    return tensor_in(g->outputs, t) && t != T_DX && t != T_Y;
}

static int64_t count_of(const struct gradients *g, enum tensor t) {
    return shape_count(tensor_shape(g->problem, t));
}

/* The input in float32, rounded to its dtype, of which the device has a copy. */
static float *input_place(struct gradients *g, enum tensor t, uint64_t seed,
                          const float *const in[TENSOR_COUNT]) {
    const struct distribution normal = {.kind = DIST_NORMAL};
    const int64_t count = count_of(g, t);
    const size_t bytes = tensor_bytes(g->problem, t);
    float *const values = malloc(sizeof *values * (size_t)count);
    void *const encoded = malloc(bytes);
    if (values && encoded) {
        input_fill(g->problem, t, seed, normal, in, values);
        array_from_float(encoded, tensor_dtype(g->problem, t), values, count);
        g->device->upload(g->device, g->memory[t], encoded, bytes);
    }
    free(encoded);
    return values;
}

static bool oracle_run(struct gradients *g, uint64_t seed) {
    float *in[TENSOR_COUNT] = {0};
    struct oracle_in from = {.row_count = NULL};
    struct oracle_out to;
    bool ok = true;
    for (int t = 0; ok && t < TENSOR_COUNT; t++) {
        if (!tensor_in(g->outputs, (enum tensor)t)) continue;
        const size_t bytes = sizeof(double) * (size_t)count_of(g, (enum tensor)t);
        ok = (g->exact[t] = malloc(bytes)) && (g->scale[t] = malloc(bytes));
    }
    /* x last: it is made with the parameters in view */
    for (int i = TENSOR_COUNT - 1; ok && i >= 0; i--)
        if (tensor_in(g->inputs, (enum tensor)i))
            ok = (in[i] = input_place(g, (enum tensor)i, seed, (const float *const *)in));
    for (int t = 0; t < TENSOR_COUNT; t++) {
        from.in[t] = in[t];
        to.value[t] = g->exact[t];
        to.scale[t] = g->scale[t];
    }
    if (ok) op_info(g->problem->op)->oracle(g->problem, &from, &to);
    for (int t = 0; t < TENSOR_COUNT; t++) free(in[t]);
    return ok;
}

static bool gradients_open(struct gradients *g, uint64_t seed) {
    for (int t = 0; t < TENSOR_COUNT; t++) {
        if (!tensor_in(g->inputs | g->outputs, (enum tensor)t)) continue;
        g->memory[t] = g->device->alloc(g->device, tensor_bytes(g->problem, (enum tensor)t));
        if (!g->memory[t]) return false;
    }
    return oracle_run(g, seed);
}

static void gradients_close(struct gradients *g) {
    for (int t = 0; t < TENSOR_COUNT; t++) {
        if (g->memory[t]) g->device->free(g->device, g->memory[t]);
        free(g->exact[t]);
        free(g->scale[t]);
    }
}

static bool errors_of(struct gradients *g, const struct contender *c, struct gradient_error *errors,
                      struct error *err) {
    struct kernel *const k = g->device->prepare(g->device, c->variant, g->problem, &c->point, err);
    if (!k) return false;
    struct call call = {.scratch = NULL};
    for (int t = 0; t < TENSOR_COUNT; t++) {
        if (tensor_in(g->inputs, (enum tensor)t)) call.in[t] = g->memory[t];
        if (tensor_in(g->outputs, (enum tensor)t)) call.out[t] = g->memory[t];
    }
    g->device->run(g->device, k, &call, 1);
    g->device->release(g->device, k);
    if (device_failure(g->device, err)) return false;
    *errors = (struct gradient_error){{0}};
    for (int i = 0; i < TENSOR_COUNT; i++) {
        const enum tensor t = (enum tensor)i;
        if (!is_gradient(g, t)) continue;
        const int64_t count = count_of(g, t);
        float *const found = malloc(sizeof *found * (size_t)count);
        if (!found) return error_set(err, "out of memory");
        g->device->download(g->device, found, g->memory[t], tensor_bytes(g->problem, t));
        for (int64_t j = 0; j < count; j++)
            errors->mean[t] += fabs((double)found[j] - g->exact[t][j]) / (double)count;
        free(found);
    }
    return true;
}

bool gradient_errors(struct device *d, const struct problem *p, uint64_t seed,
                     const struct contender *contenders, int count, struct gradient_error *errors,
                     struct error *err) {
    struct gradients g = {
        .device = d, .problem = p, .inputs = op_inputs(p->op), .outputs = op_outputs(p->op)};
    bool ok = gradients_open(&g, seed) || error_set(err, "the gradients' errors: out of memory");
    for (int i = 0; ok && i < count; i++) ok = errors_of(&g, &contenders[i], &errors[i], err);
    gradients_close(&g);
    return ok;
}
