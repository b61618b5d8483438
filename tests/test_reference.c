/* The oracles against golden vectors, finite differences and the identities of rationals and splines. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "golden.h"
#include "oracle.h"
#include "oracle_run.h"

/* Both sides are double precision: they differ by some roundings of the terms. */
static void expect_equal(const struct golden *g, const struct problem *p) {
    struct oracle_result r = oracle_run(p, g->in, NULL);
    for (int t = 0; t < TENSOR_COUNT; t++) {
        if (!r.value[t]) continue;
        for (int64_t i = 0; i < shape_count(tensor_shape(p, (enum tensor)t)); i++) {
            const double error = fabs(r.value[t][i] - g->out[t][i]);
            cr_assert(error <= 1e-12 * r.scale[t][i] + 1e-300, "%s %s[%lld]: %.17g, golden %.17g", g->name,
                      tensor_name((enum tensor)t), (long long)i, r.value[t][i], g->out[t][i]);
        }
    }
    oracle_result_free(&r);
}

Test(reference, golden_vectors) {
    struct golden g;
    int cases = 0;
    for (; golden_load(cases, &g); cases++) {
        expect_equal(&g, &g.forward);
        expect_equal(&g, &g.backward);
        golden_free(&g);
    }
    cr_assert_eq(cases, 12);
}

/* A forward problem, its backward problem and inputs for both. */
struct pair {
    struct problem forward, backward;
    float *in[TENSOR_COUNT];
};

static struct pair pair_make(enum op forward, const char *attrs, unsigned seed) {
    struct pair pair = {.forward = problem_default(forward, F32)};
    struct error err = {""};
    cr_assert(problem_set_attrs(&pair.forward, attrs, &err) && problem_valid(&pair.forward, &err), "%s",
              err.text);
    pair.backward = pair.forward;
    pair.backward.op = (enum op)(forward + 1);
    inputs_random(&pair.backward, seed, pair.in);
    return pair;
}

/* sum dy y, in double. */
static double loss(const struct pair *pair) {
    struct oracle_result r = oracle_run(&pair->forward, pair->in, NULL);
    double sum = 0;
    for (int64_t i = 0; i < problem_elements(&pair->forward); i++)
        sum += r.value[T_Y][i] * (double)pair->in[T_DY][i];
    oracle_result_free(&r);
    return sum;
}

/* Central differences over float32 inputs: the step is what the rounded neighbours differ by. */
static void expect_gradient(struct pair *pair, enum tensor input, enum tensor gradient) {
    struct oracle_result r = oracle_run(&pair->backward, pair->in, NULL);
    const int64_t count = shape_count(tensor_shape(&pair->backward, input));
    for (int64_t i = 0; i<count; i += count> 40 ? 7 : 1) {
        float *const at = &pair->in[input][i];
        const float middle = *at, step = 0x1p-12f;
        *at = middle + step;
        const double up = *at, upper = loss(pair);
        *at = middle - step;
        const double down = *at, lower = loss(pair);
        *at = middle;
        const double slope = (upper - lower) / (up - down);
        cr_expect(fabs(slope - r.value[gradient][i]) <= 2e-5 * (1 + r.scale[gradient][i]),
                  "%s %s[%lld]: %g, difference %g", op_name(pair->backward.op), tensor_name(gradient),
                  (long long)i, r.value[gradient][i], slope);
    }
    oracle_result_free(&r);
}

static const struct {
    enum op op;
    const char *attrs;
} gradient_cases[] = {
    {GELU_FWD, "rows=5 channels=8"},
    {SILU_FWD, "rows=5 channels=8"},
    {RATIONAL_FWD, "rows=3 channels=12 groups=4"},
    {RATIONAL_FWD, "rows=3 channels=12 groups=4 num_groups=4 den_groups=1 m=8 n=8"},
    {RATIONAL_FWD, "rows=3 channels=12 groups=2 form=B num_groups=2 m=2 n=3"},
    {RATIONAL_FWD, "rows=3 channels=12 groups=2 form=B m=0 n=1 den_groups=1"},
    {BSPLINE_FWD, "rows=3 channels=12 groups=2 grid=5 order=2"},
    {BSPLINE_FWD, "rows=3 channels=12 groups=2 grid=8 order=3 boundary=linear"},
    {BSPLINE_FWD, "rows=3 channels=12 groups=2 grid=1 order=4 boundary=clamp"},
    {BSPLINE_FWD, "rows=3 channels=12 groups=2 grid=33 order=5 lo=-2 hi=3"},
};

