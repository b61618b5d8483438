/* bspline_bwd: dx by the slope's polynomial around the nearest knot, and the coefficients' gradients by sums
   of dy B_m, raw_m. dcoef_m = wspline raw_m,  dwspline = sum c_m raw_m,  dwbase = sum dy silu(x). */
#ifndef KATUNE_BSPLINE_BWD_H
#define KATUNE_BSPLINE_BWD_H

#include "bspline_sums.h"
#include "map.h"
#include "reduce.h"
#include "silu.h"

/* Scratch: a thread's sums and bins, one area after the other; the partial sums of the blocks; the tables of
   slopes; the control words of SUMS_LANES. */
struct bspline_bwd {
    struct blocks blocks;
    int64_t values; /* partial sums a block: groups x (grid + order + 1), raw_m and then dwbase */
    size_t area;    /* bytes of a thread: every group's sums, then every group's bins */
    char *areas;
    double *partials;
    float *slopes;
    int32_t *control;
    int store, ahead;
    enum sums_kind sums;
    struct spline_tables tables;
    struct spline_grid grid;
    struct spline_basis moments;                             /* of SUMS_BINS */
    double slope_lo[ORDER_MAX + 1], slope_hi[ORDER_MAX + 1]; /* the bases' at the ends, by u */
};

static inline struct bspline_bwd bspline_bwd_plan(const struct problem *p, int block, int store, int ahead,
                                                  int threads, enum sums_kind sums, enum lookup_kind kind,
                                                  void *scratch) {
    struct bspline_bwd plan = {.values = (int64_t)p->groups * (coef_count(p) + 1),
                               .store = store,
                               .ahead = ahead,
                               .sums = sums,
                               .tables = spline_tables_of(p, 1, kind),
                               .grid = spline_grid_of(p)};
    const size_t group = SUM_COUNT * sizeof(double) + (sums == SUMS_BINS ? bins_bytes(p) : 0);
    plan.blocks = blocks_of(p, block, plan.values);
    plan.area = thread_round((size_t)p->groups * group);
    plan.areas = scratch;
    plan.partials = (double *)(plan.areas + plan.area * (size_t)threads);
    plan.slopes = (float *)((char *)plan.partials + line_round(partials_bytes(plan.blocks, plan.values)));
    plan.moments = moment_basis(p->order);
    end_slopes(p->order, 0, plan.slope_lo);
    end_slopes(p->order, 1, plan.slope_hi);
    plan.control = (int32_t *)((char *)plan.slopes + line_round(spline_tables_bytes(p, &plan.tables)));
    return plan;
}

static inline size_t bspline_bwd_scratch(const struct problem *p, int block, int threads, enum sums_kind sums,
                                         enum lookup_kind kind) {
    char base[1];
    const struct bspline_bwd plan = bspline_bwd_plan(p, block, STORE_PLAIN, 0, threads, sums, kind, base);
    size_t bytes = (size_t)((char *)plan.control - base);
#if defined __AVX512F__
    if (sums == SUMS_LANES) bytes += CONTROL_BYTES;
#endif
    return bytes;
}

/* A group, ready for its segments. */
struct spline_grad {
    const struct spline_grid *grid;
    struct vspline slope;
    enum lookup_kind kind;
    enum sums_kind how;
    int order;
    enum boundary boundary;
    vf wbase;
    float *bins;
    const int32_t *control;
    struct spline_sums *sums;
};

INLINE vf spline_map_grad(vf x, vf dy, const void *context) {
    const struct spline_grad *const s = context;
    const vf clamped = spline_clamp(s->grid, x);
    const struct vknot k = spline_nearest(s->grid, clamped);
    vf slope = vspline_at(&s->slope, &k, s->kind, s->order - 1);
    if (s->boundary == CLAMP) slope = vf_select(vf_eq(x, clamped), slope, vf_set(0));
    if (s->boundary == LINEAR) {
        const vf beyond = (x - clamped) * dy, none = vf_set(0);
        s->sums->below = s->sums->below + vf_select(vf_lt(x, clamped), beyond, none);
        s->sums->above = s->sums->above + vf_select(vf_lt(clamped, x), beyond, none);
    }
#if defined __AVX512F__
    if (s->how == SUMS_LANES) sums_add_lanes(s->control, s->sums, &k, dy, s->order);
#endif
    if (s->how == SUMS_BINS) sums_add_bins(s->bins, &k, dy, s->order);
    const struct vsilu_pair base = vsilu_both(x);
    s->sums->base = vf_fma(dy, base.silu, s->sums->base);
    return dy * vf_fma(s->wbase, vsilu_pair_slope(&base), slope);
}

/* A block's partial sums of a group. */
static inline void sums_fold(const struct problem *p, const struct bspline_bwd *plan, const double *sum,
                             const float *bins, double *partial) {
    for (int m = 0; m < coef_count(p); m++) partial[m] = plan->sums == SUMS_LANES ? sum[m] : 0;
    if (plan->sums == SUMS_BINS) bins_fold(p, &plan->moments, bins, partial);
    partial[coef_count(p)] = sum[SUM_BASE];
    if (p->boundary != LINEAR) return;
    const double h = ((double)p->hi - (double)p->lo) / p->grid;
    for (int i = 0; i <= p->order; i++) {
        partial[i] += plan->slope_lo[i] / h * sum[SUM_BELOW];
        partial[p->grid - 1 + i] += plan->slope_hi[i] / h * sum[SUM_ABOVE];
    }
}

