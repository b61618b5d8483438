/* The two forms of rational_bwd's loop. Instantiated by the variants' files. */
#ifndef KATUNE_RATIONAL_BWD_H
#define KATUNE_RATIONAL_BWD_H

#include "map.h"
#include "rational_fwd.h"
#include "rational_grad.h"
#include "reduce.h"

/* What is common to a run: scratch holds one accumulator area a thread, then the partial sums, then the
   table of coefficients. */
struct rational_bwd {
    struct blocks blocks;
    int64_t values; /* partial sums a block: groups x (m + 1 + n) */
    int64_t sums;   /* floats of a thread's accumulators */
    int tile;       /* rows a group's accumulators stay in registers for */
    int store, ahead;
    float *sums_at;
    double *partials;
    void *table; /* the coefficients: of segments struct rational_coefs by group, of lanes a lane_table's rows
                  */
};

static inline struct rational_bwd rational_bwd_plan(const struct problem *p, int block, int tile, int store,
                                                    int ahead, int64_t sums, int threads, void *scratch) {
    struct rational_bwd plan = {.values = (int64_t)p->groups * (p->m + 1 + p->n),
                                .sums = sums,
                                .tile = tile,
                                .store = store,
                                .ahead = ahead};
    plan.blocks = blocks_of(p, block, plan.values);
    const size_t sums_bytes = thread_round((size_t)sums * sizeof(float)) * (size_t)threads;
    plan.sums_at = scratch;
    plan.partials = (double *)((char *)scratch + sums_bytes);
    plan.table = ((char *)plan.partials + line_round(partials_bytes(plan.blocks, plan.values)));
    return plan;
}

static inline size_t rational_bwd_scratch(const struct problem *p, int block, int64_t sums, int threads,
                                          size_t table_bytes) {
    char base[1];
    const struct rational_bwd plan = rational_bwd_plan(p, block, 1, STORE_PLAIN, 0, sums, threads, base);
    return (size_t)((char *)plan.table - base) + table_bytes;
}

static inline float *thread_sums(const struct rational_bwd *plan, int thread) {
    return plan->sums_at +
           (int64_t)(thread_round((size_t)plan->sums * sizeof(float)) / sizeof(float)) * thread;
}

/* Adds the blocks' partial sums, over the groups too for a shared coefficient, and writes dnum and dden. */
static inline void rational_bwd_finish(const struct problem *p, const struct call *call,
                                       const struct rational_bwd *plan) {
    const struct rational_kind kind = rational_kind_of(p);
    const int terms = rational_terms(kind);
    double *const sum = plan->partials;
    partials_combine(sum, plan->blocks.count, plan->values);
    float *const dnum = call->out[T_DNUM], *const dden = call->out[T_DDEN];
    const float *const den = call->in[T_DEN];
    for (int64_t g = 1; g < p->groups; g++)
        for (int i = 0; i < terms; i++)
            if (i <= kind.m ? p->num_groups == 1 : p->den_groups == 1) sum[i] += sum[g * terms + i];
    for (int64_t g = 0; g < p->num_groups; g++)
        for (int i = 0; i <= kind.m; i++) dnum[g * (kind.m + 1) + i] = (float)sum[g * terms + i];
    for (int64_t g = 0; g < p->den_groups; g++)
        for (int i = 0; i < kind.n; i++)
            dden[g * kind.n + i] =
                rational_den_factor(den[g * kind.n + i], kind) * (float)sum[g * terms + kind.m + 1 + i];
}

struct rational_map2 {
    const struct vrational *coefs;
    struct vgrad *acc;
    vf *largest; /* |x| so far, lane by lane */
};

INLINE void rational_map_grad(vf *dx, const vf *x, const vf *dy, int count, const void *context) {
    const struct rational_map2 *const c = context;
    for (int k = 0; k < count; k++) dx[k] = vrational_grad(c->coefs, x[k], dy[k], c->acc);
}

INLINE void rational_map_grad_small(vf *dx, const vf *x, const vf *dy, int count, const void *context) {
    const struct rational_map2 *const c = context;
    for (int k = 0; k < count; k++)
        *c->largest = vf_max(vf_abs(x[k]), *c->largest); /* NaN leaves it as it is */
    vrational_grad_small(c->coefs, dx, x, dy, count, c->acc);
}