Test(reference, finite_differences) {
    static const enum tensor inputs[] = {T_X, T_NUM, T_DEN, T_COEF, T_WBASE, T_WSPLINE};
    static const enum tensor gradients[] = {T_DX, T_DNUM, T_DDEN, T_DCOEF, T_DWBASE, T_DWSPLINE};
    for (size_t c = 0; c < sizeof gradient_cases / sizeof *gradient_cases; c++) {
        struct pair pair = pair_make(gradient_cases[c].op, gradient_cases[c].attrs, 7 + (unsigned)c);
        for (size_t t = 0; t < sizeof inputs / sizeof *inputs; t++)
            if (pair.in[inputs[t]]) expect_gradient(&pair, inputs[t], gradients[t]);
        inputs_free(pair.in);
    }
}

Test(reference, backward_is_linear_in_dy) {
    for (size_t c = 0; c < sizeof gradient_cases / sizeof *gradient_cases; c++) {
        struct pair pair = pair_make(gradient_cases[c].op, gradient_cases[c].attrs, 3);
        struct oracle_result once = oracle_run(&pair.backward, pair.in, NULL);
        for (int64_t i = 0; i < problem_elements(&pair.backward); i++) pair.in[T_DY][i] *= -4;
        struct oracle_result scaled = oracle_run(&pair.backward, pair.in, NULL);
        for (int t = 0; t < TENSOR_COUNT; t++)
            for (int64_t i = 0;
                 once.value[t] && i < shape_count(tensor_shape(&pair.backward, (enum tensor)t)); i++)
                cr_assert_eq(scaled.value[t][i], -4 * once.value[t][i]); /* a power of two: exact */
        oracle_result_free(&once);
        oracle_result_free(&scaled);
        inputs_free(pair.in);
    }
}

Test(reference, repeated_rows_count_as_often) {
    static const int64_t repeats[3] = {2, 1, 3};
    for (size_t c = 2; c < sizeof gradient_cases / sizeof *gradient_cases; c++) {
        struct pair pair = pair_make(gradient_cases[c].op, gradient_cases[c].attrs, 11);
        struct oracle_result folded = oracle_run(&pair.backward, pair.in, repeats);
        struct problem whole = pair.backward;
        whole.rows = 6;
        float *in[TENSOR_COUNT];
        memcpy(in, pair.in, sizeof in);
        const size_t row = (size_t)whole.channels;
        static const int source[6] = {0, 0, 1, 2, 2, 2};
        for (int t = T_X; t <= T_DY; t += T_DY - T_X) {
            in[t] = malloc(6 * row * sizeof(float));
            for (int r = 0; r < 6; r++)
                memcpy(in[t] + (size_t)r * row, pair.in[t] + (size_t)source[r] * row, row * sizeof(float));
        }
        struct oracle_result full = oracle_run(&whole, in, NULL);
        for (int t = T_DNUM; t < TENSOR_COUNT; t++)
            for (int64_t i = 0; full.value[t] && i < shape_count(tensor_shape(&whole, (enum tensor)t)); i++)
                cr_assert(fabs(full.value[t][i] - folded.value[t][i]) <= 1e-14 * full.scale[t][i]);
        oracle_result_free(&folded);
        oracle_result_free(&full);
        free(in[T_X]);
        free(in[T_DY]);
        inputs_free(pair.in);
    }
}

/* Exchanges the groups first and second of a tensor whose rows are `width` wide and hold all groups. */
static void groups_swap(float *a, int64_t rows, int64_t width, int groups, int first, int second) {
    const int64_t part = width / groups;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < part; i++) {
            float *const one = a + r * width + first * part + i, *const other =
                                                                     a + r * width + second * part + i;
            const float kept = *one;
            *one = *other;
            *other = kept;
        }
}