INLINE void sums_flush(const struct spline_sums *s, double *sum, enum sums_kind how, enum boundary boundary) {
#if defined __AVX512F__
    if (how == SUMS_LANES) sums_flush_lanes(s, sum);
#endif
    (void)how;
    sum[SUM_BASE] += (double)vf_sum(s->base);
    if (boundary != LINEAR) return;
    sum[SUM_BELOW] += (double)vf_sum(s->below);
    sum[SUM_ABOVE] += (double)vf_sum(s->above);
}

INLINE void bspline_bwd_block(const struct problem *p, const struct call *call,
                              const struct bspline_bwd *plan, int64_t block, int thread, enum dtype t,
                              int store, enum lookup_kind kind, enum sums_kind how, int order,
                              enum boundary boundary) {
    const int64_t width = channels_per_group(p);
    const struct spline_grid grid = plan->grid; /* no store to a bin can change this one: it stays put */
    const struct span rows = block_rows(p, plan->blocks, block);
    double *const sums = (double *)(plan->areas + plan->area * (size_t)thread);
    float *const bins = (float *)(sums + p->groups * SUM_COUNT);
    const int64_t bins_group = how == SUMS_BINS ? (int64_t)(bins_bytes(p) / sizeof(float)) : 0;
    const struct spline_sums none = {
        {vf_set(0), vf_set(0), vf_set(0), vf_set(0)}, vf_set(0), vf_set(0), vf_set(0)};
    memset(sums, 0, (size_t)p->groups * SUM_COUNT * sizeof(double));
    memset(bins, 0, (size_t)(p->groups * bins_group) * sizeof(float));
    for (int64_t row = rows.lo; row < rows.hi; row++) {
        for (int64_t g = 0; g < p->groups; g++) {
            struct spline_sums part = none;
            const struct spline_grad s = {
                .grid = &grid,
                .slope = vspline_load(plan->slopes + g * plan->tables.group, kind, order - 1),
                .kind = kind,
                .how = how,
                .order = order,
                .boundary = boundary,
                .wbase = vf_set(((const float *)call->in[T_WBASE])[g]),
                .bins = bins + g * bins_group,
                .control = plan->control,
                .sums = &part};
            const int64_t first = row * p->channels + g * width;
            map2(call->in[T_X], call->in[T_DY], call->out[T_DX], (struct span){first, first + width}, t,
                 store, plan->ahead, spline_map_grad, &s);
            sums_flush(&part, sums + g * SUM_COUNT, how, boundary);
        }
    }
    double *partial = plan->partials + block * plan->values;
    for (int64_t g = 0; g < p->groups; g++, partial += coef_count(p) + 1)
        sums_fold(p, plan, sums + g * SUM_COUNT, bins + g * bins_group, partial);
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

INLINE void bspline_bwd_store(const struct problem *p, const struct call *call,
                              const struct bspline_bwd *plan, int64_t block, int thread,
                              enum lookup_kind kind, enum sums_kind how, enum dtype t, int order,
                              enum boundary boundary) {
    if (plan->store == STORE_STREAM) {
        bspline_bwd_block(p, call, plan, block, thread, t, STORE_STREAM, kind, how, order, boundary);
        stream_end();
    } else {
        bspline_bwd_block(p, call, plan, block, thread, t, STORE_PLAIN, kind, how, order, boundary);
    }
}

/* One block. Cubic splines that taper are compiled for, and cubics of any boundary in each dtype; everything
   else decides as it goes. */
INLINE void bspline_bwd_any(const struct problem *p, const struct call *call, const struct bspline_bwd *plan,
                            int64_t block, int thread, enum lookup_kind kind, enum sums_kind how) {
    const enum dtype t = p->dtype;
    const enum boundary boundary = p->boundary;
    if (p->order != 3)
        bspline_bwd_store(p, call, plan, block, thread, kind, how, t, p->order, boundary);
    else if (t == F32 && boundary == TAPER)
        bspline_bwd_store(p, call, plan, block, thread, kind, how, F32, 3, TAPER);
    else if (t == F32)
        bspline_bwd_store(p, call, plan, block, thread, kind, how, F32, 3, boundary);
    else if (t == F16)
        bspline_bwd_store(p, call, plan, block, thread, kind, how, F16, 3, boundary);
    else
        bspline_bwd_store(p, call, plan, block, thread, kind, how, BF16, 3, boundary);
}

/* The whole operation: tables, the team over the blocks, the sum of the blocks. */
static inline void bspline_bwd_run(const struct problem *p, const struct call *call,
                                   const struct bspline_bwd *plan, block_fn *work) {
    spline_tables_fill(p, call, &plan->tables, plan->slopes);
#if defined __AVX512F__
    if (plan->sums == SUMS_LANES) control_fill(p, plan->control);
#endif
    team_blocks(p, call, plan, plan->blocks, work);
    bspline_bwd_finish(p, call, plan);
}

#endif
