/* The oracles, one per operation: double precision, written for clarity from the formulas in
   kernels/problem.h. sign(0) = +1 in every derivative of an absolute value. */
#ifndef KATUNE_ORACLE_H
#define KATUNE_ORACLE_H

#include "op.h"

oracle_fn oracle_copy, oracle_gelu_fwd, oracle_gelu_bwd, oracle_silu_fwd, oracle_silu_bwd;
oracle_fn oracle_rational_fwd, oracle_rational_bwd, oracle_bspline_fwd, oracle_bspline_bwd;

/* A value and the sum of the absolute values of its terms. */
struct term {
    double value, scale;
};

static inline void term_add(struct term *t, double addend) {
    t->value += addend;
    t->scale += addend < 0 ? -addend : addend;
}

static inline void output_set(const struct oracle_out *out, enum tensor t, int64_t i, double value,
                              double scale) {
    out->value[t][i] = value;
    out->scale[t][i] = scale;
}

static inline double row_weight(const struct oracle_in *in, int64_t row) {
    return in->row_count ? (double)in->row_count[row] : 1;
}

/* silu(x) = x / (1 + exp(-x)) and its derivative s (1 + x (1 - s)), s = 1 / (1 + exp(-x)), as terms. */
struct term silu_value(double x);
struct term silu_slope(double x);

/* One point of a spline, for tests of its identities: the g-th basis function's value and derivative at x, as
   the problem's boundary defines them. */
void bspline_bases(const struct problem *p, double x, double *value, double *slope);

#endif
