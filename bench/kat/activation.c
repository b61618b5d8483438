#include "activation.h"

#include <math.h>
#include <string.h>

/* Numerator and denominator, form A, of the coefficients released KATs start from. */
static const struct {
    float num[6], den[4];
} starts[] = {
    [ACT_IDENTITY] = {{0, 1, 0, 0, 0, 0}, {0, 0, 0, 0}},
    [ACT_SWISH] = {{3.054879741161051e-07f, 0.5000007853744493f, 0.24999783422824703f, 0.05326628273219478f,
                    0.005803034571292244f, 0.0002751961022402342f},
                   {-4.111554955950634e-06f, 0.10652899335007572f, -1.2690007399796238e-06f,
                    0.0005502331264140556f}},
};

static struct problem problem_of(enum basis basis, int channels, int groups) {
    static const enum op ops[] = {RATIONAL_FWD, BSPLINE_FWD, GELU_FWD};
    struct problem p = problem_default(ops[basis], F32);
    p.channels = channels;
    if (basis == BASIS_GELU) return p;
    p.groups = groups;
    if (basis == BASIS_RATIONAL) p.den_groups = groups;
    if (basis == BASIS_BSPLINE)
        p.lo = -4, p.hi = 4, p.boundary = LINEAR; /* where layer-normalised values are */
    return p;
}

static int declare(struct params *p, const struct problem *q, enum tensor t, const char *prefix,
                   const char *name) {
    const struct shape shape = tensor_shape(q, t);
    return params_add(p, (int64_t[PARAM_DIMS_MAX]){shape.dim[0], shape.ndim == 2 ? shape.dim[1] : 0}, "%s.%s",
                      prefix, name);
}

bool activation_declare(struct activation *a, struct params *p, enum basis basis, enum activation_role role,
                        int channels, int groups, const char *prefix) {
    *a = (struct activation){
        .basis = basis, .none = basis == BASIS_GELU && role == ACT_IDENTITY, .first = p->count};
    a->forward = problem_of(basis, channels, groups);
    a->backward = a->forward;
    a->backward.op = (enum op)(a->forward.op + 1);
    const struct problem *const q = &a->forward;
    if (basis == BASIS_RATIONAL)
        return declare(p, q, T_NUM, prefix, "weight_numerator") >= 0 &&
               declare(p, q, T_DEN, prefix, "weight_denominator") >= 0;
    if (basis == BASIS_BSPLINE)
        return declare(p, q, T_COEF, prefix, "weight_coef") >= 0 &&
               declare(p, q, T_WBASE, prefix, "weight_base") >= 0 &&
               declare(p, q, T_WSPLINE, prefix, "weight_spline") >= 0;
    return true;
}

/* A spline is the identity if its coefficients are the Greville abscissae, the means of order consecutive
   knots; and nothing if they are 0, which leaves the base branch, silu. */
static void spline_init(const struct problem *q, const struct weights *coef, const struct weights *wbase,
                        const struct weights *wspline, enum activation_role role) {
    const double h = ((double)q->hi - (double)q->lo) / q->grid;
    for (int64_t i = 0; i < coef->count; i++) {
        const double knot = (double)q->lo + ((double)(i % coef_count(q)) + 0.5 * (1 - q->order)) * h;
        coef->value[i] = role == ACT_IDENTITY ? (float)knot : 0;
    }
    for (int64_t g = 0; g < wbase->count; g++) {
        wbase->value[g] = role == ACT_SWISH;
        wspline->value[g] = 1;
    }
}

void activation_init(const struct activation *a, struct params *p, enum activation_role role) {
    const struct weights *const w = &p->list[a->first];
    if (a->basis == BASIS_BSPLINE) spline_init(&a->forward, &w[0], &w[1], &w[2], role);
    if (a->basis != BASIS_RATIONAL) return;
    for (int64_t i = 0; i < w[0].count; i++) w[0].value[i] = starts[role].num[i % 6];
    for (int64_t i = 0; i < w[1].count; i++) w[1].value[i] = starts[role].den[i % 4];
}

bool activation_prepare(struct activation *a, struct katune *k, int64_t rows, struct error *err) {
    activation_release(a);
    a->forward.rows = a->backward.rows = rows;
    if (a->none) return true;
    a->run_forward = katune_kernel(k, &a->forward, err);
    a->run_backward = a->run_forward ? katune_kernel(k, &a->backward, err) : NULL;
    return a->run_backward;
}

