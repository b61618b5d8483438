/* bspline_bwd: dx, and the coefficients' gradients by bins.

   Every interval has a bin for each of its order + 1 bases; an element adds dy B_i to the bins of its
   interval, which lie side by side: one 16-byte addition for orders up to 3, two beyond. Four sets of bins
   take the elements in turn, so that neighbours in the same interval do not wait for each other's stores.
   With raw_m = sum dy B_m over a block, dcoef_m = wspline raw_m,  dwspline = sum c_m raw_m,  dwbase = sum dy
   silu(x). */
#ifndef KATUNE_BSPLINE_BWD_H
#define KATUNE_BSPLINE_BWD_H

#include "bspline_fwd.h"
#include "reduce.h"

enum { BIN_SETS = 4, QUAD = 4 };

typedef float quad
    __attribute__((vector_size(QUAD * sizeof(float)), aligned(QUAD * sizeof(float)), may_alias));

/* Scratch: a thread's bins, one area after the other; the partial sums; the tables of coefficients. */
struct bspline_bwd {
    struct blocks blocks;
    int64_t values; /* partial sums a block: groups x (grid + order + 1), raw_m and then dwbase */
    int bins_group; /* floats of one group's bins and its sum for dwbase */
    float *bins;
    double *partials;
    float *tables;
    int quads; /* 16-byte parts of an interval's bins */
    int store, ahead;
    struct spline_grid grid;
};

static inline int spline_intervals(const struct problem *p) {
    return p->grid + (p->boundary == TAPER ? 2 * (p->order + 1) : 0);
}

static inline struct bspline_bwd bspline_bwd_plan(const struct problem *p, int block, int store, int ahead,
                                                  int threads, void *scratch) {
    struct bspline_bwd plan = {.values = (int64_t)p->groups * (coef_count(p) + 1),
                               .store = store,
                               .ahead = ahead,
                               .grid = spline_grid_of(p)};
    plan.quads = (p->order + QUAD) / QUAD;
    plan.bins_group = spline_intervals(p) * plan.quads * QUAD * BIN_SETS + 16;
    plan.blocks = blocks_of(p, block, plan.values);
    plan.bins = scratch;
    const size_t bins = thread_round((size_t)p->groups * (size_t)plan.bins_group * sizeof(float));
    plan.partials = (double *)((char *)scratch + bins * (size_t)threads);
    plan.tables = (float *)((char *)plan.partials + line_round(partials_bytes(plan.blocks, plan.values)));
    return plan;
}

static inline size_t bspline_bwd_scratch(const struct problem *p, int block, int threads) {
    char base[1];
    const struct bspline_bwd plan = bspline_bwd_plan(p, block, STORE_PLAIN, 0, threads, base);
    return (size_t)((char *)plan.tables - base) + bspline_fwd_scratch(p, FORM_LOCAL);
}

struct spline_map2 {
    const struct vspline *spline;
    float *bins;
    vf *wbase_sum;
    int quads;
};

/* Adds dy B_i, i = 4 q .. 4 q + 3, of every lane to its interval's bins, which begin `offset` bytes into
   `bins`. The parts go through memory, and the empty asm keeps the compiler from taking them out of the
   registers one by one: that would cost some sixty shuffles a vector on the one port that has them, where
   loads and stores have ports of their own. */
INLINE void bins_add(float *bins, const int32_t offset[LANES], int quads, int q, vf a, vf b, vf c, vf d) {
    float part[QUAD * LANES] __attribute__((aligned(64)));
    vf_transpose4(part, a, b, c, d);
    __asm__("" : "+m"(part));
    for (int l = 0; l < LANES; l++) {
        quad *const bin = (quad *)((char *)bins + offset[l]) + l % BIN_SETS * quads + q;
        *bin += *(const quad *)(part + transpose4_at(l));
    }
}

