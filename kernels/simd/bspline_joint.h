/* A tapered spline and its base branch in one polynomial (avx512): around the knot nearest to x,
   wbase silu(x) + wspline S(x) is a polynomial of the distance v, since silu is one to within a rounding on
   half an interval that is short enough. 32 knots h apart are in registers, those of the spline and, on
   either side, what is left; beyond them, and for NaN, the spline is 0 and whole vectors go the long way
   round.

   It takes neither an exponential nor a reciprocal, which are half the operations of the other way. Zero has
   to be a knot: silu vanishes there, and keeps its relative accuracy as a multiple of v. */
#ifndef KATUNE_BSPLINE_JOINT_H
#define KATUNE_BSPLINE_JOINT_H

#include "bspline.h"

enum { JOINT_ENTRIES = 32 };
#define JOINT_H_LEAST 0x1p-16 /* so that h^-5 is a factor like others */
#define JOINT_H_MOST 0.5      /* there silu is off by 4 units of 2^-24 at most */

/* Why a problem cannot be served; NULL if it can. */
static inline const char *joint_reject(const struct problem *p) {
    const double h = spline_step(p), origin = nearbyint(-(double)p->lo / h);
    if (p->boundary != TAPER) return "only a spline that tapers is 0 beyond its knots";
    if (h < JOINT_H_LEAST) return "intervals are too short for powers of the distance to a knot";
    if (h > JOINT_H_MOST) return "intervals are too long for a polynomial in place of silu";
    if (fabs((double)p->lo + origin * h) > 0x1p-40 * h) return "zero is not a knot";
    return NULL;
}

/* The number of entry 0's knot, counted from zero, and of the spline's first. */
struct joint_range {
    int first, spline;
};

static inline struct joint_range joint_range_of(const struct problem *p) {
    const double h = spline_step(p);
    struct joint_range r = {.spline = -(int)nearbyint(-(double)p->lo / h) - spline_beyond(p)};
    const int least = r.spline + spline_knots(p) - JOINT_ENTRIES, middle = -JOINT_ENTRIES / 2;
    r.first = middle > least ? middle : least;
    if (r.first > r.spline) r.first = r.spline;
    return r;
}

static inline double silu_exact(double x) {
    return x / (1 + exp(-x));
}

/* n Chebyshev nodes of [-h/2, h/2]; of an odd number the middle one is 0 exactly. */
static inline void chebyshev_nodes(double h, int n, double node[JOINT_DEGREE + 1]) {
    for (int i = 0; i < n; i++) node[i] = h / 2 * sin(M_PI * (2 * i + 1 - n) / (2 * n));
}

/* The polynomial through silu at t + node, in powers of the distance to t: Newton's divided differences. */
static inline void silu_through(double t, const double node[JOINT_DEGREE + 1], int n,
                                double power[JOINT_DEGREE + 1]) {
    double difference[JOINT_DEGREE + 1];
    for (int i = 0; i < n; i++) difference[i] = silu_exact(t + node[i]);
    for (int d = 1; d < n; d++)
        for (int i = n - 1; i >= d; i--)
            difference[i] = (difference[i] - difference[i - 1]) / (node[i] - node[i - d]);
    for (int q = 0; q <= JOINT_DEGREE; q++) power[q] = 0;
    for (int i = n - 1; i >= 0; i--) {
        for (int q = JOINT_DEGREE; q > 0; q--) power[q] = power[q - 1] - node[i] * power[q];
        power[0] = difference[i] - node[i] * power[0];
    }
}

typedef double joint_silu[JOINT_ENTRIES][JOINT_DEGREE + 1];

/* silu around every knot. Around 0 it is v/2 and an even function: one node less, of which one is 0, leaves
   it the right zero. Below 0 it is what it is above, less the distance: silu(-x) = silu(x) - x. */
static inline void silu_fit(double h, int first, joint_silu silu) {
    double node[JOINT_DEGREE + 1], around_zero[JOINT_DEGREE + 1];
    chebyshev_nodes(h, JOINT_DEGREE + 1, node);
    chebyshev_nodes(h, JOINT_DEGREE, around_zero);
    for (int i = JOINT_ENTRIES - 1; i >= 0; i--) {
        const int knot = first + i, mirrored = -knot - first;
        if (knot >= 0 || mirrored >= JOINT_ENTRIES) {
            silu_through(knot * h, knot ? node : around_zero, JOINT_DEGREE + (knot != 0), silu[i]);
            continue;
        }
        for (int q = 0; q <= JOINT_DEGREE; q++) silu[i][q] = q % 2 ? -silu[mirrored][q] : silu[mirrored][q];
        silu[i][0] += knot * h;
        silu[i][1] += 1;
    }
    if (first <= 0 && -first < JOINT_ENTRIES) silu[-first][0] = 0;
}

