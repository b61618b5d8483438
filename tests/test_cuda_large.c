/* Tensors of more than 2^32 elements: elements beyond it are where they should be. The virtual GPU's memory
   takes no room until it is written, and of each launch it runs the blocks of 32 places spread over the grid;
   what those of the last place read and write is compared with the same rows of a small problem. Variants
   whose blocks walk over the whole tensor would have to be run whole and are left out. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "convert.h"
#include "device/nvrtc.h"
#include "inputs.h"
#include "op.h"
#include "registry.h"

enum { ROWS = 1460003, CHANNELS = 3072, PERIOD = 251, REGION = 6 * PERIOD, PLACES = 32 };

_Static_assert((int64_t)ROWS *CHANNELS / PLACES * (PLACES - 1) > (int64_t)1 << 32,
               "the last place lies beyond");

/* An operation at the large and at the small problem, whose rows are those of the region. */
struct large {
    struct device *device;
    struct problem problem, small;
    unsigned inputs, outputs;
    char *memory[TENSOR_COUNT], *small_memory[TENSOR_COUNT];
    void *rows[TENSOR_COUNT]; /* inputs: the region's, or the parameter */
};

static bool activation(enum tensor t) {
    return t == T_X || t == T_DY || t == T_Y || t == T_DX;
}

static void large_open(struct large *l, struct device *d, enum op op) {
    float *in[TENSOR_COUNT] = {0};
    *l = (struct large){.device = d, .problem = problem_default(op, BF16)};
    l->problem.rows = ROWS;
    l->problem.channels = CHANNELS;
    l->small = l->problem;
    l->small.rows = REGION;
    struct problem period = l->problem;
    period.rows = PERIOD;
    l->inputs = op_inputs(op);
    l->outputs = op_outputs(op);
    for (int i = TENSOR_COUNT - 1; i >= 0; i--) { /* x last: it is made with the parameters in view */
        const enum tensor t = (enum tensor)i;
        if (!tensor_in(l->inputs | l->outputs, t)) continue;
        l->memory[t] = d->alloc(d, tensor_bytes(&l->problem, t));
        l->small_memory[t] = d->alloc(d, tensor_bytes(&l->small, t));
        cr_assert(l->memory[t] && l->small_memory[t]);
        if (!tensor_in(l->inputs, t)) continue;
        const int64_t count = shape_count(tensor_shape(&period, t));
        const size_t bytes = tensor_bytes(&period, t), all = tensor_bytes(&l->small, t);
        in[t] = malloc(sizeof *in[t] * (size_t)count);
        l->rows[t] = malloc(all);
        input_fill(&period, t, 1, (struct distribution){.kind = DIST_NORMAL}, (const float *const *)in,
                   in[t]);
        for (size_t at = 0; at < all; at += bytes)
            array_from_float((char *)l->rows[t] + at, tensor_dtype(&period, t), in[t], count);
        d->upload(d, l->small_memory[t], l->rows[t], all);
        if (!activation(t)) d->upload(d, l->memory[t], l->rows[t], all);
    }
    for (int t = 0; t < TENSOR_COUNT; t++) free(in[t]);
}

static void large_close(struct large *l) {
    for (int t = 0; t < TENSOR_COUNT; t++) {
        if (l->memory[t]) l->device->free(l->device, l->memory[t]);
        if (l->small_memory[t]) l->device->free(l->device, l->small_memory[t]);
        free(l->rows[t]);
    }
}

static void kernel_run(const struct large *l, const struct variant *v, const struct point *pt, bool large) {
    struct error err = {""};
    struct call call = {.scratch = NULL};
    char *const *const memory = large ? l->memory : l->small_memory;
    struct kernel *const k = l->device->prepare(l->device, v, large ? &l->problem : &l->small, pt, &err);
    cr_assert(k, "%s: %s", v->name, err.text);
    for (int t = 0; t < TENSOR_COUNT; t++) {
        if (tensor_in(l->inputs, (enum tensor)t)) call.in[t] = memory[t];
        if (tensor_in(l->outputs, (enum tensor)t)) call.out[t] = memory[t];
    }
    l->device->sample(l->device, large);
    l->device->run(l->device, k, &call, 1);
    l->device->release(l->device, k);
    cr_assert(!device_failure(l->device, &err), "%s: %s", v->name, err.text);
}