Test(reference, permuting_groups_permutes_results) {
    struct pair pair = pair_make(RATIONAL_FWD, "rows=3 channels=12 groups=3 num_groups=3", 5);
    const struct problem *const p = &pair.backward;
    struct oracle_result before = oracle_run(p, pair.in, NULL);
    groups_swap(pair.in[T_X], 3, 12, 3, 0, 2);
    groups_swap(pair.in[T_DY], 3, 12, 3, 0, 2);
    groups_swap(pair.in[T_NUM], 1, 18, 3, 0, 2);
    groups_swap(pair.in[T_DEN], 1, 12, 3, 0, 2);
    struct oracle_result after = oracle_run(p, pair.in, NULL);
    for (int i = 0; i < 6; i++) {
        cr_assert_eq(before.value[T_DNUM][i], after.value[T_DNUM][12 + i]);
        cr_assert_eq(before.value[T_DNUM][6 + i], after.value[T_DNUM][6 + i]);
    }
    for (int i = 0; i < 4; i++) cr_assert_eq(before.value[T_DX][i], after.value[T_DX][8 + i]);
    oracle_result_free(&before);
    oracle_result_free(&after);
    inputs_free(pair.in);
}

Test(reference, bases_sum_to_one_inside) {
    double value[GRID_MAX + ORDER_MAX], slope[GRID_MAX + ORDER_MAX];
    static const int grids[] = {1, 2, 5, 20, 256};
    for (int order = 1; order <= ORDER_MAX; order++)
        for (size_t g = 0; g < sizeof grids / sizeof *grids; g++)
            for (int b = 0; b < BOUNDARY_COUNT; b++) {
                struct problem p = problem_default(BSPLINE_FWD, F32);
                p.grid = grids[g], p.order = order, p.boundary = (enum boundary)b;
                for (int i = 0; i <= 1000; i++) {
                    double total = 0, slopes = 0;
                    bspline_bases(&p, -1 + i / 500.0, value, slope);
                    for (int m = 0; m < coef_count(&p); m++) {
                        cr_assert(value[m] >= -1e-15);
                        total += value[m];
                        slopes += slope[m];
                    }
                    /* for order 1 at x = hi, the slope belongs to the interval beyond */
                    cr_assert(fabs(total - 1) < 1e-12, "k=%d G=%d i=%d: %g", order, p.grid, i, total);
                    cr_assert(fabs(slopes) < 1e-9 * p.grid || (order == 1 && b == TAPER && i == 1000));
                }
            }
}

Test(reference, taper_ends_clamp_holds_linear_goes_on) {
    struct problem p = problem_default(BSPLINE_FWD, F32);
    double value[GRID_MAX + ORDER_MAX], slope[GRID_MAX + ORDER_MAX], edge[GRID_MAX + ORDER_MAX],
        edge_slope[GRID_MAX + ORDER_MAX];
    const double far = 1 + 3 * 0.25 + 1e-9;
    bspline_bases(&p, far, value, slope);
    for (int m = 0; m < coef_count(&p); m++) cr_assert(value[m] == 0 && slope[m] == 0);
    p.boundary = CLAMP;
    bspline_bases(&p, 1, edge, edge_slope);
    bspline_bases(&p, far, value, slope);
    for (int m = 0; m < coef_count(&p); m++) cr_assert(value[m] == edge[m] && slope[m] == 0);
    p.boundary = LINEAR;
    bspline_bases(&p, far, value, slope);
    for (int m = 0; m < coef_count(&p); m++) {
        cr_assert_eq(slope[m], edge_slope[m]);
        cr_assert_float_eq(value[m], edge[m] + edge_slope[m] * (far - 1), 1e-14);
    }
}

