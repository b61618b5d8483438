/* B-splines on uniform knots: where x lies, the local bases there, and a group's coefficients in reach of
 * vectors. */
#ifndef KATUNE_BSPLINE_H
#define KATUNE_BSPLINE_H

#include "variant.h"
#include "vec.h"

/* The grid in float32, exact enough that the distance to a knot keeps its relative accuracy.

   Knots are counted from the one nearest to 0, t_J = r + J h with |r| <= h/2, so that x - J h is one rounding
   of a small number (a fused multiply-add); h and r come in two parts each. The distance is taken to the
   *nearest* knot: near a knot a basis vanishes like a power of that distance, which a fraction counted from
   the interval's left end would know only to 2^-24 of the interval. */
struct spline_grid {
    float inverse_h, h, h_rest, r, r_rest, offset; /* offset: r / h */
    float j_first, j_last;                         /* the knots that x is referred to */
    float origin;                        /* the index of knot J = 0 among the grid's knots, lo being 0 */
    float x_first, x_last;               /* x is clamped to these before it is located */
    float interval_first, interval_last; /* intervals that x may be said to lie in */
    int order, grid;
    enum boundary boundary;
};

static inline struct spline_grid spline_grid_of(const struct problem *p) {
    const double lo = (double)p->lo, hi = (double)p->hi, h = (hi - lo) / p->grid;
    const double origin = nearbyint(-lo / h), r = lo + origin * h;
    struct spline_grid s = {.order = p->order, .grid = p->grid, .boundary = p->boundary};
    s.h = (float)h, s.h_rest = (float)(h - (double)s.h);
    s.r = (float)r, s.r_rest = (float)(r - (double)s.r);
    s.inverse_h = (float)(1 / h), s.offset = (float)(r / h);
    s.origin = (float)origin;
    /* A taper has `order` knots beyond the grid, and beyond the last of them x stops, where every basis is 0.
     */
    const int beyond = p->boundary == TAPER ? p->order : 0;
    s.j_first = (float)(-beyond - origin), s.j_last = (float)(p->grid + beyond - origin);
    const int zero = beyond ? beyond + 1 : 0;
    s.interval_first = (float)-zero, s.interval_last = (float)(p->grid - 1 + zero);
    s.x_first = beyond ? (float)(lo - (beyond + 0.25) * h) : p->lo;
    s.x_last = beyond ? (float)(hi + (beyond + 0.25) * h) : p->hi;
    return s;
}

/* x between the ends; NaN stays NaN. */
INLINE vf spline_clamp(const struct spline_grid *s, vf x) {
    return vf_min(vf_set(s->x_last), vf_max(vf_set(s->x_first), x));
}

/* The nearest knot J, and the signed distance to it over h. NaN is referred to the first knot. */
struct vknot {
    vf j, v;
};

INLINE struct vknot spline_nearest(const struct spline_grid *s, vf x) {
    struct vknot k;
    const vf f = vf_fma(x, vf_set(s->inverse_h), vf_set(-s->offset));
    k.j = vf_min(vf_max(vf_round(f), vf_set(s->j_first)), vf_set(s->j_last));
#if defined __FMA__
    const vf coarse = vf_fnma(k.j, vf_set(s->h), x) - vf_set(s->r);
    k.v = (coarse - vf_fma(k.j, vf_set(s->h_rest), vf_set(s->r_rest))) * vf_set(s->inverse_h);
#else
    const double knot = ((double)s->r + (double)s->r_rest) + (double)k.j * ((double)s->h + (double)s->h_rest);
    k.v = (float)(((double)x - knot) * (double)s->inverse_h);
#endif
    return k;
}

/* The interval that clamped x lies in (a whole number, 0 for [lo, lo + h)), and the distances to its ends
   over h, each of full relative accuracy. x = hi is the end of the last interval. */
struct vplace {
    vf interval, u, w; /* u + w = 1 */
};

