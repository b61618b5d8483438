/* One vector of rational_bwd: dx, and what it adds to the gradients of the coefficients.

   With w = 1/Q, y = P w:  dx = (P' - Q' y) w dy,  da_i += x^i (w dy),  db_i += -y x^i (w dy) for dQ/db_i =
   x^i, or |x|^i for form A. One reciprocal serves all of them, Q is never squared, and the even powers serve
   the odd ones of both P and Q: x^(i+1) (w dy) and |x|^(i+1) y (w dy) are one multiply-add away. */
#ifndef KATUNE_RATIONAL_GRAD_H
#define KATUNE_RATIONAL_GRAD_H

#include "rational.h"

/* Accumulators, one a lane and coefficient. Form A's den lacks the factor sign(b_i): rational_den_sign(). */
struct vgrad {
    vf num[DEGREE_MAX + 1], den[DEGREE_MAX + 1]; /* den[1] .. den[n] */
};

INLINE int rational_terms(struct rational_kind kind) {
    return kind.m + 1 + kind.n;
}

INLINE struct vgrad vgrad_zero(void) {
    struct vgrad g;
    for (int i = 0; i <= DEGREE_MAX; i++) g.num[i] = g.den[i] = vf_set(0);
    return g;
}

/* To and from rows of floats: num_0 .. num_m, den_1 .. den_n, each `stride` after the last. */
INLINE struct vgrad vgrad_load(const float *rows, int64_t stride, struct rational_kind kind) {
    struct vgrad g = vgrad_zero();
    for (int i = 0; i <= kind.m; i++) g.num[i] = vf_load(rows + i * stride);
    for (int i = 1; i <= kind.n; i++) g.den[i] = vf_load(rows + (kind.m + i) * stride);
    return g;
}

INLINE void vgrad_store(float *rows, int64_t stride, const struct vgrad *g, struct rational_kind kind) {
    for (int i = 0; i <= kind.m; i++) vf_store(rows + i * stride, g->num[i]);
    for (int i = 1; i <= kind.n; i++) vf_store(rows + (kind.m + i) * stride, g->den[i]);
}

static inline float rational_den_sign(float b, struct rational_kind kind) {
    return kind.form == 'A' && b < 0 ? -1.0f : 1.0f;
}

/* One lane in double; returns its dx. terms: what it adds to num_0 .. num_m, den_1 .. den_n. */
static inline double rational_grad_exact(const double *a, const double *b, struct rational_kind kind,
                                         double x, double g, double *terms) {
    const double z = kind.form == 'A' ? fabs(x) : x;
    double p = 0, r = 0, inner = 0, s = 0;
    for (int i = kind.m; i >= 0; i--) p = p * x + a[i];
    for (int i = kind.m; i >= 1; i--) r = r * x + i * a[i];
    for (int i = kind.n; i >= 1; i--) inner = (inner + b[i]) * z;
    for (int i = kind.n; i >= 1; i--) s = s * z + i * b[i];
    const double sign = kind.form == 'A' ? (x < 0 ? -1 : 1) : (inner < 0 ? -1 : 1);
    const double w = 1 / (1 + fabs(inner)), y = p * w;
    const double h = -y * (kind.form == 'A' ? 1 : sign);
    double power = w * g; /* x^i w stays small where x^i alone would not */
    for (int i = 0; i <= kind.m; i++, power *= x) terms[i] = power;
    power = w * g * z;
    for (int i = 1; i <= kind.n; i++, power *= z) terms[kind.m + i] = h * power;
    return (r * w - s * w * sign * y) * g;
}

