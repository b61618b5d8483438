/* The two forms of rational_fwd's loop. Instantiated by the variants' files. */
#ifndef KATUNE_RATIONAL_FWD_H
#define KATUNE_RATIONAL_FWD_H

#include "map.h"
#include "rational.h"

INLINE vf rational_map(vf x, const void *context) {
    return vrational_value(context, x);
}

struct rational_map1 {
    const struct vrational *coefs;
    vf *largest; /* |x| so far, lane by lane; NULL: no |x| is too large */
};

INLINE vf rational_map_small(vf x, const void *context) {
    const struct rational_map1 *const c = context;
    const vf magnitude = vf_abs(x);
    if (c->largest) *c->largest = vf_max(magnitude, *c->largest); /* NaN leaves it as it is */
    return vrational_small(c->coefs, x, magnitude);
}

/* float16's largest number to the sixth is rational_large to the eighth. */
INLINE int rational_bounded(enum dtype t, struct rational_kind kind) {
    return t == F16 && kind.m <= 6 && kind.n <= 6;
}

/* A segment with a large |x|, once more with every vector looked at. Out of line, as a call in a loop takes
   every register from the coefficients. */
static __attribute__((noinline)) void rational_fwd_redo(const struct problem *p, const struct call *call,
                                                        int64_t group, struct span s, enum dtype t, int store,
                                                        struct rational_kind kind, int newton) {
    const struct rational_coefs coefs = rational_coefs_of(p, call, group, kind);
    const struct vrational r = vrational_broadcast(&coefs, kind, newton);
    map1(call->in[T_X], call->out[T_Y], s, t, store, 0, rational_map, &r);
}

/* The coefficients of all groups in scratch, so that a segment starts with nothing but loads. */
static inline size_t rational_table_bytes(const struct problem *p) {
    return (size_t)p->groups * sizeof(struct rational_coefs);
}

static inline void rational_table_fill(const struct problem *p, const struct call *call,
                                       struct rational_coefs *table) {
    for (int64_t group = 0; group < p->groups; group++)
        table[group] = rational_coefs_of(p, call, group, rational_kind_of(p));
}

static inline void rational_table_divide(const struct problem *p, struct rational_coefs *table) {
    for (int64_t group = 0; group < p->groups; group++) rational_divide(&table[group], rational_kind_of(p));
}

/* A range of one group; returns whether all |x| were small. */
INLINE int rational_fwd_segment(const struct call *call, const struct rational_coefs *coefs, struct span s,
                                enum dtype t, int store, int ahead, struct rational_kind kind, int newton) {
    const struct vrational r = vrational_broadcast(coefs, kind, newton);
    vf largest = vf_set(0);
    const struct rational_map1 context = {&r, rational_bounded(t, kind) ? NULL : &largest};
    map1(call->in[T_X], call->out[T_Y], s, t, store, ahead, rational_map_small, &context);
    return !vm_any(vf_lt(vf_set(rational_large), largest));
}

/* Segments: a row is cut at the groups' borders, and a segment's coefficients stay in registers. */
INLINE void rational_fwd_segments_span(const struct problem *p, const struct call *call, struct span s,
                                       enum dtype t, int store, int ahead, struct rational_kind kind,
                                       int newton) {
    const int64_t width = channels_per_group(p);
    const struct rational_coefs *const table = call->scratch;
    const struct rational_kind monic = {kind.form, kind.m, kind.n, 1};
    int64_t group = s.lo / width % p->groups, end = (s.lo / width + 1) * width;
    for (int64_t lo = s.lo; lo < s.hi;
         lo = end, end += width, group = group + 1 == p->groups ? 0 : group + 1) {
        const struct rational_coefs *const coefs = &table[group];
        const struct span part = {lo, end < s.hi ? end : s.hi};
        int small;
        if (kind.form == 'A' && coefs->divisor != 0)
            small = rational_fwd_segment(call, coefs, part, t, store, ahead, monic, newton);
        else
            small = rational_fwd_segment(call, coefs, part, t, store, ahead, kind, newton);
        if (__builtin_expect(!small, 0)) rational_fwd_redo(p, call, group, part, t, store, kind, newton);
    }
}

/* Lanes: the coefficients are spread over the channels, table[i][c] for channel c (mod channels), so that
   vectors run on across the groups' borders; each vector loads its own. */
struct lane_table {
    const float *rows; /* m + 1 + n rows of `stride` floats: a_0 .. a_m, b_1 .. b_n */
    int64_t stride;
};

static inline int64_t lane_stride(const struct problem *p) {
    return (p->channels + 2 * LANES - 1) / LANES * LANES;
}

static inline size_t lane_table_bytes(const struct problem *p) {
    return (size_t)(p->m + 1 + p->n) * (size_t)lane_stride(p) * sizeof(float);
}

