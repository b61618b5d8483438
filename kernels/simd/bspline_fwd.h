/* bspline_fwd: y = wbase silu(x) + wspline S(x), S by the polynomial around the nearest knot. Instantiated by
   the variants' files. */
#ifndef KATUNE_BSPLINE_FWD_H
#define KATUNE_BSPLINE_FWD_H

#include "bspline_joint.h"
#include "map.h"

/* A group, ready for its segments. */
struct spline_map {
    const struct spline_grid *grid;
    struct vspline spline;
    enum lookup_kind kind;
    int order;
    enum boundary boundary;
    float lo, hi;                 /* the ends of the grid */
    vf wbase, slope_lo, slope_hi; /* wspline times the slopes at the ends, for LINEAR */
};

#if defined __AVX512F__
INLINE vf spline_joint_value(const struct spline_map *s, vf x) {
    const struct vknot k = joint_nearest(s->grid, x);
    vf y = joint_at(&s->spline, &k, s->order);
    const vm far = joint_far(&k);
    if (__builtin_expect(vm_any(far), 0)) y = vf_select(far, joint_far_value(x, s->wbase), y);
    return y;
}
#endif

INLINE vf spline_map_value(vf x, const void *context) {
    const struct spline_map *const s = context;
#if defined __AVX512F__
    if (s->kind == LOOKUP_JOINT) return spline_joint_value(s, x);
#endif
    const struct spline_point at = spline_locate(s->grid, x, s->boundary, 0);
    vf y = vspline_at(&s->spline, &at.nearest, s->kind, s->order);
    if (s->boundary == LINEAR)
        y = vf_fma(x - at.inside, vf_select(vf_lt(x, at.inside), s->slope_lo, s->slope_hi), y);
    return vf_fma(s->wbase, at.base.silu, y);
}

static inline size_t bspline_fwd_scratch(const struct problem *p, enum lookup_kind kind) {
    const struct spline_tables t = spline_tables_of(p, 0, kind);
    return spline_tables_bytes(p, &t);
}

/* Before the team starts. */
static inline void bspline_fwd_tables(const struct problem *p, const struct call *call,
                                      enum lookup_kind kind) {
    const struct spline_tables t = spline_tables_of(p, 0, kind);
    if (kind == LOOKUP_JOINT)
        joint_tables_fill(p, call, &t, call->scratch);
    else
        spline_tables_fill(p, call, &t, call->scratch);
}

/* wspline times the spline's slope at an end of a grid that does not taper. */
static inline vf spline_end_slope(const struct problem *p, const struct call *call, int64_t group,
                                  int at_hi) {
    const float *const coef =
        (const float *)call->in[T_COEF] + group * coef_count(p) + (at_hi ? p->grid - 1 : 0);
    const double h = spline_step(p);
    double slope[ORDER_MAX + 1], sum = 0;
    end_slopes(p->order, at_hi, slope);
    for (int i = 0; i <= p->order; i++) sum += (double)coef[i] * slope[i];
    return vf_set((float)((double)((const float *)call->in[T_WSPLINE])[group] * sum / h));
}

INLINE struct spline_map spline_map_of(const struct problem *p, const struct call *call,
                                       const struct spline_grid *grid, int64_t group, enum lookup_kind kind,
                                       int order, enum boundary boundary) {
    const struct spline_tables t = spline_tables_of(p, 0, kind);
    struct spline_map s = {.grid = grid, .kind = kind, .order = order, .boundary = boundary};
    s.spline = vspline_load((const float *)call->scratch + group * t.group, kind,
                            kind == LOOKUP_JOINT ? JOINT_DEGREE : order);
    s.wbase = vf_set(((const float *)call->in[T_WBASE])[group]);
    s.slope_lo = s.slope_hi = vf_set(0);
    if (boundary == LINEAR) {
        s.slope_lo = spline_end_slope(p, call, group, 0);
        s.slope_hi = spline_end_slope(p, call, group, 1);
    }
    return s;
}

INLINE void bspline_fwd_span(const struct problem *p, const struct call *call, struct span s, enum dtype t,
                             int store, int ahead, enum lookup_kind kind, int order, enum boundary boundary) {
    const struct spline_grid grid = kind == LOOKUP_JOINT ? joint_grid_of(p) : spline_grid_of(p);
    const int64_t width = channels_per_group(p);
    int64_t group = s.lo / width % p->groups, end = (s.lo / width + 1) * width;
    for (int64_t lo = s.lo; lo < s.hi;
         lo = end, end += width, group = group + 1 == p->groups ? 0 : group + 1) {
        const struct spline_map map = spline_map_of(p, call, &grid, group, kind, order, boundary);
        map1(call->in[T_X], call->out[T_Y], (struct span){lo, end < s.hi ? end : s.hi}, t, store, ahead,
             spline_map_value, &map);
    }
}

INLINE void bspline_fwd_store(const struct problem *p, const struct call *call, struct span s,
                              enum lookup_kind kind, enum dtype t, int store, int ahead, int order,
                              enum boundary boundary) {
    if (store == STORE_STREAM) {
        bspline_fwd_span(p, call, s, t, STORE_STREAM, ahead, kind, order, boundary);
        stream_end();
    } else {
        bspline_fwd_span(p, call, s, t, STORE_PLAIN, ahead, kind, order, boundary);
    }
}

/* A thread's part. Cubic splines that taper are compiled for, and cubics of any boundary in each dtype;
   everything else decides as it goes. */
INLINE void bspline_fwd_part(const struct problem *p, const struct call *call, struct span s,
                             enum lookup_kind kind, int store, int ahead) {
    const enum dtype t = p->dtype;
    const enum boundary boundary = p->boundary;
    if (p->order != 3)
        bspline_fwd_store(p, call, s, kind, t, store, ahead, p->order, boundary);
    else if (t == F32 && boundary == TAPER)
        bspline_fwd_store(p, call, s, kind, F32, store, ahead, 3, TAPER);
    else if (t == F32)
        bspline_fwd_store(p, call, s, kind, F32, store, ahead, 3, boundary);
    else if (t == F16)
        bspline_fwd_store(p, call, s, kind, F16, store, ahead, 3, boundary);
    else
        bspline_fwd_store(p, call, s, kind, BF16, store, ahead, 3, boundary);
}

#endif