/* A group's tables: by knots for each power, and below the knot for the one at which the spline's pieces
   differ. */
static inline void joint_table_fill(const struct problem *p, const struct call *call,
                                    const struct spline_tables *t, const struct spline_basis basis[2],
                                    const joint_silu silu, int64_t group, float *table) {
    const float *const coef = (const float *)call->in[T_COEF] + group * coef_count(p);
    const double wbase = (double)((const float *)call->in[T_WBASE])[group],
                 wspline = (double)((const float *)call->in[T_WSPLINE])[group];
    const struct joint_range range = joint_range_of(p);
    for (int i = 0; i < JOINT_ENTRIES; i++) {
        double spline[2][JOINT_DEGREE + 1] = {{0}};
        const int knot = range.first + i - range.spline;
        for (int below = 0; knot >= 0 && knot < spline_knots(p) && below < 2; below++)
            half_polynomial(p, basis, coef, 2 * knot + below, spline[below]);
        double scale = wspline;
        for (int q = 0; q <= JOINT_DEGREE; q++, scale /= spline_step(p)) {
            table[q * JOINT_ENTRIES + i] = (float)(wbase * silu[i][q] + scale * spline[0][q]);
            if (q == t->jump)
                table[(JOINT_DEGREE + 1) * JOINT_ENTRIES + i] =
                    (float)(wbase * silu[i][q] + scale * spline[1][q]);
        }
    }
}

static inline void joint_tables_fill(const struct problem *p, const struct call *call,
                                     const struct spline_tables *t, float *tables) {
    const struct spline_basis basis[2] = {taylor_basis(p->order, 0), taylor_basis(p->order, 1)};
    joint_silu silu;
    silu_fit(spline_step(p), joint_range_of(p).first, silu);
    for (int64_t g = 0; g < p->groups; g++)
        joint_table_fill(p, call, t, basis, silu, g, tables + g * t->group);
}

/* The grid, with knots counted from entry 0. */
static inline struct spline_grid joint_grid_of(const struct problem *p) {
    struct spline_grid s = spline_grid_of(p);
    s.magic = 0x1p23f - (float)joint_range_of(p).first;
    return s;
}

#if defined __AVX512F__

/* The nearest of the knots J h, its number from entry 0 in the low bits, and the distance, not over h. */
INLINE struct vknot joint_nearest(const struct spline_grid *s, vf x) {
    const vf sum = vf_fma(x, vf_set(s->inverse_h), vf_set(s->magic)), j = sum - vf_set(s->magic);
    return (struct vknot){.knot = vf_bits(sum),
                          .v = vf_fnma(j, vf_set(s->h_rest), vf_fnma(j, vf_set(s->h), x))};
}

/* Lanes whose x is beyond the tables, or NaN. */
INLINE vm joint_far(const struct vknot *k) {
    const vi entry = _mm512_sub_epi32(k->knot, vf_bits(vf_set(0x1p23f)));
    return _mm512_cmpgt_epu32_mask(entry, vi_set(JOINT_ENTRIES - 1));
}

/* order: of the spline, at whose power its pieces differ. */
INLINE vf joint_at(const struct vspline *s, const struct vknot *k, int order) {
    const struct lookup_at at = lookup_at(k->knot);
    vf sum = vf_set(0);
    for (int q = JOINT_DEGREE; q >= 0; q--) {
        vf power = lookup_get(&s->power[q], at, LOOKUP_JOINT);
        if (q == order)
            power = vf_select(vf_lt(k->v, vf_set(0)),
                              lookup_get(&s->power[JOINT_DEGREE + 1], at, LOOKUP_JOINT), power);
        sum = q == JOINT_DEGREE ? power : vf_fma(sum, k->v, power);
    }
    return sum;
}

/* wbase silu(x), for any x; apart from the loop, whose registers it would take. */
static __attribute__((noinline)) vf joint_far_value(vf x, vf wbase) {
    const struct vsigmoid s = vsigmoid_of(x);
    return wbase * vsilu(&s);
}

#endif

#endif
