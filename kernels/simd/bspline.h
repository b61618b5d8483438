/* B-splines on uniform knots: where x lies, the local bases there, and a group's polynomials in reach of
   vectors. */
#ifndef KATUNE_BSPLINE_H
#define KATUNE_BSPLINE_H

#include "lookup.h"
#include "variant.h"
#include "vec.h"

/* The grid in float32, exact enough that the distance to a knot keeps its relative accuracy.

   Knots are counted from the one nearest to 0, t_J = r + J h with |r| <= h/2, so that x - J h is one rounding
   of a small number (a fused multiply-add); h and r come in two parts each. The distance is taken to the
   *nearest* knot: near a knot a basis vanishes like a power of that distance, which a fraction counted from
   the interval's left end would know only to 2^-24 of the interval. */
struct spline_grid {
    float inverse_h, h, h_rest, r, r_rest, offset; /* offset: r / h */
    float magic;           /* 2^23, plus what makes J count from the first knot: the sum's low bits are it */
    float x_first, x_last; /* x is clamped to these before it is located */
    int knots;
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
    const double lo = (double)p->lo, hi = (double)p->hi, h = spline_step(p);
    const double origin = nearbyint(-lo / h), r = lo + origin * h;
    struct spline_grid s;
    s.h = (float)h, s.h_rest = (float)(h - (double)s.h);
    s.r = (float)r, s.r_rest = (float)(r - (double)s.r);
    s.inverse_h = (float)(1 / h), s.offset = (float)(r / h);
    const int beyond = spline_beyond(p);
    s.magic = (float)(0x1p23 + beyond + origin);
    s.knots = spline_knots(p);
    /* Beyond the last knot of a taper x stops, where every basis is 0. */
    s.x_first = beyond ? (float)(lo - (beyond + 0.125) * h) : p->lo;
    s.x_last = beyond ? (float)(hi + (beyond + 0.125) * h) : p->hi;
    return s;
}

/* x between the ends; NaN stays NaN. */
INLINE vf spline_clamp(const struct spline_grid *s, vf x) {
    return vf_min(vf_set(s->x_last), vf_max(vf_set(s->x_first), x));
}

/* The knot nearest to clamped x, and the signed distance to it. */
struct vknot {
    vi bits; /* the knot, counted from the first, in the low bits */
    vf v;
};

INLINE struct vknot spline_nearest(const struct spline_grid *s, vf x) {
    const vf sum = vf_fma(x, vf_set(s->inverse_h), vf_set(-s->offset)) + vf_set(s->magic);
    const vf j = sum - vf_set(s->magic);
#if defined __FMA__
    const vf coarse = vf_fnma(j, vf_set(s->h), x) - vf_set(s->r);
    const vf v = coarse - vf_fma(j, vf_set(s->h_rest), vf_set(s->r_rest));
#else
    const double knot = ((double)s->r + (double)s->r_rest) + (double)j * ((double)s->h + (double)s->h_rest);
    const vf v = (float)((double)x - knot);
#endif
    return (struct vknot){vf_bits(sum), v};
}

/* Half intervals, times 2^shift: entry 2 J is the half above knot J, entry 2 J + 1 the half below. NaN has
   two of its own, behind those of the last knot. */
INLINE vi spline_half(const struct spline_grid *s, const struct vknot *k, int shift) {
    const vi from_first = vi_add(k->bits, vi_set(-0x4b000000)); /* the bits of 2^23 */
    const vi knot = vi_shift(vi_min_unsigned(from_first, vi_set(s->knots)), shift + 1);
    return vi_or_and(knot, vi_shift_right(vf_bits(k->v), 31 - shift), vi_set(1 << shift));
}

/* Half intervals and those of NaN. */
static inline int spline_halves(const struct problem *p) {
    return 2 * (spline_knots(p) + 1);
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
    t.group = kind == LOOKUP_ROWS ? spline_halves(p) * t.quads * QUAD : lookup_entries(kind) * (t.degree + 2);
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
    const double wspline = (double)((const float *)call->in[T_WSPLINE])[group];
    memset(table, 0, (size_t)t->group * sizeof *table);
    for (int half = 0; half < 2 * spline_knots(p); half++) {
        double power[ORDER_MAX + 1];
        half_polynomial(p, basis, coef, half, power);
        double scale = t->slope ? wspline / h : wspline;
        for (int q = 0; q <= t->degree; q++, scale /= h) {
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
INLINE vf vspline_at(const struct spline_grid *grid, const struct vspline *s, const struct vknot *k,
                     enum lookup_kind kind, int degree) {
    if (kind == LOOKUP_ROWS) {
        const int quads = (degree + QUAD) / QUAD;
        int32_t offset[LANES] __attribute__((aligned(64)));
        vi_store(offset, spline_half(grid, k, quads == 2 ? 3 : 2));
        vf power[2 * QUAD];
        rows_get(s->rows, offset, power);
        if (quads == 2) rows_get(s->rows + QUAD, offset, power + QUAD);
        vf sum = power[degree];
        for (int q = degree - 1; q >= 0; q--) sum = vf_fma(sum, k->v, power[q]);
        return sum;
    }
    const struct lookup_at at = lookup_at(k->bits);
    vf sum = vf_select(vf_lt(k->v, vf_set(0)), lookup_get(&s->power[degree + 1], at, kind),
                       lookup_get(&s->power[degree], at, kind));
    for (int q = degree - 1; q >= 0; q--) sum = vf_fma(sum, k->v, lookup_get(&s->power[q], at, kind));
    return sum;
}

#endif
