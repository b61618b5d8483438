/* B-splines on uniform knots: where x lies, the local bases there, and a group's polynomials in reach of
   vectors. */
#ifndef KATUNE_BSPLINE_H
#define KATUNE_BSPLINE_H

#include "lookup.h"
#include "silu.h"
#include "variant.h"
#include "vec.h"

/* The grid in float32, exact enough that the distance to a knot keeps its relative accuracy.

   Knots are counted from the one nearest to 0, t_J = r + J h with |r| <= h/2, so that x - J h is one rounding
   of a small number (a fused multiply-add); h and r come in two parts each. The distance is taken to the
   *nearest* knot: near a knot a basis vanishes like a power of that distance, which a fraction counted from
   the interval's left end would know only to 2^-24 of the interval. */
struct spline_grid {
    float inverse_h, h, h_rest, r, r_rest, offset; /* offset: r / h */
    float magic; /* 2^23, plus what makes J count from the first knot: the sum's low bits are it */
    float near;  /* what |x| is far beyond: SILU_NEAR, or less where the distance to a knot might overflow */
    int exact;   /* whether the second parts, r and the offset are 0 */
    int knots;
    float lo, hi; /* the ends of the grid */
};

/* Knots on either side of the grid that bases reach out to. */
static inline int spline_beyond(const struct problem *p) {
    return p->boundary == TAPER ? p->order : 0;
}

static inline int spline_knots(const struct problem *p) {
    return p->grid + 2 * spline_beyond(p) + 1;
}

static inline double spline_step(const struct problem *p) {
    return ((double)p->hi - (double)p->lo) / p->grid;
}

static inline struct spline_grid spline_grid_of(const struct problem *p) {
    const double lo = (double)p->lo, h = spline_step(p);
    const double origin = nearbyint(-lo / h), r = lo + origin * h;
    struct spline_grid s;
    s.h = (float)h, s.h_rest = (float)(h - (double)s.h);
    s.r = (float)r, s.r_rest = (float)(r - (double)s.r);
    s.inverse_h = (float)(1 / h), s.offset = (float)(r / h);
    s.magic = (float)(0x1p23 + spline_beyond(p) + origin);
    s.near = (float)fmin(SILU_NEAR, 0x1p120 * h);
    s.exact = s.h_rest == 0 && r == 0;
    s.knots = spline_knots(p);
    s.lo = p->lo, s.hi = p->hi;
    return s;
}

/* The knot nearest to x, and the signed distance to it over h. */
struct vknot {
    vi knot; /* counted from the first; beyond them, and where x is NaN, one after the last */
    vf v;
};

/* exact: grid's, a constant where it matters. */
INLINE struct vknot spline_nearest(const struct spline_grid *s, vf x, int exact) {
    vf sum = vf_fma(x, vf_set(s->inverse_h), vf_set(exact ? s->magic : -s->offset));
    if (!exact) sum = sum + vf_set(s->magic);
    const vf j = sum - vf_set(s->magic);
    const vi from_first = vi_add(vf_bits(sum), vi_set(-0x4b000000)); /* the bits of 2^23 */
#if defined __FMA__
    vf v = vf_fnma(j, vf_set(s->h), x);
    if (!exact) v = (v - vf_set(s->r)) - vf_fma(j, vf_set(s->h_rest), vf_set(s->r_rest));
    v = v * vf_set(s->inverse_h);
#else
    const double knot = ((double)s->r + (double)s->r_rest) + (double)j * ((double)s->h + (double)s->h_rest);
    const vf v = (float)(((double)x - knot) * (double)s->inverse_h);
#endif
    return (struct vknot){vi_min_unsigned(from_first, vi_set(s->knots)), v};
}

/* What an element's terms are made of. */
struct spline_point {
    struct vsilu_pair base;
    struct vknot nearest;
    vf inside; /* x, within the grid where it does not taper */
};

/* The longest chain of operations, silu, comes first: what a processor looks ahead is little more than one
   vector. */
