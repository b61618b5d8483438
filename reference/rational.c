#include <math.h>
#include <stdlib.h>

#include "oracle.h"
#include "sum.h"

/* One group's coefficients, widened. */
struct rational {
    double a[DEGREE_MAX + 1];
    double b[DEGREE_MAX + 1]; /* b[1] .. b[n] */
    int m, n;
    char form;
};

static struct rational rational_of(const struct problem *p, const struct oracle_in *in, int group) {
    struct rational r = {.m = p->m, .n = p->n, .form = p->form};
    const float *const num = in->in[T_NUM] + (p->num_groups == 1 ? 0 : group) * (p->m + 1);
    const float *const den = in->in[T_DEN] + (p->den_groups == 1 ? 0 : group) * p->n;
    for (int i = 0; i <= p->m; i++) r.a[i] = (double)num[i];
    for (int i = 1; i <= p->n; i++) r.b[i] = (double)den[i - 1];
    return r;
}

static double sign_of(double v) {
    return v < 0 ? -1 : 1;
}

/* What both directions need at one x. */
struct point_values {
    double power[DEGREE_MAX + 1]; /* x^i */
    double p, p_scale;            /* P and sum |a_i x^i| */
    double q;
    double inner_sign; /* form B: the sign of sum b_i x^i */
};

static struct point_values evaluate(const struct rational *r, double x) {
    struct point_values v = {.power = {1}, .inner_sign = 1};
    for (int i = 1; i <= DEGREE_MAX; i++) v.power[i] = v.power[i - 1] * x;
    for (int i = 0; i <= r->m; i++) {
        v.p += r->a[i] * v.power[i];
        v.p_scale += fabs(r->a[i] * v.power[i]);
    }
    double inner = 0;
    for (int i = 1; i <= r->n; i++)
        inner += r->form == 'A' ? fabs(r->b[i] * v.power[i]) : r->b[i] * v.power[i];
    v.inner_sign = sign_of(inner);
    v.q = 1 + fabs(inner);
    return v;
}

void oracle_rational_fwd(const struct problem *p, const struct oracle_in *in, const struct oracle_out *out) {
    const int64_t width = channels_per_group(p);
    for (int g = 0; g < p->groups; g++) {
        const struct rational r = rational_of(p, in, g);
        for (int64_t row = 0; row < p->rows; row++) {
            for (int64_t c = g * width; c < (g + 1) * width; c++) {
                const int64_t i = row * p->channels + c;
                const struct point_values v = evaluate(&r, (double)in->in[T_X][i]);
                output_set(out, T_Y, i, v.p / v.q, v.p_scale / v.q);
            }
        }
    }
}

/* dQ/db_i: form A sign(b_i) |x|^i, form B sign(inner) x^i. */
static double denominator_gradient(const struct rational *r, const struct point_values *v, int i) {
    return r->form == 'A' ? sign_of(r->b[i]) * fabs(v->power[i]) : v->inner_sign * v->power[i];
}

/* dy/dx = R/Q - S P/Q^2, R = sum i a_i x^(i-1); form A: S = sign(x) sum i |b_i| |x|^(i-1),
   form B: S = sign(inner) sum i b_i x^(i-1). The terms of the product S P are products of their terms. */
static struct term slope(const struct rational *r, const struct point_values *v, double x) {
    struct term top = {0, 0}, bottom = {0, 0};
    for (int i = 1; i <= r->m; i++) term_add(&top, i * r->a[i] * v->power[i - 1]);
    for (int i = 1; i <= r->n; i++)
        term_add(&bottom, r->form == 'A' ? sign_of(x) * i * fabs(r->b[i] * v->power[i - 1])
                                         : v->inner_sign * i * r->b[i] * v->power[i - 1]);
    const double q2 = v->q * v->q;
    return (struct term){top.value / v->q - bottom.value * v->p / q2,
                         top.scale / v->q + bottom.scale * v->p_scale / q2};
}

struct gradients {
    struct sum a[DEGREE_MAX + 1], b[DEGREE_MAX + 1];
};

/* dnum_i = sum dy x^i / Q, dden_i = sum -dy P/Q^2 dQ/db_i. The scale of the latter takes P at the sum of its
   |terms|: what cancels in P is lost in every product with it. */
static void accumulate(struct gradients *grad, const struct rational *r, const struct point_values *v,
                       double dy) {
    const double w = v->p / (v->q * v->q), w_scale = v->p_scale / (v->q * v->q);
    for (int i = 0; i <= r->m; i++) sum_add(&grad->a[i], dy * v->power[i] / v->q);
    for (int i = 1; i <= r->n; i++) {
        const double dq = denominator_gradient(r, v, i);
        sum_add(&grad->b[i], -dy * w * dq);
        grad->b[i].scale += fabs(dy * dq) * (w_scale - fabs(w));
    }
}

static void gradients_store(const struct problem *p, const struct gradients *grad,
                            const struct oracle_out *out) {
    for (int row = 0; row < p->num_groups; row++)
        for (int i = 0; i <= p->m; i++) {
            const struct sum *const s = &grad[row].a[i];
            output_set(out, T_DNUM, row * (p->m + 1) + i, sum_value(s), s->scale);
        }
    for (int row = 0; row < p->den_groups; row++)
        for (int i = 1; i <= p->n; i++) {
            const struct sum *const s = &grad[row].b[i];
            output_set(out, T_DDEN, row * p->n + i - 1, sum_value(s), s->scale);
        }
}

static void backward_row(const struct problem *p, const struct oracle_in *in, const struct oracle_out *out,
                         int64_t row, const struct rational *groups, struct gradients *grad) {
    const int64_t width = channels_per_group(p);
    const double weight = row_weight(in, row);
    for (int64_t c = 0; c < p->channels; c++) {
        const int group = (int)(c / width);
        const int64_t i = row * p->channels + c;
        const double x = (double)in->in[T_X][i], dy = (double)in->in[T_DY][i];
        const struct point_values v = evaluate(&groups[group], x);
        const struct term d = slope(&groups[group], &v, x);
        output_set(out, T_DX, i, d.value * dy, d.scale * fabs(dy));
        accumulate(&grad[group], &groups[group], &v, weight * dy);
    }
}

/* A shared coefficient's gradient is the sum over the groups. */
static void gradients_share(const struct problem *p, struct gradients *grad) {
    for (int g = 1; g < p->groups; g++) {
        for (int i = 0; i <= p->m && p->num_groups == 1; i++) sum_merge(&grad[0].a[i], &grad[g].a[i]);
        for (int i = 1; i <= p->n && p->den_groups == 1; i++) sum_merge(&grad[0].b[i], &grad[g].b[i]);
    }
}

void oracle_rational_bwd(const struct problem *p, const struct oracle_in *in, const struct oracle_out *out) {
    struct rational *const groups = calloc((size_t)p->groups, sizeof *groups);
    struct gradients *const grad = calloc((size_t)p->groups, sizeof *grad);
    if (!groups || !grad) abort(); /* a few kilobytes a group */
    for (int g = 0; g < p->groups; g++) groups[g] = rational_of(p, in, g);
    for (int64_t row = 0; row < p->rows; row++) backward_row(p, in, out, row, groups, grad);
    gradients_share(p, grad);
    gradients_store(p, grad, out);
    free(grad);
    free(groups);
}