/* A group's segments of some rows. Of several rows the prefetches run through those below, one after the
   other, whatever the order in which segments are taken; of a single row they run `ahead` bytes before the
   loads. */
struct segments {
    int64_t group, width, row, rows, channels;
};

INLINE void rational_bwd_segments(const struct call *call, struct segments s, enum dtype t, int store,
                                  int ahead, map2_fn *f, const struct rational_map2 *context) {
    for (int64_t i = 0; i < s.rows; i++) {
        const int64_t column = s.group * s.width, first = (s.row + i) * s.channels + column;
        const int64_t taken = column * s.rows + i * s.width, passed = column + i * s.channels;
        const int64_t below = (s.rows * s.channels + taken - passed) * (t == F32 ? 4 : 2);
        map2(call->in[T_X], call->in[T_DY], call->out[T_DX], (struct span){first, first + s.width}, t, store,
             s.rows > 1 ? (int)below : ahead, TOGETHER, f, context);
    }
}

/* Segments with a large |x|, once more with every vector looked at. Out of line, as a call in a loop takes
   every register from the coefficients. */
static __attribute__((noinline)) struct vgrad rational_bwd_redo(const struct call *call, struct segments s,
                                                                enum dtype t, int store,
                                                                const struct rational_coefs *coefs,
                                                                struct rational_kind kind, int newton) {
    const struct vrational r = vrational_broadcast(coefs, kind, newton);
    struct vgrad acc = vgrad_zero();
    const struct rational_map2 context = {.coefs = &r, .acc = &acc};
    rational_bwd_segments(call, s, t, store, 0, rational_map_grad, &context);
    return acc;
}

/* What the segments add to the group's sums, in registers. */
INLINE struct vgrad rational_bwd_tile(const struct call *call, struct segments s, enum dtype t, int store,
                                      int ahead, const struct rational_coefs *coefs,
                                      struct rational_kind kind, int newton) {
    const struct vrational r = vrational_broadcast(coefs, kind, newton);
    vf largest = vf_set(0);
    struct vgrad acc = vgrad_zero();
    const struct rational_map2 context = {&r, &acc, &largest};
    rational_bwd_segments(call, s, t, store, ahead, rational_map_grad_small, &context);
    if (__builtin_expect(vm_any(vf_lt(vf_set(rational_large), largest)), 0))
        acc = rational_bwd_redo(call, s, t, store, coefs, kind, newton);
    return acc;
}

/* Segments: a group's sums are in registers for its segments of `tile` rows, else in the first cache. Where P
   and Q are divided the sums are as many times too large. */
INLINE void rational_bwd_segments_block(const struct problem *p, const struct call *call,
                                        const struct rational_bwd *plan, int64_t block, float *sums,
                                        enum dtype t, int store, struct rational_kind kind, int newton) {
    const struct rational_coefs *const table = plan->table;
    const struct span rows = block_rows(p, plan->blocks, block);
    const struct rational_kind monic = {kind.form, kind.m, kind.n, 1};
    const int terms = rational_terms(kind);
    for (int64_t lo = rows.lo; lo < rows.hi; lo += plan->tile) {
        const int64_t hi = lo + plan->tile < rows.hi ? lo + plan->tile : rows.hi;
        for (int64_t g = 0; g < p->groups; g++) {
            const struct segments s = {g, channels_per_group(p), lo, hi - lo, p->channels};
            struct vgrad acc;
            if (kind.form == 'A' && table[g].divisor != 0)
                acc = rational_bwd_tile(call, s, t, store, plan->ahead, &table[g], monic, newton);
            else
                acc = rational_bwd_tile(call, s, t, store, plan->ahead, &table[g], kind, newton);
            vgrad_store_added(sums + g * terms * LANES, LANES, &acc, kind);
        }
    }
    double *const partial = plan->partials + block * plan->values;
    for (int64_t i = 0; i < plan->values; i++) {
        const float divisor = table[i / terms].divisor;
        partial[i] = (double)vf_sum(vf_load(sums + i * LANES)) / (divisor != 0 ? (double)divisor : 1);
    }
}

/* Lanes: vectors run on across the groups; every channel has its own accumulators, in the first or second
 * cache. */
