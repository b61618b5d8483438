/* y = P/Q of grouped rationals on vectors: coefficients, evaluation, and what to do where float32 would
 * overflow. */
#ifndef KATUNE_RATIONAL_H
#define KATUNE_RATIONAL_H

#include "variant.h"
#include "vec.h"

/* Beyond this |x| powers up to the eighth, times coefficients and gradients, may leave float32 while P/Q
   would not: such vectors are redone lane by lane in double. */
static const float rational_large = 4096;

/* The shape of P and Q. In a kernel specialised for one of them it is a compile-time constant. */
struct rational_kind {
    char form;
    int m, n;
    int monic; /* P and Q are divided by a_m: P begins with x^m, and b[0] takes the place of Q's 1 */
};

static inline struct rational_kind rational_kind_of(const struct problem *p) {
    return (struct rational_kind){p->form, p->m, p->n, 0};
}

/* One group's coefficients, b as |b| for form A. */
struct rational_coefs {
    float a[DEGREE_MAX + 1], b[DEGREE_MAX + 1]; /* b[0] = 1 */
    float divisor;                              /* what they are divided by: a_m, or 0 for undivided ones */
};

/* A NaN without a payload, so that io_store2() may cut it. */
INLINE float rational_coef(float a) {
    return isnan(a) ? copysignf(NAN, a) : a;
}

INLINE struct rational_coefs rational_coefs_of(const struct problem *p, const struct call *call,
                                               int64_t group, struct rational_kind kind) {
    const float *const num = (const float *)call->in[T_NUM] + (p->num_groups == 1 ? 0 : group * (kind.m + 1));
    const float *const den = (const float *)call->in[T_DEN] + (p->den_groups == 1 ? 0 : group * kind.n);
    struct rational_coefs c = {.b = {1}};
    for (int i = 0; i <= kind.m; i++) c.a[i] = rational_coef(num[i]);
    for (int i = 1; i <= kind.n; i++)
        c.b[i] = rational_coef(kind.form == 'A' ? fabsf(den[i - 1]) : den[i - 1]);
    return c;
}

/* Divides P and Q of form A by a_m, which makes the first multiply-add of P, and of its slope, an addition:
   on cores where those have pipes of their own (Zen 4) the multiply-adds are what the loops wait for. Left as
   they are where a quotient would be so large or so small that float32's range might not do. */
static inline void rational_divide(struct rational_coefs *c, struct rational_kind kind) {
    const float top = c->a[kind.m], least = 0x1p-20f, most = 0x1p20f;
    if (kind.form != 'A' || kind.m < 1 || !(fabsf(top) >= least && fabsf(top) <= most)) return;
    for (int i = 0; i <= kind.m + kind.n; i++) {
        const float value = fabsf(i <= kind.m ? c->a[i] : c->b[i - kind.m]);
        if (!(value == 0 || (value >= least && value <= most))) return;
    }
    for (int i = 0; i <= kind.m; i++) c->a[i] /= top;
    for (int i = 0; i <= kind.n; i++) c->b[i] /= top;
    c->divisor = top;
}

/* The same broadcast to every lane, or a different group's in each. */
struct vrational {
    vf a[DEGREE_MAX + 1], b[DEGREE_MAX + 1];
    struct rational_kind kind;
    int newton; /* 1/Q from an estimate by Newton's iteration instead of a division */
};

INLINE struct vrational vrational_broadcast(const struct rational_coefs *c, struct rational_kind kind,
                                            int newton) {
    struct vrational v;
    v.kind = kind;
    v.newton = newton;
    for (int i = 0; i <= kind.m; i++) v.a[i] = vf_set(c->a[i]);
    for (int i = !kind.monic; i <= kind.n; i++) v.b[i] = vf_set(c->b[i]);
    return v;
}

/* b1 + z (b2 + ...): z times it is Q - 1, never negative, for form A and z = |x|, and +-(Q - 1) for form B
   and z = x. */
INLINE vf vrational_rest(const struct vrational *r, vf z) {
    vf q = r->b[r->kind.n];
    for (int i = r->kind.n - 1; i >= 1; i--) q = vf_fma(q, z, r->b[i]);
    return q;
}

INLINE vf vrational_numerator(const struct vrational *r, vf x) {
    const int m = r->kind.m;
    vf p = r->a[m];
    if (r->kind.monic) p = x + r->a[m - 1];
    for (int i = m - 1 - r->kind.monic; i >= 0; i--) p = vf_fma(p, x, r->a[i]);
    return p;
}

/* 1/q for a normal q. One step of r (2 - q r) squares the estimate's relative error: from 2^-14 (avx512) to
   2^-28, from 1.5 2^-12 (avx2) to 2^-22.8, so avx2 takes two. For an infinite q the step gives NaN and so
   does P/Q. */
INLINE vf vrational_reciprocal(vf q) {
    vf r = vf_rcp_estimate(q);
    r = vf_fma(r, vf_fnma(q, r, vf_set(1)), r);
    if (LANES == 8) r = vf_fma(r, vf_fnma(q, r, vf_set(1)), r);
    return r;
}

/* One lane's y in double. */
static inline double rational_exact(const float *a, const float *b, int stride, struct rational_kind kind,
                                    double x) {
    const double z = kind.form == 'A' ? fabs(x) : x;
    double p = 0, q = 0;
    for (int i = kind.m; i >= 0; i--) p = p * x + (double)a[i * stride];
    for (int i = kind.n; i >= 1; i--) q = (q + (double)b[i * stride]) * z;
    return p / (1 + fabs(q));
}

static __attribute__((noinline)) vf vrational_large(const struct vrational *r, vf x, vf y) {
    float a[(DEGREE_MAX + 1) * LANES], b[(DEGREE_MAX + 1) * LANES], xs[LANES], ys[LANES];
    for (int i = 0; i <= r->kind.m; i++) vf_store(a + i * LANES, r->a[i]);
    for (int i = 1; i <= r->kind.n; i++) vf_store(b + i * LANES, r->b[i]);
    vf_store(xs, x);
    vf_store(ys, y);
    for (int l = 0; l < LANES; l++)
        if (fabsf(xs[l]) > rational_large)
            ys[l] = (float)rational_exact(a + l, b + l, LANES, r->kind, (double)xs[l]);
    return vf_load(ys);
}

/* Without a look at large |x|. */
INLINE vf vrational_small(const struct vrational *r, vf x, vf magnitude) {
    vf q, lowest = vf_set(1);
    if (r->kind.monic) lowest = r->b[0];
    if (r->kind.form == 'A')
        q = vf_fma(vrational_rest(r, magnitude), magnitude, lowest);
    else
        q = vf_set(1) + vf_abs(vrational_rest(r, x) * x);
    const vf p = vrational_numerator(r, x);
    if (r->newton) return p * vrational_reciprocal(q);
    return p / q;
}

INLINE vf vrational_value(const struct vrational *r, vf x) {
    const vf magnitude = vf_abs(x), y = vrational_small(r, x, magnitude);
    if (__builtin_expect(vm_any(vf_lt(vf_set(rational_large), magnitude)), 0))
        return vrational_large(r, x, y);
    return y;
}

#endif
