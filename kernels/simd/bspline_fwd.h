/* bspline_fwd: y = wbase silu(x) + wspline S(x), S by local bases or by powers. Instantiated by the variants'
 * files. */
#ifndef KATUNE_BSPLINE_FWD_H
#define KATUNE_BSPLINE_FWD_H

#include "bspline.h"
#include "lookup.h"
#include "map.h"
#include "silu.h"

enum spline_form {
    FORM_LOCAL, /* order + 1 bases times order + 1 coefficients */
    FORM_POWER, /* the polynomial of a half interval around its knot, by Horner's rule */
};

/* Power form. Every half interval has the polynomial of its interval, in powers of the distance v to its
   knot: entry 2 J' is the half below knot J', entry 2 J' + 1 the half above, J' counted from the first knot.
   Row q holds the factors of v^q. Beyond the grid: 0 for taper, the end's polynomial for clamp, value and
   slope for linear. */
static inline int power_entries(const struct problem *p) {
    const int beyond = p->boundary == TAPER ? p->order : 0;
    return 2 * (p->grid + 2 * beyond + 1);
}

/* The bases' Taylor coefficients at an end of an interval: t[i][q] = B_i^(q)(u) / q!, u = 0 or 1. */
static inline void power_basis(int order, int at_end, double t[ORDER_MAX + 1][ORDER_MAX + 1]) {
    memset(t, 0, sizeof(double[ORDER_MAX + 1][ORDER_MAX + 1]));
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
}

static inline void power_table_fill(const struct problem *p, const struct call *call, int64_t group,
                                    float *table, int64_t stride) {
    const float *const coef = (const float *)call->in[T_COEF] + group * coef_count(p);
    const int beyond = p->boundary == TAPER ? p->order : 0;
    double basis[2][ORDER_MAX + 1][ORDER_MAX + 1];
    power_basis(p->order, 0, basis[0]);
    power_basis(p->order, 1, basis[1]);
    for (int e = 0; e < power_entries(p); e++) {
        const int knot = e / 2 - beyond, above = e % 2;
        int interval = above ? knot : knot - 1, end = !above;
        const int outside = interval < 0 || interval >= p->grid;
        if (outside &&
            p->boundary != TAPER) { /* the polynomial of the interval inside, around the same knot */
            interval = above ? knot - 1 : knot;
            end = above;
        }
        for (int q = 0; q <= p->order; q++) {
            double sum = 0;
            for (int i = 0; i <= p->order; i++) {
                const int m = interval + i;
                if (m >= 0 && m < coef_count(p)) sum += (double)coef[m] * basis[end][i][q];
            }
            table[q * stride + e] = outside && p->boundary == LINEAR && q > 1 ? 0 : (float)sum;
        }
    }
}

/* A group, ready for its segments. */
struct vspline {
    const struct spline_grid *grid;
    struct lookup coefs[ORDER_MAX + 1]; /* local: the first; power: one a power */
    enum lookup_kind kind;
    enum spline_form form;
    int order;
    enum boundary boundary;
    vf wbase, wspline, slope_lo, slope_hi;
};

INLINE vf spline_local(const struct vspline *s, vf x) {
    const vf clamped = spline_clamp(s->grid, x);
    const struct vplace at = spline_place(s->grid, clamped);
    vf b[ORDER_MAX + 1];
    spline_bases(s->order, at.u, at.w, b);
    const vi first = vf_to_vi(at.interval + vf_set((float)(s->order + 1)));
    vf sum = lookup_get(&s->coefs[0], first, s->kind) * b[0];
    for (int i = 1; i <= s->order; i++)
        sum = vf_fma(lookup_get(&s->coefs[0], vi_add(first, vi_set(i)), s->kind), b[i], sum);
    if (s->boundary == LINEAR)
        sum = vf_fma(x - clamped, vf_select(vf_lt(x, clamped), s->slope_lo, s->slope_hi), sum);
    return sum;
}

INLINE vf spline_power(const struct vspline *s, vf x) {
    vf at = x;
    if (s->boundary != LINEAR) at = spline_clamp(s->grid, x);
    const struct vknot k = spline_nearest(s->grid, at);
    const vf twice = (k.j - vf_set(s->grid->j_first)) * vf_set(2);
    const vi entry = vf_to_vi(twice + vf_select(vf_lt(k.v, vf_set(0)), vf_set(0), vf_set(1)));
    vf sum = lookup_get(&s->coefs[s->order], entry, s->kind);
    for (int q = s->order - 1; q >= 0; q--) sum = vf_fma(sum, k.v, lookup_get(&s->coefs[q], entry, s->kind));
    return sum;
}

INLINE vf spline_map(vf x, const void *context) {
    const struct vspline *const s = context;
    const struct vsilu_pair base = vsilu_both(x);
    vf spline;
    if (s->form == FORM_POWER)
        spline = spline_power(s, x);
    else
        spline = spline_local(s, x);
    return vf_fma(s->wspline, spline, s->wbase * base.silu);
}