Test(reference, sign_of_zero_is_plus) {
    struct problem p = problem_default(RATIONAL_BWD, F32);
    struct error err;
    cr_assert(problem_set_attrs(&p, "channels=1 groups=1 den_groups=1 m=0 n=1", &err));
    float x = 2, num = 3, den = 0, dy = 1;
    float *in[TENSOR_COUNT] = {[T_X] = &x, [T_NUM] = &num, [T_DEN] = &den, [T_DY] = &dy};
    struct oracle_result r = oracle_run(&p, in, NULL);
    cr_assert_eq(r.value[T_DDEN][0], -6); /* -P/Q^2 |x| with the sign of b = 0 taken as + */
    oracle_result_free(&r);
    x = 0, den = 1;
    r = oracle_run(&p, in, NULL);
    cr_assert_eq(r.value[T_DX][0], -3); /* -S P/Q^2 with S = sign(x) |b| and x = 0 */
    oracle_result_free(&r);
}

/* The slope that bspline_bases() gives is that of its values, inside the grid and beyond it. */
Test(reference, slopes_of_bases_are_differences_of_values) {
    double up[GRID_MAX + ORDER_MAX], down[GRID_MAX + ORDER_MAX], unused[GRID_MAX + ORDER_MAX],
        value[GRID_MAX + ORDER_MAX], slope[GRID_MAX + ORDER_MAX];
    const double step = 1e-6;
    for (int order = 2; order <= ORDER_MAX; order++)
        for (int b = 0; b < BOUNDARY_COUNT; b++) {
            struct problem p = problem_default(BSPLINE_FWD, F32);
            p.grid = 7, p.order = order, p.boundary = (enum boundary)b;
            for (int i = 0; i < 400; i++) {
                const double x = -2.5 + (i + 0.37) / 80;
                bspline_bases(&p, x + step, up, unused);
                bspline_bases(&p, x - step, down, unused);
                bspline_bases(&p, x, value, slope);
                for (int m = 0; m < coef_count(&p); m++)
                    cr_assert_float_eq(slope[m], (up[m] - down[m]) / (2 * step), 2e-4,
                                       "k=%d %s x=%g basis %d", order, boundary_name(p.boundary), x, m);
            }
        }
}

/* Zeros, denormals and large values: nothing overflows on the way, and the limits are those of the functions.
 */
Test(reference, special_values) {
    static const float specials[] = {0, -0.0f, 0x1p-149f, -0x1p-140f, 0x1p-126f, 1e4f, -1e4f, 3e38f, -3e38f};
    enum { COUNT = sizeof specials / sizeof *specials };
    for (int op = COPY; op < OP_COUNT; op++) {
        struct problem p = problem_default((enum op)op, F32);
        struct error err = {""};
        cr_assert(problem_set_attrs(&p, "rows=9 channels=8", &err));
        float *in[TENSOR_COUNT];
        inputs_random(&p, 1, in);
        /* the products in the slope of a rational come near the end of double at 3e38 */
        const bool rational = op == RATIONAL_FWD || op == RATIONAL_BWD;
        for (int i = 0; i < COUNT * 8; i++)
            in[T_X][i] = specials[i / 8] * (rational && i / 8 >= 7 ? 1e-8f : 1);
        struct oracle_result r = oracle_run(&p, in, NULL);
        for (int t = 0; t < TENSOR_COUNT; t++)
            for (int64_t i = 0; r.value[t] && i < shape_count(tensor_shape(&p, (enum tensor)t)); i++)
                cr_assert(isfinite(r.value[t][i]) && isfinite(r.scale[t][i]), "%s %s[%lld]", op_name(p.op),
                          tensor_name((enum tensor)t), (long long)i);
        for (int i = 0; i < COUNT; i++) {
            const double x = (double)in[T_X][i * 8];
            if (op == GELU_FWD || op == SILU_FWD) {
                const double limit = fabs(x) < 1 ? x / 2 : x > 0 ? x : 0;
                cr_assert_eq((float)r.value[T_Y][i * 8], (float)limit, "%s(%g)", op_name(p.op), x);
            } else if (op == GELU_BWD || op == SILU_BWD) {
                const double limit = fabs(x) < 1 ? 0.5 : x > 0;
                cr_assert_eq((float)r.value[T_DX][i * 8], (float)(limit * (double)in[T_DY][i * 8]));
            } else if (op == RATIONAL_FWD && fabs(x) < 1) {
                cr_assert_eq((float)r.value[T_Y][i * 8], in[T_NUM][0]);
            }
        }
        oracle_result_free(&r);
        inputs_free(in);
    }
}