INLINE vf spline_map_grad(vf x, vf dy, const void *context) {
    const struct spline_map2 *const c = context;
    const struct vspline *const s = c->spline;
    const vf clamped = spline_clamp(s->grid, x);
    const struct vplace at = spline_place(s->grid, clamped);
    vf b[2 * QUAD], d[ORDER_MAX + 1];
    spline_bases(s->order, at.u, at.w, b);
    spline_slopes(s->order, at.u, at.w, d);

    const vi first = vf_to_vi(at.interval + vf_set((float)(s->order + 1)));
    vf slope = lookup_get(&s->coefs[0], first, s->kind) * d[0];
    for (int i = 1; i <= s->order; i++)
        slope = vf_fma(lookup_get(&s->coefs[0], vi_add(first, vi_set(i)), s->kind), d[i], slope);
    slope = slope * vf_set(s->grid->inverse_h);
    if (s->boundary == CLAMP) slope = vf_select(vf_eq(x, clamped), slope, vf_set(0));
    if (s->boundary == LINEAR) {
        const vf beyond = (x - clamped) * vf_set(s->grid->inverse_h);
        for (int i = 0; i <= s->order; i++) b[i] = vf_fma(d[i], beyond, b[i]);
    }

    int32_t offset[LANES] __attribute__((aligned(64)));
    const float interval_bytes = (float)(BIN_SETS * c->quads * (int)sizeof(quad));
    vi_store(offset, vf_to_vi((at.interval - vf_set(s->grid->interval_first)) * vf_set(interval_bytes)));
    __asm__("" : "+m"(offset));
    for (int i = 0; i <= s->order; i++) b[i] = b[i] * dy;
    for (int i = s->order + 1; i < c->quads * QUAD; i++) b[i] = vf_set(0);
    bins_add(c->bins, offset, c->quads, 0, b[0], b[1], b[2], b[3]);
    if (c->quads == 2) bins_add(c->bins, offset, 2, 1, b[4], b[5], b[6], b[7]);

    const struct vsilu_pair base = vsilu_both(x);
    *c->wbase_sum = vf_fma(dy, base.silu, *c->wbase_sum);
    return dy * vf_fma(s->wbase, vsilu_pair_slope(&base), s->wspline * slope);
}

/* raw_m of a group out of its bins. */
static inline void bins_fold(const struct problem *p, const struct bspline_bwd *plan, const float *bins,
                             double *partial) {
    const int first = p->boundary == TAPER ? -(p->order + 1) : 0;
    for (int m = 0; m < coef_count(p); m++) partial[m] = 0;
    for (int interval = 0; interval < spline_intervals(p); interval++) {
        for (int i = 0; i <= p->order; i++) {
            const int m = first + interval + i;
            if (m < 0 || m >= coef_count(p)) continue;
            const float *const bin = bins + interval * BIN_SETS * plan->quads * QUAD + i;
            for (int set = 0; set < BIN_SETS; set++) partial[m] += (double)bin[set * plan->quads * QUAD];
        }
    }
}

INLINE void bspline_bwd_block(const struct problem *p, const struct call *call,
                              const struct bspline_bwd *plan, const struct spline_grid *grid, int64_t block,
                              float *bins, enum dtype t, int store, enum lookup_kind kind, int order,
                              enum boundary boundary) {
    const int64_t width = channels_per_group(p);
    const struct spline_grid own = *grid; /* no store to a bin can change this one: it stays in registers */
    const int quads = (order + QUAD) / QUAD;
    const struct span rows = block_rows(p, plan->blocks, block);
    const struct call tables = {
        .in = {[T_WBASE] = call->in[T_WBASE], [T_WSPLINE] = call->in[T_WSPLINE], [T_COEF] = call->in[T_COEF]},
        .scratch = plan->tables};
    memset(bins, 0, (size_t)p->groups * (size_t)plan->bins_group * sizeof(float));
    for (int64_t row = rows.lo; row < rows.hi; row++) {
        for (int64_t g = 0; g < p->groups; g++) {
            const struct vspline s = vspline_of(p, &tables, &own, g, FORM_LOCAL, kind, order, boundary);
            float *const group_bins = bins + g * plan->bins_group, *const base_at =
                                                                       group_bins + plan->bins_group - 16;
            vf base = vf_load(base_at);
            const struct spline_map2 context = {&s, group_bins, &base, quads};
            const int64_t first = row * p->channels + g * width;
            map2(call->in[T_X], call->in[T_DY], call->out[T_DX], (struct span){first, first + width}, t,
                 store, plan->ahead, spline_map_grad, &context);
            vf_store(base_at, base);
        }
    }
    double *partial = plan->partials + block * plan->values;
    for (int64_t g = 0; g < p->groups; g++, partial += coef_count(p) + 1) {
        const float *const group_bins = bins + g * plan->bins_group;
        bins_fold(p, plan, group_bins, partial);
        partial[coef_count(p)] = (double)vf_sum(vf_load(group_bins + plan->bins_group - 16));
    }
}