/* Floats of a group's tables, and of all groups' in scratch. Rows are padded so that a whole register can
 * load. */
static inline int64_t spline_table_stride(const struct problem *p, enum spline_form form) {
    const int count = form == FORM_POWER ? power_entries(p) : spline_table_count(p);
    return (count + 31) / 32 * 32;
}

static inline int64_t spline_group_floats(const struct problem *p, enum spline_form form) {
    return spline_table_stride(p, form) * (form == FORM_POWER ? p->order + 1 : 1);
}

static inline size_t bspline_fwd_scratch(const struct problem *p, enum spline_form form) {
    return (size_t)p->groups * (size_t)spline_group_floats(p, form) * sizeof(float);
}

INLINE struct vspline vspline_of(const struct problem *p, const struct call *call,
                                 const struct spline_grid *grid, int64_t group, enum spline_form form,
                                 enum lookup_kind kind, int order, enum boundary boundary) {
    const float *const tables = (const float *)call->scratch + group * spline_group_floats(p, form);
    struct vspline s = {.grid = grid, .kind = kind, .form = form, .order = order, .boundary = boundary};
    for (int q = 0; q <= (form == FORM_POWER ? order : 0); q++)
        s.coefs[q] = lookup_load(tables + q * spline_table_stride(p, form), kind);
    s.wbase = vf_set(((const float *)call->in[T_WBASE])[group]);
    s.wspline = vf_set(((const float *)call->in[T_WSPLINE])[group]);
    s.slope_lo = s.slope_hi = vf_set(0);
    if (form == FORM_LOCAL && boundary == LINEAR) {
        s.slope_lo = vf_set(spline_end_slope(p, call, group, 0));
        s.slope_hi = vf_set(spline_end_slope(p, call, group, 1));
    }
    return s;
}

INLINE void bspline_fwd_span(const struct problem *p, const struct call *call, const struct spline_grid *grid,
                             struct span s, enum dtype t, int store, int ahead, enum spline_form form,
                             enum lookup_kind kind, int order, enum boundary boundary) {
    const int64_t width = channels_per_group(p);
    int64_t group = s.lo / width % p->groups, end = (s.lo / width + 1) * width;
    for (int64_t lo = s.lo; lo < s.hi;
         lo = end, end += width, group = group + 1 == p->groups ? 0 : group + 1) {
        const struct vspline spline = vspline_of(p, call, grid, group, form, kind, order, boundary);
        map1(call->in[T_X], call->out[T_Y], (struct span){lo, end < s.hi ? end : s.hi}, t, store, ahead,
             spline_map, &spline);
    }
}

/* Before the team starts. */
static inline void bspline_fwd_tables(const struct problem *p, const struct call *call,
                                      enum spline_form form) {
    for (int64_t g = 0; g < p->groups; g++) {
        float *const table = (float *)call->scratch + g * spline_group_floats(p, form);
        if (form == FORM_POWER)
            power_table_fill(p, call, g, table, spline_table_stride(p, form));
        else
            spline_table_fill(p, call, g, table);
    }
}

INLINE void bspline_fwd_store(const struct problem *p, const struct call *call, struct span s,
                              enum spline_form form, enum lookup_kind kind, enum dtype t, int store,
                              int ahead, int order, enum boundary boundary) {
    const struct spline_grid grid = spline_grid_of(p);
    if (store == STORE_STREAM) {
        bspline_fwd_span(p, call, &grid, s, t, STORE_STREAM, ahead, form, kind, order, boundary);
        stream_end();
    } else {
        bspline_fwd_span(p, call, &grid, s, t, STORE_PLAIN, ahead, form, kind, order, boundary);
    }
}

/* A thread's part. Cubic splines that taper are compiled for, and cubics of any boundary in each dtype;
   everything else decides as it goes. */
INLINE void bspline_fwd_part(const struct problem *p, const struct call *call, struct span s,
                             enum spline_form form, enum lookup_kind kind, int store, int ahead) {
    const enum dtype t = p->dtype;
    const enum boundary boundary = p->boundary;
    if (p->order != 3)
        bspline_fwd_store(p, call, s, form, kind, t, store, ahead, p->order, boundary);
    else if (t == F32 && boundary == TAPER)
        bspline_fwd_store(p, call, s, form, kind, F32, store, ahead, 3, TAPER);
    else if (t == F32)
        bspline_fwd_store(p, call, s, form, kind, F32, store, ahead, 3, boundary);
    else if (t == F16)
        bspline_fwd_store(p, call, s, form, kind, F16, store, ahead, 3, boundary);
    else
        bspline_fwd_store(p, call, s, form, kind, BF16, store, ahead, 3, boundary);
}

#endif
