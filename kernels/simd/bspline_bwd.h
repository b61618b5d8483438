/* bspline_bwd: dx by the slope's polynomial around the nearest knot, and the coefficients' gradients by sums
   of dy B_m, raw_m. dcoef_m = wspline raw_m,  dwspline = sum c_m raw_m,  dwbase = sum dy silu(x). */
#ifndef KATUNE_BSPLINE_BWD_H
#define KATUNE_BSPLINE_BWD_H

#include "bspline_sums.h"
#include "map.h"
#include "reduce.h"

/* Scratch: a thread's sums and bins, one area after the other; the partial sums of the blocks; the tables of
   slopes. */
struct bspline_bwd {
    struct blocks blocks;
    int64_t values; /* partial sums a block: groups x (grid + order + 1), raw_m and then dwbase */
    size_t area;    /* bytes of a thread: every group's sums, then every group's bins */
    char *areas;
    double *partials;
    float *slopes;
    int store, ahead;
    struct spline_tables tables;
    struct spline_grid grid;
    struct spline_basis moments;
    double slope_lo[ORDER_MAX + 1], slope_hi[ORDER_MAX + 1]; /* the bases' at the ends, by u */
};

static inline struct bspline_bwd bspline_bwd_plan(const struct problem *p, int block, int store, int ahead,
                                                  int threads, enum lookup_kind kind, void *scratch) {
    struct bspline_bwd plan = {.values = (int64_t)p->groups * (coef_count(p) + 1),
                               .store = store,
                               .ahead = ahead,
                               .tables = spline_tables_of(p, 1, kind),
                               .grid = spline_grid_of(p),
                               .moments = moment_basis(p->order)};
    const size_t group = SUM_COUNT * sizeof(double) + sizeof(struct spline_sums) + bins_bytes(p);
    plan.blocks = blocks_of(p, block, plan.values);
    plan.area = thread_round((size_t)p->groups * group);
    plan.areas = scratch;
    plan.partials = (double *)(plan.areas + plan.area * (size_t)threads);
    plan.slopes = (float *)((char *)plan.partials + line_round(partials_bytes(plan.blocks, plan.values)));
    end_slopes(p->order, 0, plan.slope_lo);
    end_slopes(p->order, 1, plan.slope_hi);
    return plan;
}

static inline size_t bspline_bwd_scratch(const struct problem *p, int block, int threads,
                                         enum lookup_kind kind) {
    char base[1];
    const struct bspline_bwd plan = bspline_bwd_plan(p, block, STORE_PLAIN, 0, threads, kind, base);
    return (size_t)((char *)plan.slopes - base) + spline_tables_bytes(p, &plan.tables);
}

/* What depends on the problem's form alone, constant where it matters. */
struct spline_form {
    enum dtype t;
    int store;
    enum lookup_kind kind;
    int order;
    enum boundary boundary;
    int exact; /* whether the grid is */
};

/* A group, ready for its segments. */
struct spline_grad {
    const struct spline_grid *grid;
    struct vspline slope;
    struct spline_form form;
    vf wbase;
    float *bins;
    struct spline_sums *sums;
    struct spline_wait *wait;
};

/* The spline's slope, and what lies beyond the ends of LINEAR added up. */
INLINE vf spline_slope(const struct spline_grad *s, vf x, vf dy, const struct spline_point *at) {
    const vf slope = vspline_at(&s->slope, &at->nearest, s->form.kind, s->form.order - 1);
    if (s->form.boundary == CLAMP) return vf_select(vf_eq(x, at->inside), slope, vf_set(0));
    if (s->form.boundary == LINEAR) {
        const vf beyond = (x - at->inside) * dy, none = vf_set(0);
        s->sums->below = s->sums->below + vf_select(vf_lt(x, at->inside), beyond, none);
        s->sums->above = s->sums->above + vf_select(vf_lt(at->inside, x), beyond, none);
    }
    return slope;
}

/* dx, and what the element adds to the sums. */
INLINE vf spline_grad_at(const struct spline_grad *s, vf x, vf dy) {
    const struct spline_point at = spline_locate(s->grid, x, s->form.boundary, s->form.exact);
    const vf slope = spline_slope(s, x, dy, &at);
    s->sums->base = vf_fma(dy, at.base.silu, s->sums->base);
    const vf dx = dy * vf_fma(s->wbase, vsilu_pair_slope(&at.base), slope);
    sums_add(s->wait, s->bins, &at.nearest, dy, s->form.order);
    return dx;
}

INLINE void spline_map_grad(vf *dx, const vf *x, const vf *dy, int count, const void *context) {
    for (int k = 0; k < count; k++) dx[k] = spline_grad_at(context, x[k], dy[k]);
}

/* A block's partial sums of a group. */
static inline void sums_fold(const struct problem *p, const struct bspline_bwd *plan, const double *sum,
                             const float *bins, double *partial) {
    for (int m = 0; m < coef_count(p); m++) partial[m] = 0;
    bins_fold(p, &plan->moments, bins, partial);
    partial[coef_count(p)] = sum[SUM_BASE];
    if (p->boundary != LINEAR) return;
    for (int i = 0; i <= p->order; i++) {
        partial[i] += plan->slope_lo[i] / spline_step(p) * sum[SUM_BELOW];
        partial[p->grid - 1 + i] += plan->slope_hi[i] / spline_step(p) * sum[SUM_ABOVE];
    }
}