/* Redoes the lanes with large |x|; acc had nothing from them. */
static __attribute__((noinline)) vf vrational_grad_large(const struct vrational *r, vf x, vf g, vf dx,
                                                         struct vgrad *acc) {
    float xs[LANES], gs[LANES], out[LANES], lane[LANES];
    vf_store(xs, x);
    vf_store(gs, g);
    vf_store(out, dx);
    for (int l = 0; l < LANES; l++) {
        if (!(fabsf(xs[l]) > rational_large)) continue;
        double a[DEGREE_MAX + 1], b[DEGREE_MAX + 1], terms[2 * DEGREE_MAX + 1];
        for (int i = 0; i <= r->kind.m; i++) vf_store(lane, r->a[i]), a[i] = (double)lane[l];
        for (int i = 1; i <= r->kind.n; i++) vf_store(lane, r->b[i]), b[i] = (double)lane[l];
        out[l] = (float)rational_grad_exact(a, b, r->kind, (double)xs[l], (double)gs[l], terms);
        for (int i = 0; i <= r->kind.m + r->kind.n; i++) {
            vf *const sum = i <= r->kind.m ? &acc->num[i] : &acc->den[i - r->kind.m];
            vf_store(lane, *sum);
            lane[l] += (float)terms[i];
            *sum = vf_load(lane);
        }
    }
    return vf_load(out);
}

/* P's and Q's slopes come out of the same Horner steps as their values, so that they need no coefficients of
   their own: the ten sums and ten coefficients of order (5, 4) leave a dozen registers free. */
INLINE vf vrational_grad_small(const struct vrational *r, vf x, vf g, struct vgrad *acc) {
    const struct rational_kind kind = r->kind;
    vf z = x;
    if (kind.form == 'A') z = vf_abs(x);
    vf p = r->a[kind.m], slope_p = vf_set(0);
    for (int i = kind.m - 1; i >= 0; i--) {
        slope_p = i == kind.m - 1 ? p : vf_fma(slope_p, x, p);
        p = vf_fma(p, x, r->a[i]);
    }
    vf rest = r->b[kind.n], slope_q = rest; /* Q = 1 + |z rest| */
    for (int i = kind.n - 1; i >= 1; i--) {
        if (i < kind.n - 1) slope_q = vf_fma(slope_q, z, rest);
        rest = vf_fma(rest, z, r->b[i]);
    }
    if (kind.n > 1) slope_q = vf_fma(slope_q, z, rest);
    vf q = vf_fma(rest, z, vf_set(1)), inner = x;
    if (kind.form == 'B') {
        inner = rest * z + vf_set(0); /* -0 becomes 0: its sign is plus */
        q = vf_set(1) + vf_abs(inner);
    }
    vf w = vf_set(1) / q;
    if (r->newton) w = vrational_reciprocal(q);
    vf y = p * w, power = w * g, dx; /* power: dy / Q x^i for even i */
    if (kind.form == 'B') {
        y = vf_mulsign(y, inner);
        dx = vf_fnma(slope_q, y, slope_p) * w * g;
    } else {
        dx = vf_fnma(vf_negate_where(vf_lt(x, vf_set(0)), slope_q), y, slope_p) * w * g;
    }
    const vf square = x * x, yz = y * z;
    for (int i = 0; i <= DEGREE_MAX; i += 2) {
        if (i && (i <= kind.m || i <= kind.n)) power = power * square;
        if (i <= kind.m) acc->num[i] = acc->num[i] + power;
        if (i + 1 <= kind.m) acc->num[i + 1] = vf_fma(power, x, acc->num[i + 1]);
        if (i && i <= kind.n) acc->den[i] = vf_fnma(y, power, acc->den[i]);
        if (i + 1 <= kind.n) acc->den[i + 1] = vf_fnma(yz, power, acc->den[i + 1]);
    }
    return dx;
}

INLINE vf vrational_grad(const struct vrational *r, vf x, vf g, struct vgrad *acc) {
    const vm large = vf_lt(vf_set(rational_large), vf_abs(x));
    if (__builtin_expect(!vm_any(large), 1)) return vrational_grad_small(r, x, g, acc);
    const vf dx =
        vrational_grad_small(r, vf_select(large, vf_set(0), x), vf_select(large, vf_set(0), g), acc);
    /* A copy, so that the address of the accumulators in registers is not taken. */
    struct vgrad spilled = *acc;
    const vf mended = vrational_grad_large(r, x, g, dx, &spilled);
    *acc = spilled;
    return mended;
}

#endif