static inline void lane_table_fill(const struct problem *p, const struct call *call, float *rows) {
    const int64_t stride = lane_stride(p), width = channels_per_group(p);
    const struct rational_kind kind = rational_kind_of(p);
    for (int64_t group = 0; group < p->groups; group++) {
        const struct rational_coefs c = rational_coefs_of(p, call, group, kind);
        for (int i = 0; i <= p->m + p->n; i++) {
            const float value = i <= p->m ? c.a[i] : c.b[i - p->m];
            for (int64_t l = group * width; l < (group + 1) * width; l++) rows[i * stride + l] = value;
        }
    }
    for (int i = 0; i <= p->m + p->n; i++) /* the columns beyond the last channel wrap round */
        for (int64_t l = p->channels; l < stride; l++)
            rows[i * stride + l] = rows[i * stride + l - p->channels];
}

INLINE struct vrational lane_coefs(const struct lane_table *table, int64_t column, struct rational_kind kind,
                                   int newton) {
    struct vrational r;
    r.kind = kind;
    r.newton = newton;
    for (int i = 0; i <= kind.m; i++) r.a[i] = vf_load(table->rows + i * table->stride + column);
    for (int i = 1; i <= kind.n; i++) r.b[i] = vf_load(table->rows + (kind.m + i) * table->stride + column);
    return r;
}

/* A range that starts at the channel `column`. */
INLINE void rational_fwd_lanes_span(const struct problem *p, const struct call *call,
                                    const struct lane_table *table, struct span s, enum dtype t, int store,
                                    int ahead, struct rational_kind kind, int newton) {
    const void *const x = call->in[T_X];
    void *const y = call->out[T_Y];
    int64_t column = s.lo % p->channels, i = s.lo;
    const int64_t step = LANES % p->channels;
    const int stream = store == STORE_STREAM && io_streamable(io_at(y, s.lo, t), t);
    for (; i + LANES <= s.hi; i += LANES) {
        const struct vrational r = lane_coefs(table, column, kind, newton);
        prefetch(x, i, t, ahead);
        const vf value = vrational_value(&r, io_load(x, i, t));
        if (stream)
            io_stream(y, i, t, value);
        else
            io_store(y, i, t, value);
        column += p->channels > LANES ? LANES : step;
        if (column >= p->channels) column -= p->channels;
    }
    if (i < s.hi) {
        const struct vrational r = lane_coefs(table, column, kind, newton);
        io_store_n(y, i, (int)(s.hi - i), t, vrational_value(&r, io_load_n(x, i, (int)(s.hi - i), t)));
    }
}

enum rational_layout { SEGMENTS, LANES_ACROSS };

INLINE void rational_fwd_span(const struct problem *p, const struct call *call, struct span s,
                              enum rational_layout layout, enum dtype t, int store, int ahead,
                              struct rational_kind kind, int newton) {
    const struct lane_table table = {call->scratch, lane_stride(p)};
    if (layout == SEGMENTS)
        rational_fwd_segments_span(p, call, s, t, store, ahead, kind, newton);
    else
        rational_fwd_lanes_span(p, call, &table, s, t, store, ahead, kind, newton);
    if (store == STORE_STREAM) stream_end();
}

INLINE void rational_fwd_kind(const struct problem *p, const struct call *call, struct span s,
                              enum rational_layout layout, int store, int ahead, struct rational_kind kind,
                              int newton) {
    const enum dtype t = p->dtype;
    if (store == STORE_STREAM) {
        if (t == F32) rational_fwd_span(p, call, s, layout, F32, STORE_STREAM, ahead, kind, newton);
        if (t == F16) rational_fwd_span(p, call, s, layout, F16, STORE_STREAM, ahead, kind, newton);
        if (t == BF16) rational_fwd_span(p, call, s, layout, BF16, STORE_STREAM, ahead, kind, newton);
    } else {
        if (t == F32) rational_fwd_span(p, call, s, layout, F32, STORE_PLAIN, ahead, kind, newton);
        if (t == F16) rational_fwd_span(p, call, s, layout, F16, STORE_PLAIN, ahead, kind, newton);
        if (t == BF16) rational_fwd_span(p, call, s, layout, BF16, STORE_PLAIN, ahead, kind, newton);
    }
}

/* A thread's part. Order (5, 4), which KATs use, is compiled for; other orders loop. */
INLINE void rational_fwd_part(const struct problem *p, const struct call *call, struct span s,
                              enum rational_layout layout, int store, int ahead, int newton) {
    const struct rational_kind kind = rational_kind_of(p);
    if (kind.m == 5 && kind.n == 4 && kind.form == 'A')
        rational_fwd_kind(p, call, s, layout, store, ahead, (struct rational_kind){'A', 5, 4, 0}, newton);
    else if (kind.m == 5 && kind.n == 4)
        rational_fwd_kind(p, call, s, layout, store, ahead, (struct rational_kind){'B', 5, 4, 0}, newton);
    else
        rational_fwd_span(p, call, s, layout, p->dtype, store, ahead, kind, newton);
}

#endif