void activation_release(struct activation *a) {
    katune_kernel_free(a->run_forward);
    katune_kernel_free(a->run_backward);
    a->run_forward = a->run_backward = NULL;
}

/* The parameters in the order of activation_declare(). */
static const enum tensor inputs[][3] = {{T_NUM, T_DEN, TENSOR_COUNT}, {T_COEF, T_WBASE, T_WSPLINE}};
static const enum tensor outputs[][3] = {{T_DNUM, T_DDEN, TENSOR_COUNT}, {T_DCOEF, T_DWBASE, T_DWSPLINE}};

static void bind(const struct activation *a, const struct params *p, const void *in[TENSOR_COUNT],
                 void *out[TENSOR_COUNT]) {
    for (int i = 0; a->basis != BASIS_GELU && i < 3 && inputs[a->basis][i] != TENSOR_COUNT; i++) {
        in[inputs[a->basis][i]] = p->list[a->first + i].value;
        out[outputs[a->basis][i]] = p->list[a->first + i].grad;
    }
}

void activation_forward(const struct activation *a, const struct params *p, const float *x, float *y) {
    if (a->none) {
        memcpy(y, x, tensor_bytes(&a->forward, T_X));
        return;
    }
    const void *in[TENSOR_COUNT] = {[T_X] = x};
    void *out[TENSOR_COUNT] = {NULL};
    bind(a, p, in, out);
    out[T_Y] = y;
    katune_run(a->run_forward, in, out);
}

void activation_backward(const struct activation *a, const struct params *p, const float *x, const float *dy,
                         float *dx) {
    if (a->none) {
        memcpy(dx, dy, tensor_bytes(&a->forward, T_X));
        return;
    }
    const void *in[TENSOR_COUNT] = {[T_X] = x, [T_DY] = dy};
    void *out[TENSOR_COUNT] = {[T_DX] = dx};
    bind(a, p, in, out);
    katune_run(a->run_backward, in, out);
}

enum { NODES = 48 };

/* Nodes and weights of Gauss-Hermite quadrature for the density of N(0, 1): the roots of the orthonormal
   polynomials h_(n+1) = (x h_n - sqrt(n) h_(n-1)) / sqrt(n + 1), found by Newton's method from between the
   roots' asymptotic places, deflated by the roots already found; weights 1 / (n h_(n-1)^2). */
static void hermite_nodes(double x[NODES], double w[NODES]) {
    for (int i = 0; i < NODES; i++) {
        double at = 2 * sqrt(NODES) * cos(3.14159265358979323846 * (i + 0.75) / (NODES + 0.5)), below = 0;
        for (int step = 0; step < 200; step++) {
            double value = 1, before = 0;
            for (int n = 0; n < NODES; n++) {
                const double next = (at * value - sqrt(n) * before) / sqrt(n + 1);
                before = value;
                value = next;
            }
            double slope = sqrt(NODES) * before / value; /* log-derivative */
            for (int j = 0; j < i; j++) slope -= 1 / (at - x[j]);
            below = before;
            const double change = 1 / slope;
            at -= change;
            if (fabs(change) < 1e-14 * (1 + fabs(at)) || value == 0) break;
        }
        x[i] = at;
        w[i] = 1 / (NODES * below * below);
    }
}

double activation_energy(const struct activation *a, struct katune *k, const struct params *p,
                         struct error *err) {
    double node[NODES], weight[NODES], energy = 0;
    float *const x = (float[NODES * 16]){0}, *const y = (float[NODES * 16]){0};
    hermite_nodes(node, weight);
    if (a->none) return 1;
    /* The first group's function: one channel, one group. */
    struct activation one = *a;
    one.forward.rows = NODES;
    one.forward.channels = 1;
    one.forward.groups = 1;
    if (a->basis == BASIS_RATIONAL) one.forward.den_groups = one.forward.num_groups = 1;
    one.run_forward = katune_kernel(k, &one.forward, err);
    if (!one.run_forward) return -1;
    for (int i = 0; i < NODES; i++) x[i] = (float)node[i];
    activation_forward(&one, p, x, y);
    katune_kernel_free(one.run_forward);
    for (int i = 0; i < NODES; i++) energy += weight[i] * (double)y[i] * (double)y[i];
    return energy;
}
