/* One vector of rational_bwd: dx, and what it adds to the gradients of the coefficients.

   With w = 1/Q, y = P w:  dx = (P' - Q' y) w dy,  da_i += x^i (w dy),  db_i += -y x^i (w dy) for dQ/db_i =
   x^i, or |x|^i for form A. One reciprocal serves all of them, and Q is never squared.

   Of order (5, 4) and form A a vector takes 28 multiplications and multiply-adds, 13 additions and a
   division, which keeps Zen 4's multipliers for two more: 30 of its cycles. */
#ifndef KATUNE_RATIONAL_GRAD_H
#define KATUNE_RATIONAL_GRAD_H

#include "rational.h"

/* Accumulators, one a lane and coefficient. den holds y dy / Q x^i, without the factor
   -1 or, for form A, -sign(b_i): rational_den_factor(). */
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

INLINE void vgrad_store_added(float *rows, int64_t stride, const struct vgrad *g, struct rational_kind kind) {
    const struct vgrad before = vgrad_load(rows, stride, kind);
    struct vgrad sum;
    for (int i = 0; i <= kind.m; i++) sum.num[i] = before.num[i] + g->num[i];
    for (int i = 1; i <= kind.n; i++) sum.den[i] = before.den[i] + g->den[i];
    vgrad_store(rows, stride, &sum, kind);
}

static inline float rational_den_factor(float b, struct rational_kind kind) {
    return kind.form == 'A' && b < 0 ? 1.0f : -1.0f;
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
    const double w = 1 / (kind.monic ? b[0] + inner : 1 + fabs(inner)), y = p * w;
    const double h = y * (kind.form == 'A' ? 1 : sign);
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
        for (int i = !r->kind.monic; i <= r->kind.n; i++) vf_store(lane, r->b[i]), b[i] = (double)lane[l];
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

/* A polynomial and its slope, which comes out of the same Horner steps and needs no coefficients of its own.
 */
struct vpoly {
    vf value, slope;
};

/* p[k] = lowest + c_1 x[k] + ... + c_n x[k]^n. The first two steps add to the same product where they should,
   which is x itself where c_n is 1 (monic), and otherwise one multiply-add less for two additions (apart):
   that wins where additions have pipes of their own (Zen 4) and loses where they share those of the
   multiply-adds (Intel). */
INLINE void vpoly_at(struct vpoly *p, const vf *c, int degree, vf lowest, const vf *x, int count, int monic,
                     int apart) {
    const int added = monic || apart;
    vf top[TOGETHER];
    for (int k = 0; k < count; k++) {
        p[k] = (struct vpoly){c[degree], vf_set(0)};
        top[k] = x[k];
        if (!monic) top[k] = vf_apart(c[degree] * x[k]);
    }
    for (int i = degree - 1; i >= 0; i--) {
        const vf next = i ? c[i] : lowest;
        for (int k = 0; k < count; k++) {
            const struct vpoly last = p[k];
            if (i == degree - 1)
                p[k].slope = last.value;
            else if (added && i == degree - 2)
                p[k].slope = top[k] + last.value;
            else
                p[k].slope = vf_fma(last.slope, x[k], last.value);
            if (added && i == degree - 1)
                p[k].value = top[k] + next;
            else
                p[k].value = vf_fma(last.value, x[k], next);
        }
    }
}

/* u = dy / Q. Each power of x times u is a product of the last one, added by itself: a product serves the
   next one, and additions run beside the multiply-adds where a core has pipes of their own for them (Zen 4).
   The even powers, which are those of |x|, serve den in multiply-adds. */
INLINE void vgrad_add(struct vgrad *acc, struct rational_kind kind, vf *u, const vf *y, const vf *x,
                      const vf *z, int count) {
    const int top = kind.m > kind.n ? kind.m : kind.n;
    vf yz[TOGETHER];
    for (int k = 0; k < count; k++) yz[k] = y[k] * z[k];
    for (int i = 0; i <= top; i += 2) {
        for (int k = 0; k < count; k++) {
            if (i <= kind.m) acc->num[i] = acc->num[i] + u[k];
            if (i && i <= kind.n) acc->den[i] = vf_fma(y[k], u[k], acc->den[i]);
            if (i + 1 <= kind.n) acc->den[i + 1] = vf_fma(yz[k], u[k], acc->den[i + 1]);
        }
        for (int k = 0; k < count; k++) {
            if (i + 2 <= top) {
                u[k] = u[k] * x[k];
                if (i + 1 <= kind.m) acc->num[i + 1] = acc->num[i + 1] + u[k];
                u[k] = u[k] * x[k];
            } else if (i + 1 <= kind.m) {
                acc->num[i + 1] = vf_fma(u[k], x[k], acc->num[i + 1]);
            }
        }
    }
}

/* dx of `count` vectors side by side, one or TOGETHER: the chain from x to the sums is some sixty cycles
   long, twice as many as a vector's operations take, and the schedulers of Zen 4 hold those of about two
   vectors. */
INLINE void vrational_grad_small(const struct vrational *r, vf *dx, const vf *x, const vf *g, int count,
                                 struct vgrad *acc) {
    const struct rational_kind kind = r->kind;
    vf z[TOGETHER], w[TOGETHER], y[TOGETHER], u[TOGETHER];
    struct vpoly p[TOGETHER], q[TOGETHER];
    for (int k = 0; k < count; k++) {
        z[k] = x[k];
        if (kind.form == 'A') z[k] = vf_abs(x[k]);
    }
    vf lowest = vf_set(kind.form == 'A' ? 1 : 0);
    if (kind.monic) lowest = r->b[0];
    vpoly_at(q, r->b, kind.n, lowest, z, count, 0, !r->newton);
    for (int k = 0; k < count; k++) {
        vf divisor = q[k].value;
        if (kind.form == 'B') divisor = vf_set(1) + vf_abs(divisor);
        w[k] = vf_set(1) / divisor;
        if (r->newton) w[k] = vrational_reciprocal(divisor);
    }
    vpoly_at(p, r->a, kind.m, r->a[0], x, count, kind.monic, !r->newton);
    for (int k = 0; k < count; k++) {
        y[k] = p[k].value * w[k];
        u[k] = g[k] * w[k]; /* maybe denormal where dx is not: no factor of dx */
        /* Adding 0 makes -0 a 0: its sign is plus. */
        if (kind.form == 'A')
            q[k].slope = vf_mulsign(q[k].slope, x[k] + vf_set(0));
        else
            y[k] = vf_mulsign(y[k], q[k].value + vf_set(0));
        dx[k] = vf_fnma(q[k].slope, y[k], p[k].slope) * w[k] * g[k];
    }
    vgrad_add(acc, kind, u, y, x, z, count);
}

/* Looks at every vector for large |x|. */
INLINE vf vrational_grad(const struct vrational *r, vf x, vf g, struct vgrad *acc) {
    const vm large = vf_lt(vf_set(rational_large), vf_abs(x));
    vf dx;
    if (__builtin_expect(!vm_any(large), 1)) {
        vrational_grad_small(r, &dx, &x, &g, 1, acc);
        return dx;
    }
    const vf small = vf_select(large, vf_set(0), x), gradient = vf_select(large, vf_set(0), g);
    vrational_grad_small(r, &dx, &small, &gradient, 1, acc);
    /* A copy, so that the address of the accumulators in registers is not taken. */
    struct vgrad spilled = *acc;
    const vf mended = vrational_grad_large(r, x, g, dx, &spilled);
    *acc = spilled;
    return mended;
}

#endif