/* Puts the activations of REGION rows at row `first`, or clears them. */
static void region_place(const struct large *l, int64_t first, bool clear) {
    const size_t row = CHANNELS * dtype_size(BF16);
    void *const zeros = calloc(REGION, row);
    for (int i = 0; i < TENSOR_COUNT; i++) {
        const enum tensor t = (enum tensor)i;
        if (!l->memory[t] || !activation(t)) continue;
        const void *const from = clear || tensor_in(l->outputs, t) ? zeros : l->rows[t];
        l->device->upload(l->device, l->memory[t] + (size_t)first * row, from, REGION * row);
    }
    free(zeros);
}

/* Elements of the region that were written, all as in the small problem; the others are still 0. */
static int64_t region_written(const struct large *l, const struct variant *v, enum tensor t, int64_t first) {
    const size_t row = CHANNELS * dtype_size(BF16);
    uint16_t *const found = malloc(REGION * row), *const expected = malloc(REGION * row);
    int64_t written = 0;
    l->device->download(l->device, found, l->memory[t] + (size_t)first * row, REGION * row);
    l->device->download(l->device, expected, l->small_memory[t], REGION * row);
    for (int64_t i = 0; i < (int64_t)REGION * CHANNELS; i++) {
        if (!found[i]) continue;
        written++;
        cr_assert_eq(found[i], expected[i], "%s: element %" PRId64 " of %s", v->name, first * CHANNELS + i,
                     tensor_name(t));
    }
    free(found);
    free(expected);
    return written;
}

/* The point whose blocks take a share of the tensor each, if there is one; *block: the first one of the last
 * place.
 */
static bool point_find(const struct large *l, const struct variant *v, struct point *pt, double *place) {
    const struct device_info *const info = l->device->info(l->device);
    for (int64_t i = 0; i < point_count(v); i++) {
        struct launch launch = {.steps = 0};
        *pt = point_at(v, i);
        if (variant_reject(v, &l->problem, pt, info)) continue;
        v->launch(&l->problem, pt, info, &launch);
        const uint64_t x = launch.step[0].grid[0], y = launch.step[0].grid[1] ? launch.step[0].grid[1] : 1;
        *place = (double)(x * y * (PLACES - 1) / PLACES % x) / (double)x;
        if (x * y > 20000) return true;
    }
    return false;
}

static int operation_check(enum op op) {
    struct large l;
    struct error err;
    struct device *const d = device_open("vgpu:h100-sxm", false, &err);
    struct point pt;
    double place;
    int count = 0;
    cr_assert(d, "%s", err.text);
    large_open(&l, d, op);
    const enum tensor output = tensor_in(l.outputs, T_Y) ? T_Y : T_DX;
    for (int i = 0; i < variant_count(); i++) {
        const struct variant *const v = variant_at(i);
        if (v->op != op || v->backend != CUDA || !point_find(&l, v, &pt, &place)) continue;
        /* a margin before it, as the last block of a grid may have less to do */
        const int64_t first = (int64_t)(place * ROWS) / PERIOD * PERIOD - 2 * PERIOD;
        kernel_run(&l, v, &pt, false);
        region_place(&l, first, false);
        kernel_run(&l, v, &pt, true);
        cr_expect_gt(region_written(&l, v, output, first), 10000,
                     "%s: the last place's blocks wrote elsewhere", v->name);
        region_place(&l, first, true);
        count++;
    }
    large_close(&l);
    d->close(d);
    return count;
}

/* A process each: the virtual GPU does not give addresses out again at once. */
static struct large_case {
    enum op op;
    int least; /* variants that are checked */
} cases[] = {{COPY, 1},         {GELU_FWD, 1},     {GELU_BWD, 1},    {SILU_FWD, 1},   {SILU_BWD, 1},
             {RATIONAL_FWD, 2}, {RATIONAL_BWD, 5}, {BSPLINE_FWD, 1}, {BSPLINE_BWD, 5}};

ParameterizedTestParameters(cuda_large, operation) {
    return cr_make_param_array(struct large_case, cases, sizeof cases / sizeof *cases);
}

ParameterizedTest(const struct large_case *c, cuda_large, operation, .timeout = 1200) {
    struct nvrtc n;
    struct error err;
    if (!nvrtc_open(&n, &err)) cr_skip_test("%s", err.text);
    setenv("KATUNE_CACHE", KATUNE_BINARY_DIR "/cuda-cache", 1);
    const int count = operation_check(c->op);
    cr_expect_geq(count, c->least, "%s: %d variants", op_name(c->op), count);
}