INLINE struct vplace spline_place(const struct spline_grid *s, vf clamped) {
    const struct vknot k = spline_nearest(s, clamped);
    const vm left = vf_lt(k.v, vf_set(0));
    const vf one = vf_set(1), zero = vf_set(0);
    const vf found = k.j + vf_set(s->origin) - vf_select(left, one, zero);
    struct vplace at;
    at.interval = vf_max(vf_min(found, vf_set(s->interval_last)), vf_set(s->interval_first));
    const vf over = found - at.interval; /* 1 at hi, -1 where rounding falls below lo, else 0 */
    at.u = vf_select(left, one + k.v, k.v) + over;
    at.w = vf_select(left, -k.v, one - k.v) - over;
    return at;
}

/* The order + 1 bases that live on the interval. */
INLINE void spline_bases(int order, vf u, vf w, vf b[ORDER_MAX + 1]) {
    if (order == 3) {
        const vf sixth = vf_set(1.0f / 6), u2 = u * u, w2 = w * w;
        b[0] = w2 * w * sixth;
        b[3] = u2 * u * sixth;
        b[1] = vf_fma(u2, vf_fma(u, vf_set(0.5f), vf_set(-1)), vf_set(2.0f / 3));
        b[2] = vf_fma(w2, vf_fma(w, vf_set(0.5f), vf_set(-1)), vf_set(2.0f / 3));
        return;
    }
    /* Cox-de Boor, every term positive */
    b[0] = vf_set(1);
    for (int d = 1; d <= order; d++) {
        vf saved = vf_set(0);
        for (int i = 0; i < d; i++) {
            const vf part = b[i] * vf_set(1.0f / (float)d);
            b[i] = vf_fma(w + vf_set((float)i), part, saved);
            saved = (u + vf_set((float)(d - 1 - i))) * part;
        }
        b[d] = saved;
    }
}

/* Their derivatives by u: B_i' = B_(i-1),(k-1) - B_i,(k-1). */
INLINE void spline_slopes(int order, vf u, vf w, vf d[ORDER_MAX + 1]) {
    if (order == 3) {
        const vf half = vf_set(0.5f);
        d[0] = -(w * w * half);
        d[3] = u * u * half;
        d[1] = u * vf_fma(u, vf_set(1.5f), vf_set(-2));
        d[2] = -(w * vf_fma(w, vf_set(1.5f), vf_set(-2)));
        return;
    }
    spline_bases(order - 1, u, w, d);
    d[order] = d[order - 1];
    for (int i = order - 1; i >= 1; i--) d[i] = d[i - 1] - d[i];
    d[0] = -d[0];
}

/* A group's coefficients where an interval finds them: entry m + order + 1 is c_m, and c_m is 0 below 0 and
   above grid + order - 1, down to the interval before the first knot and up to the one after the last. */
enum { SPLINE_TABLE_MAX = GRID_MAX + 3 * ORDER_MAX + 2 };

static inline int spline_table_count(const struct problem *p) {
    return p->grid + 3 * p->order + 2;
}

static inline void spline_table_fill(const struct problem *p, const struct call *call, int64_t group,
                                     float *table) {
    const float *const coef = (const float *)call->in[T_COEF] + group * coef_count(p);
    memset(table, 0, (size_t)spline_table_count(p) * sizeof *table);
    memcpy(table + p->order + 1, coef, (size_t)coef_count(p) * sizeof *table);
}

/* The spline's slope at an end of the grid, in units of x. */
static inline float spline_end_slope(const struct problem *p, const struct call *call, int64_t group,
                                     int at_hi) {
    const double h = ((double)p->hi - (double)p->lo) / p->grid;
    const float *const coef =
        (const float *)call->in[T_COEF] + group * coef_count(p) + (at_hi ? p->grid - 1 : 0);
    /* bases of degree order - 1 at u = 0 or 1 of an interval */
    double b[ORDER_MAX + 1] = {1};
    const double u = at_hi, w = 1 - u;
    for (int d = 1; d < p->order; d++) {
        double saved = 0;
        for (int i = 0; i < d; i++) {
            const double part = b[i] / d;
            b[i] = saved + (w + i) * part;
            saved = (u + d - 1 - i) * part;
        }
        b[d] = saved;
    }
    double slope = 0;
    for (int i = 0; i < p->order; i++) slope += ((double)coef[i + 1] - (double)coef[i]) * b[i];
    return (float)(slope / h);
}

#endif