INLINE struct spline_point spline_locate(const struct spline_grid *s, vf x, enum boundary boundary,
                                         int exact) {
    struct spline_point at = {.base = vsilu_near(x)};
    at.inside = boundary == TAPER ? x : vf_min(vf_set(s->hi), vf_max(vf_set(s->lo), x)); /* NaN stays NaN */
    at.nearest = spline_nearest(s, at.inside, exact);
    const vm far = vf_beyond(vf_abs(x), vf_set(s->near));
    if (__builtin_expect(vm_any(far), 0)) {
        at.base = vsilu_mended(at.base, x, far);
        const vf v = at.nearest.v;
        at.nearest.v = vf_select(vf_eq(v - v, vf_set(0)), v, vf_set(0)); /* all bases are 0 where it is inf */
    }
    return at;
}

/* Half intervals, times 2^shift: entry 2 J is the half above knot J, entry 2 J + 1 the half below. */
INLINE vi spline_half(const struct vknot *k, int shift) {
    const vi knot = vi_shift(k->knot, shift + 1);
    return vi_or_and(knot, vi_shift_right(vf_bits(k->v), 31 - shift), vi_set(1 << shift));
}

/* Knots, and what is beyond them. */
static inline int spline_entries(const struct problem *p) {
    return spline_knots(p) + 1;
}

/* The interval of a half, lo being in interval 0; beyond a grid that does not taper it is the one inside.
   Returns whether it lies below the knot. */
static inline int half_interval(const struct problem *p, int half, int *interval) {
    const int knot = half / 2 - spline_beyond(p);
    int below = half % 2;
    if (p->boundary != TAPER && knot == 0) below = 0;
    if (p->boundary != TAPER && knot == p->grid) below = 1;
    *interval = knot - below;
    return below;
}

/* A row a basis of an interval. */
struct spline_basis {
    double t[ORDER_MAX + 1][ORDER_MAX + 1];
};

/* The bases' Taylor coefficients at an end of an interval: t[i][q] = B_i^(q)(u) / q!, u = 0 or 1. */
static inline struct spline_basis taylor_basis(int order, int at_end) {
    struct spline_basis basis = {{{0}}};
    double(*const t)[ORDER_MAX + 1] = basis.t;
    t[0][0] = 1;
    const double u = at_end, w = 1 - u;
    for (int d = 1; d <= order; d++) {
        double saved[ORDER_MAX + 1] = {0};
        for (int i = 0; i < d; i++) {
            double part[ORDER_MAX + 1];
            for (int q = 0; q <= order; q++) part[q] = t[i][q] / d;
            for (int q = 0; q <= order; q++) { /* (w + i) falls and (u + d - 1 - i) rises by 1 a unit of u */
                const double before = q ? part[q - 1] : 0;
                t[i][q] = saved[q] + (w + i) * part[q] - before;
                saved[q] = (u + d - 1 - i) * part[q] + before;
            }
        }
        memcpy(t[d], saved, sizeof saved);
    }
    return basis;
}

/* The bases' slopes by u at an end of an interval, B_i' = B_(i-1),(k-1) - B_i,(k-1): where two are the same
   their difference is 0 exactly, which a distance beyond the end may multiply by any amount. */
static inline void end_slopes(int order, int at_end, double slope[ORDER_MAX + 1]) {
    const struct spline_basis lower = taylor_basis(order - 1, at_end);
    for (int i = 0; i <= order; i++)
        slope[i] = (i > 0 ? lower.t[i - 1][0] : 0) - (i < order ? lower.t[i][0] : 0);
}

/* The spline's polynomial on a half interval, in powers of the distance to the knot over h. */
static inline void half_polynomial(const struct problem *p, const struct spline_basis basis[2],
                                   const float *coef, int half, double out[ORDER_MAX + 1]) {
    int interval;
    const int below = half_interval(p, half, &interval);
    for (int q = 0; q <= ORDER_MAX; q++) out[q] = 0;
    for (int i = 0; i <= p->order; i++) {
        const int m = interval + i;
        if (m < 0 || m >= coef_count(p)) continue;
        for (int q = 0; q <= p->order; q++) out[q] += (double)coef[m] * basis[below].t[i][q];
    }
}

/* A group's polynomials: wspline S(x) for the forward operation, wspline dS/dx for the backward one.

   A spline of degree k is k - 1 times differentiable at its knots: the polynomials below and above differ in
   the last coefficient only. LOOKUP_ONE and LOOKUP_TWO have a table by knots for every coefficient and a
   second one, below, for the last. LOOKUP_ROWS has the whole polynomial of every half interval side by side.
 */