static inline void sums_flush(const struct spline_sums *s, double *sum) {
    sum[SUM_BASE] += (double)vf_sum(s->base);
    sum[SUM_BELOW] += (double)vf_sum(s->below);
    sum[SUM_ABOVE] += (double)vf_sum(s->above);
}

/* Elements of a group after which its sums in float go to those in double. */
enum { FLUSH_ELEMENTS = 4096 };

INLINE void bspline_bwd_segment(const struct problem *p, const struct call *call,
                                const struct bspline_bwd *plan, const struct spline_grid *grid, int64_t row,
                                int64_t g, float *bins, struct spline_sums *held, struct spline_wait *wait,
                                struct spline_form f) {
    const int64_t width = channels_per_group(p);
    struct spline_sums part = *held;
    const struct spline_grad s = {
        .grid = grid,
        .slope = vspline_load(plan->slopes + g * plan->tables.group, f.kind, f.order - 1),
        .form = f,
        .wbase = vf_set(((const float *)call->in[T_WBASE])[g]),
        .bins = bins,
        .sums = &part,
        .wait = wait};
    const int64_t first = row * p->channels + g * width;
    map2(call->in[T_X], call->in[T_DY], call->out[T_DX], (struct span){first, first + width}, f.t, f.store,
         plan->ahead, 1, spline_map_grad, &s);
    *held = part;
}

INLINE void bspline_bwd_block(const struct problem *p, const struct call *call,
                              const struct bspline_bwd *plan, int64_t block, int thread,
                              struct spline_form f) {
    const struct spline_grid grid = plan->grid; /* no store to a bin can change this one: it stays put */
    const struct span rows = block_rows(p, plan->blocks, block);
    const int64_t bins_group = (int64_t)(bins_bytes(p) / sizeof(float));
    double *const sums = (double *)(plan->areas + plan->area * (size_t)thread);
    struct spline_sums *const held = (struct spline_sums *)(sums + p->groups * SUM_COUNT);
    float *const bins = (float *)(held + p->groups);
    memset(sums, 0, (size_t)p->groups * (SUM_COUNT * sizeof *sums + sizeof *held));
    memset(bins, 0, (size_t)(p->groups * bins_group) * sizeof(float));
    struct spline_wait wait;
    wait_start(&wait, bins);
    const int64_t rows_held = 1 + FLUSH_ELEMENTS / channels_per_group(p);
    for (int64_t row = rows.lo; row < rows.hi; row++) {
        for (int64_t g = 0; g < p->groups; g++)
            bspline_bwd_segment(p, call, plan, &grid, row, g, bins + g * bins_group, &held[g], &wait, f);
        if ((row - rows.lo) % rows_held < rows_held - 1 && row < rows.hi - 1) continue;
        for (int64_t g = 0; g < p->groups; g++) sums_flush(&held[g], sums + g * SUM_COUNT);
        memset(held, 0, (size_t)p->groups * sizeof *held);
    }
    wait_end(&wait, spline_quads(f.order));
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
                              struct spline_form f) {
    if (plan->store == STORE_STREAM) {
        f.store = STORE_STREAM;
        bspline_bwd_block(p, call, plan, block, thread, f);
        stream_end();
    } else {
        f.store = STORE_PLAIN;
        bspline_bwd_block(p, call, plan, block, thread, f);
    }
}

/* One block. Every order is compiled for, cubics also in each dtype, and those that taper in float32 on exact
   grids; what is not decides as it goes. */
INLINE void bspline_bwd_any(const struct problem *p, const struct call *call, const struct bspline_bwd *plan,
                            int64_t block, int thread, enum lookup_kind kind) {
    struct spline_form f = {.t = p->dtype, .kind = kind, .order = p->order, .boundary = p->boundary};
    if (p->order == 1) {
        f.order = 1;
        bspline_bwd_store(p, call, plan, block, thread, f);
    } else if (p->order == 2) {
        f.order = 2;
        bspline_bwd_store(p, call, plan, block, thread, f);
    } else if (p->order == 4) {
        f.order = 4;
        bspline_bwd_store(p, call, plan, block, thread, f);
    } else if (p->order == 5) {
        f.order = 5;
        bspline_bwd_store(p, call, plan, block, thread, f);
    } else if (p->dtype == F32 && p->boundary == TAPER && plan->grid.exact) {
        f.order = 3, f.t = F32, f.boundary = TAPER, f.exact = 1;
        bspline_bwd_store(p, call, plan, block, thread, f);
    } else if (p->dtype == F32) {
        f.order = 3, f.t = F32;
        bspline_bwd_store(p, call, plan, block, thread, f);
    } else if (p->dtype == F16) {
        f.order = 3, f.t = F16;
        bspline_bwd_store(p, call, plan, block, thread, f);
    } else {
        f.order = 3, f.t = BF16;
        bspline_bwd_store(p, call, plan, block, thread, f);
    }
}

/* The whole operation: tables, the team over the blocks, the sum of the blocks. */
static inline void bspline_bwd_run(const struct problem *p, const struct call *call,
                                   const struct bspline_bwd *plan, block_fn *work) {
    spline_tables_fill(p, call, &plan->tables, plan->slopes);
    team_blocks(p, call, plan, plan->blocks, work);
    bspline_bwd_finish(p, call, plan);
}

#endif