static inline void bspline_bwd_finish(const struct problem *p, const struct call *call,
                                      const struct bspline_bwd *plan) {
    const int coefs = coef_count(p);
    partials_combine(plan->partials, plan->blocks.count, plan->values);
    float *const dcoef = call->out[T_DCOEF], *const dwbase = call->out[T_DWBASE],
                 *const dwspline = call->out[T_DWSPLINE];
    const float *const coef = call->in[T_COEF], *const wspline = call->in[T_WSPLINE];
    for (int64_t g = 0; g < p->groups; g++) {
        const double *const raw = plan->partials + g * (coefs + 1);
        double spline = 0;
        for (int m = 0; m < coefs; m++) {
            spline += (double)coef[g * coefs + m] * raw[m];
            dcoef[g * coefs + m] = (float)((double)wspline[g] * raw[m]);
        }
        dwspline[g] = (float)spline;
        dwbase[g] = (float)raw[coefs];
    }
}

INLINE void bspline_bwd_work(const struct problem *p, const struct call *call, const struct bspline_bwd *plan,
                             int64_t block, int thread, enum lookup_kind kind, enum dtype t, int order,
                             enum boundary boundary) {
    const size_t area = thread_round((size_t)p->groups * (size_t)plan->bins_group * sizeof(float));
    float *const bins = plan->bins + area / sizeof(float) * (size_t)thread;
    if (plan->store == STORE_STREAM) {
        bspline_bwd_block(p, call, plan, &plan->grid, block, bins, t, STORE_STREAM, kind, order, boundary);
        stream_end();
    } else {
        bspline_bwd_block(p, call, plan, &plan->grid, block, bins, t, STORE_PLAIN, kind, order, boundary);
    }
}

/* One block. Cubic splines that taper are compiled for, and cubics of any boundary in each dtype; everything
   else decides as it goes. */
INLINE void bspline_bwd_any(const struct problem *p, const struct call *call, const struct bspline_bwd *plan,
                            int64_t block, int thread, enum lookup_kind kind) {
    const enum dtype t = p->dtype;
    const enum boundary boundary = p->boundary;
    if (p->order != 3)
        bspline_bwd_work(p, call, plan, block, thread, kind, t, p->order, boundary);
    else if (t == F32 && boundary == TAPER)
        bspline_bwd_work(p, call, plan, block, thread, kind, F32, 3, TAPER);
    else if (t == F32)
        bspline_bwd_work(p, call, plan, block, thread, kind, F32, 3, boundary);
    else if (t == F16)
        bspline_bwd_work(p, call, plan, block, thread, kind, F16, 3, boundary);
    else
        bspline_bwd_work(p, call, plan, block, thread, kind, BF16, 3, boundary);
}

static inline void bspline_bwd_tables(const struct problem *p, const struct call *call,
                                      const struct bspline_bwd *plan) {
    for (int64_t g = 0; g < p->groups; g++)
        spline_table_fill(p, call, g, plan->tables + g * spline_group_floats(p, FORM_LOCAL));
}

#endif