enum { JOINT_DEGREE = 5 }; /* of LOOKUP_JOINT, whatever the order */

struct spline_tables {
    enum lookup_kind kind;
    int slope;     /* whether of dS/dx */
    int degree;    /* of the polynomials */
    int jump;      /* the power at which those below and above a knot differ */
    int quads;     /* QUADs of a row */
    int64_t group; /* floats of a group */
};

static inline struct spline_tables spline_tables_of(const struct problem *p, int slope,
                                                    enum lookup_kind kind) {
    struct spline_tables t = {.kind = kind, .slope = slope, .jump = p->order - slope};
    t.degree = kind == LOOKUP_JOINT ? JOINT_DEGREE : t.jump;
    t.quads = (t.degree + QUAD) / QUAD;
    t.group =
        kind == LOOKUP_ROWS ? 2 * spline_entries(p) * t.quads * QUAD : lookup_entries(kind) * (t.degree + 2);
    return t;
}

static inline size_t spline_tables_bytes(const struct problem *p, const struct spline_tables *t) {
    return (size_t)p->groups * (size_t)t->group * sizeof(float);
}

static inline void spline_table_fill(const struct problem *p, const struct call *call,
                                     const struct spline_tables *t, const struct spline_basis basis[2],
                                     int64_t group, float *table) {
    const float *const coef = (const float *)call->in[T_COEF] + group * coef_count(p);
    const double h = spline_step(p);
    const double scale = (double)((const float *)call->in[T_WSPLINE])[group] / (t->slope ? h : 1);
    memset(table, 0, (size_t)t->group * sizeof *table);
    for (int half = 0; half < 2 * spline_knots(p); half++) {
        double power[ORDER_MAX + 1];
        half_polynomial(p, basis, coef, half, power);
        for (int q = 0; q <= t->degree; q++) {
            const float value = (float)(scale * (t->slope ? (q + 1) * power[q + 1] : power[q]));
            if (t->kind == LOOKUP_ROWS)
                table[half * t->quads * QUAD + q] = value;
            else if (half % 2 == 0 || q == t->degree)
                table[(q + half % 2) * lookup_entries(t->kind) + half / 2] = value;
        }
    }
}

static inline void spline_tables_fill(const struct problem *p, const struct call *call,
                                      const struct spline_tables *t, float *tables) {
    const struct spline_basis basis[2] = {taylor_basis(p->order, 0), taylor_basis(p->order, 1)};
    for (int64_t g = 0; g < p->groups; g++) spline_table_fill(p, call, t, basis, g, tables + g * t->group);
}

/* A group's polynomials, ready for its segments. */
struct vspline {
    struct lookup power[ORDER_MAX + 2];
    const float *rows;
};

INLINE struct vspline vspline_load(const float *table, enum lookup_kind kind, int degree) {
    struct vspline s = {.rows = table};
    for (int q = 0; kind != LOOKUP_ROWS && q <= degree + 1; q++)
        s.power[q] = lookup_load(table + q * lookup_entries(kind), kind);
    return s;
}

/* The polynomial's value; kind and degree are constants where it matters. */
INLINE vf vspline_at(const struct vspline *s, const struct vknot *k, enum lookup_kind kind, int degree) {
    if (kind == LOOKUP_ROWS) {
        const int quads = (degree + QUAD) / QUAD;
        int32_t offset[LANES] __attribute__((aligned(64)));
        vi_store(offset, spline_half(k, quads == 2 ? 3 : 2));
        vf power[2 * QUAD];
        rows_get(s->rows, offset, power);
        if (quads == 2) rows_get(s->rows + QUAD, offset, power + QUAD);
        vf sum = power[degree];
        for (int q = degree - 1; q >= 0; q--) sum = vf_fma(sum, k->v, power[q]);
        return sum;
    }
    const struct lookup_at at = lookup_at(k->knot);
    vf sum = vf_select(vf_lt(k->v, vf_set(0)), lookup_get(&s->power[degree + 1], at, kind),
                       lookup_get(&s->power[degree], at, kind));
    for (int q = degree - 1; q >= 0; q--) sum = vf_fma(sum, k->v, lookup_get(&s->power[q], at, kind));
    return sum;
}

#endif