INLINE void rational_bwd_lanes_rows(const struct problem *p, const struct call *call,
                                    const struct lane_table *table, struct span s, float *sums, enum dtype t,
                                    int store, int ahead, struct rational_kind kind, int newton) {
    const int64_t step = p->channels > LANES ? LANES : LANES % p->channels;
    const int stream = store == STORE_STREAM && io_streamable(io_at(call->out[T_DX], s.lo, t), t);
    int64_t column = 0;
    for (int64_t i = s.lo; i < s.hi; i += LANES) {
        const struct vrational r = lane_coefs(table, column, kind, newton);
        struct vgrad acc = vgrad_load(sums + column, table->stride, kind);
        const int n = s.hi - i < LANES ? (int)(s.hi - i) : LANES;
        if (n == LANES) {
            prefetch(call->in[T_X], i, t, ahead);
            prefetch(call->in[T_DY], i, t, ahead);
            const vf dx =
                vrational_grad(&r, io_load(call->in[T_X], i, t), io_load(call->in[T_DY], i, t), &acc);
            if (stream)
                io_stream(call->out[T_DX], i, t, dx);
            else
                io_store(call->out[T_DX], i, t, dx);
        } else {
            io_store_n(call->out[T_DX], i, n, t,
                       vrational_grad(&r, io_load_n(call->in[T_X], i, n, t),
                                      io_load_n(call->in[T_DY], i, n, t), &acc));
        }
        vgrad_store(sums + column, table->stride, &acc, kind);
        column += step;
        if (column >= p->channels) column -= p->channels;
    }
}

/* The channels' sums of a block, added up by group; columns beyond the last channel belong to the first ones.
 */
static inline void lane_sums_fold(const struct problem *p, float *sums, int64_t stride, double *partial) {
    const int64_t width = channels_per_group(p);
    const int terms = p->m + 1 + p->n;
    for (int i = 0; i < terms; i++) {
        float *const row = sums + i * stride;
        for (int64_t l = stride - 1; l >= p->channels; l--) row[l - p->channels] += row[l];
        for (int64_t g = 0; g < p->groups; g++) {
            vf sum = vf_set(0);
            for (int64_t l = 0; l < width; l += LANES)
                sum = sum + vf_load_n(row + g * width + l, width - l < LANES ? (int)(width - l) : LANES);
            partial[g * terms + i] = (double)vf_sum(sum);
        }
    }
}

INLINE void rational_bwd_work(const struct problem *p, const struct call *call,
                              const struct rational_bwd *plan, int64_t block, int thread,
                              enum rational_layout layout, enum dtype t, int store, struct rational_kind kind,
                              int newton) {
    const struct lane_table table = {plan->table, lane_stride(p)};
    float *const sums = thread_sums(plan, thread);
    memset(sums, 0, (size_t)plan->sums * sizeof(float));
    if (layout == SEGMENTS) {
        rational_bwd_segments_block(p, call, plan, block, sums, t, store, kind, newton);
    } else {
        const struct span rows = block_rows(p, plan->blocks, block);
        rational_bwd_lanes_rows(p, call, &table, (struct span){rows.lo * p->channels, rows.hi * p->channels},
                                sums, t, store, plan->ahead, kind, newton);
        lane_sums_fold(p, sums, table.stride, plan->partials + block * plan->values);
    }
    if (store == STORE_STREAM) stream_end();
}

/* One block. Order (5, 4) of form A, which KATs use, is compiled for; the rest decides as it goes. */
INLINE void rational_bwd_block(const struct problem *p, const struct call *call,
                               const struct rational_bwd *plan, int64_t block, int thread,
                               enum rational_layout layout, int newton) {
    const int store = plan->store;
    const struct rational_kind kind = rational_kind_of(p), kat = {'A', 5, 4, 0};
    const enum dtype t = p->dtype;
    if (kind.form != 'A' || kind.m != 5 || kind.n != 4)
        rational_bwd_work(p, call, plan, block, thread, layout, t, store, kind, newton);
    else if (t == F32 && store == STORE_STREAM)
        rational_bwd_work(p, call, plan, block, thread, layout, F32, STORE_STREAM, kat, newton);
    else if (t == F32)
        rational_bwd_work(p, call, plan, block, thread, layout, F32, STORE_PLAIN, kat, newton);
    else if (t == F16)
        rational_bwd_work(p, call, plan, block, thread, layout, F16, store, kat, newton);
    else
        rational_bwd_work(p, call, plan, block, thread, layout, BF16, store, kat, newton);
}

#endif
