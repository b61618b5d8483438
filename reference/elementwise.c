#include "oracle.h"

#include <math.h>

/* 1/sqrt(2), 1/sqrt(2 pi) */
static const double sqrt_half = 0.70710678118654752440, inv_sqrt_2pi = 0.39894228040143267794;

struct term silu_value(double x) {
    const double y = x / (1 + exp(-x));
    return (struct term){y, fabs(y)};
}

struct term silu_slope(double x) {
    const double s = 1 / (1 + exp(-x)), rest = 1 / (1 + exp(x)); /* rest = 1 - s, without cancellation */
    struct term t = {0, 0};
    term_add(&t, s);
    term_add(&t, x * s * rest);
    return t;
}

/* gelu(x) = x Phi(x). Its two terms x/2 and x/2 erf(x/sqrt 2) nearly cancel for large negative x, but the
   value is computed here from erfc, and the scale is that of the definition x/2 (1 + erf): |x/2| + |x/2 erf|.
 */
static struct term gelu_value(double x) {
    const double scale = fabs(x / 2) + fabs(x / 2 * erf(x * sqrt_half));
    return (struct term){x / 2 * erfc(-x * sqrt_half), scale};
}

/* gelu'(x) = Phi(x) + x phi(x) */
static struct term gelu_slope(double x) {
    const double density = inv_sqrt_2pi * exp(-x * x / 2);
    const double scale = 0.5 + fabs(erf(x * sqrt_half)) / 2 + fabs(x * density);
    return (struct term){erfc(-x * sqrt_half) / 2 + x * density, scale};
}

static void forward(const struct problem *p, const struct oracle_in *in, const struct oracle_out *out,
                    struct term (*value)(double)) {
    for (int64_t i = 0; i < problem_elements(p); i++) {
        const struct term y = value((double)in->in[T_X][i]);
        output_set(out, T_Y, i, y.value, y.scale);
    }
}

static void backward(const struct problem *p, const struct oracle_in *in, const struct oracle_out *out,
                     struct term (*slope)(double)) {
    for (int64_t i = 0; i < problem_elements(p); i++) {
        const struct term d = slope((double)in->in[T_X][i]);
        const double dy = (double)in->in[T_DY][i];
        output_set(out, T_DX, i, d.value * dy, d.scale * fabs(dy));
    }
}

static struct term identity(double x) {
    return (struct term){x, 0};
}

void oracle_copy(const struct problem *p, const struct oracle_in *in, const struct oracle_out *out) {
    forward(p, in, out, identity);
}

void oracle_gelu_fwd(const struct problem *p, const struct oracle_in *in, const struct oracle_out *out) {
    forward(p, in, out, gelu_value);
}

void oracle_gelu_bwd(const struct problem *p, const struct oracle_in *in, const struct oracle_out *out) {
    backward(p, in, out, gelu_slope);
}

void oracle_silu_fwd(const struct problem *p, const struct oracle_in *in, const struct oracle_out *out) {
    forward(p, in, out, silu_value);
}

void oracle_silu_bwd(const struct problem *p, const struct oracle_in *in, const struct oracle_out *out) {
    backward(p, in, out, silu_slope);
}
