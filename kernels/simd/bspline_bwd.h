/* bspline_bwd: dx by the slope's polynomial around the nearest knot, and the coefficients' gradients by sums
   of dy B_m, raw_m. dcoef_m = wspline raw_m,  dwspline = sum c_m raw_m,  dwbase = sum dy silu(x). */
#ifndef KATUNE_BSPLINE_BWD_H
#define KATUNE_BSPLINE_BWD_H

#include "bspline_masks.h"
#include "map.h"
#include "reduce.h"
#include "silu.h"

/* Scratch: a thread's sums, bins and registers of sums, one area after the other; the partial sums of the
   blocks; the tables of slopes; the control words of SUMS_LANES. */
struct bspline_bwd {
    struct blocks blocks;
    int64_t values; /* partial sums a block: groups x (grid + order + 1), raw_m and then dwbase */
    size_t area;    /* bytes of a thread: every group's sums, then every group's bins */
    char *areas;
    double *partials;
    float *slopes;
    void *control; /* of SUMS_LANES and SUMS_MASKS */
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
    const size_t group =
        SUM_COUNT * sizeof(double) + sizeof(struct spline_sums) + (sums == SUMS_BINS ? bins_bytes(p) : 0);
    plan.blocks = blocks_of(p, block, plan.values);
    plan.area = thread_round((size_t)p->groups * group);
    plan.areas = scratch;
    plan.partials = (double *)(plan.areas + plan.area * (size_t)threads);
    plan.slopes = (float *)((char *)plan.partials + line_round(partials_bytes(plan.blocks, plan.values)));
    plan.moments = moment_basis(p->order);
    end_slopes(p->order, 0, plan.slope_lo);
    end_slopes(p->order, 1, plan.slope_hi);
    plan.control = ((char *)plan.slopes + line_round(spline_tables_bytes(p, &plan.tables)));
    return plan;
}

static inline size_t bspline_bwd_scratch(const struct problem *p, int block, int threads, enum sums_kind sums,
                                         enum lookup_kind kind) {
    char base[1];
    const struct bspline_bwd plan = bspline_bwd_plan(p, block, STORE_PLAIN, 0, threads, sums, kind, base);
    size_t bytes = (size_t)((char *)plan.control - base);
#if defined __AVX512F__
    if (sums == SUMS_LANES) bytes += CONTROL_BYTES;
    if (sums == SUMS_MASKS) bytes += MASKS_BYTES;
#endif
    return bytes;
}

/* What depends on the problem's form alone, constant where it matters. */
struct spline_form {
    enum dtype t;
    int store;
    enum lookup_kind kind;
    enum sums_kind how;
    int registers; /* of SUMS_MASKS */
    int order;
    enum boundary boundary;
};

/* Why these sums cannot be taken; NULL if they can. */
static inline const char *sums_reject(const struct problem *p, enum sums_kind sums) {
    if (sums == SUMS_LANES && coef_count(p) > SUM_LANES) return "the coefficients do not fit a register";
    if (sums == SUMS_MASKS && p->order > 3) return "the bases of an interval do not fit four registers";
    if (sums == SUMS_MASKS && coef_count(p) > SUM_LANES)
        return "the coefficients' sums do not fit the registers";
    return NULL;
}

/* A group, ready for its segments. */
struct spline_grad {
    const struct spline_grid *grid;
    struct vspline slope;
    struct spline_form form;
    int intervals; /* the grid's */
    vf wbase;
    float *bins;
    const void *control;
    struct spline_sums *sums;
    struct spline_stage *stage; /* of SUMS_MASKS */
};

/* The spline's slope, and what lies beyond the ends of LINEAR added up. */
INLINE vf spline_slope(const struct spline_grad *s, vf x, vf dy, vf clamped, const struct vknot *k) {
    const vf slope = vspline_at(&s->slope, k, s->form.kind, s->form.order - 1);
    if (s->form.boundary == CLAMP) return vf_select(vf_eq(x, clamped), slope, vf_set(0));
    if (s->form.boundary == LINEAR) {
        const vf beyond = (x - clamped) * dy, none = vf_set(0);
        s->sums->below = s->sums->below + vf_select(vf_lt(x, clamped), beyond, none);
        s->sums->above = s->sums->above + vf_select(vf_lt(clamped, x), beyond, none);
    }
    return slope;
}

/* dx, and the base branch's sum. */
INLINE vf spline_dx(const struct spline_grad *s, vf x, vf dy, vf slope) {
    const struct vsilu_pair base = vsilu_both(x);
    s->sums->base = vf_fma(dy, base.silu, s->sums->base);
    return dy * vf_fma(s->wbase, vsilu_pair_slope(&base), slope);
}

INLINE vf spline_grad_at(const struct spline_grad *s, vf x, vf dy) {
    const vf clamped = spline_clamp(s->grid, x);
    const struct vknot k = spline_nearest(s->grid, clamped);
    const vf slope = spline_slope(s, x, dy, clamped, &k);
#if defined __AVX512F__
    if (s->form.how == SUMS_LANES) sums_add_lanes(s->control, s->sums, &k, dy, s->form.order);
    if (s->form.how == SUMS_MASKS) stage_put(s->stage, &k, dy, s->form.boundary, s->intervals);
#endif
    if (s->form.how == SUMS_BINS) sums_add_bins(s->bins, &k, dy, s->form.order);
    return spline_dx(s, x, dy, slope);
}

INLINE void spline_map_grad(vf *dx, const vf *x, const vf *dy, int count, const void *context) {
    for (int k = 0; k < count; k++) dx[k] = spline_grad_at(context, x[k], dy[k]);
}

#if defined __AVX512F__

/* SUMS_MASKS takes two loops over a part of a segment that stays in the first-level cache: dx, which leaves
   behind what the sums need, and the sums. In one loop the chain from x to the sums is some hundred cycles
   long, as many as the operations of one vector take, and the schedulers, which hold the operations of one or
   two vectors, would fill up with what waits. */
INLINE void spline_staged(const struct spline_grad *s, const void *x, const void *dy, void *dx,
                          struct span part, int ahead) {
    s->stage->filled = 0;
    map2(x, dy, dx, part, s->form.t, s->form.store, ahead, TOGETHER, spline_map_grad, s);
    for (int i = 0; i < s->stage->filled; i += LANES)
        sums_add_masks(s->control, s->form.kind, s->sums, s->stage, i, s->form.order, s->form.registers);
}

#endif

/* A block's partial sums of a group. */
static inline void sums_fold(const struct problem *p, const struct bspline_bwd *plan, const double *sum,
                             const float *bins, double *partial) {
    for (int m = 0; m < coef_count(p); m++) partial[m] = plan->sums == SUMS_BINS ? 0 : sum[m];
    if (plan->sums == SUMS_BINS) bins_fold(p, &plan->moments, bins, partial);
    partial[coef_count(p)] = sum[SUM_BASE];
    if (p->boundary != LINEAR) return;
    const double h = ((double)p->hi - (double)p->lo) / p->grid;
    for (int i = 0; i <= p->order; i++) {
        partial[i] += plan->slope_lo[i] / h * sum[SUM_BELOW];
        partial[p->grid - 1 + i] += plan->slope_hi[i] / h * sum[SUM_ABOVE];
    }
}

INLINE void sums_flush(const struct spline_sums *s, double *sum, struct spline_form f) {
#if defined __AVX512F__
    if (f.how == SUMS_LANES) sums_flush_lanes(s, sum, f.order);
    if (f.how == SUMS_MASKS) sums_flush_masks(s, sum, f.registers, f.order);
#endif
    sum[SUM_BASE] += (double)vf_sum(s->base);
    if (f.boundary != LINEAR) return;
    sum[SUM_BELOW] += (double)vf_sum(s->below);
    sum[SUM_ABOVE] += (double)vf_sum(s->above);
}

INLINE int sums_registers(struct spline_form f) {
    return f.how == SUMS_MASKS ? f.registers : f.how == SUMS_LANES ? QUAD : 0;
}

/* Elements of a group after which its sums in float go to those in double. */
enum { FLUSH_ELEMENTS = 4096 };

/* Copies of the sums that are used, register by register: a compiler copies the whole by a slow instruction.
 */
INLINE struct spline_sums sums_held(const struct spline_sums *held, struct spline_form f) {
    struct spline_sums s = {.base = held->base, .below = held->below, .above = held->above};
    for (int i = 0; i < sums_registers(f); i++) s.lane[i] = held->lane[i];
    return s;
}

INLINE void sums_hold(struct spline_sums *held, const struct spline_sums *s, struct spline_form f) {
    held->base = s->base, held->below = s->below, held->above = s->above;
    for (int i = 0; i < sums_registers(f); i++) held->lane[i] = s->lane[i];
}

INLINE void bspline_bwd_segment(const struct problem *p, const struct call *call,
                                const struct bspline_bwd *plan, const struct spline_grid *grid, int64_t row,
                                int64_t g, float *bins, struct spline_sums *held, struct spline_form f) {
    const int64_t width = channels_per_group(p);
    struct spline_sums part = sums_held(held, f);
    struct spline_stage stage;
    const struct spline_grad s = {
        .grid = grid,
        .slope = vspline_load(plan->slopes + g * plan->tables.group, f.kind, f.order - 1),
        .form = f,
        .intervals = p->grid,
        .wbase = vf_set(((const float *)call->in[T_WBASE])[g]),
        .bins = bins,
        .control = plan->control,
        .sums = &part,
        .stage = &stage};
    const int64_t first = row * p->channels + g * width;
    const void *const x = call->in[T_X], *const dy = call->in[T_DY];
    void *const dx = call->out[T_DX];
#if defined __AVX512F__
    if (f.how == SUMS_MASKS) {
        for (int64_t i = first, n; i < first + width; i += n) {
            n = first + width - i < STAGE_ELEMENTS ? first + width - i : STAGE_ELEMENTS;
            spline_staged(&s, x, dy, dx, (struct span){i, i + n}, plan->ahead);
        }
    } else
#endif
        map2(x, dy, dx, (struct span){first, first + width}, f.t, f.store, plan->ahead, 1, spline_map_grad,
             &s);
    sums_hold(held, &part, f);
}

INLINE void bspline_bwd_block(const struct problem *p, const struct call *call,
                              const struct bspline_bwd *plan, int64_t block, int thread,
                              struct spline_form f) {
    const struct spline_grid grid = plan->grid; /* no store to a bin can change this one: it stays put */
    const struct span rows = block_rows(p, plan->blocks, block);
    const int64_t bins_group = f.how == SUMS_BINS ? (int64_t)(bins_bytes(p) / sizeof(float)) : 0;
    double *const sums = (double *)(plan->areas + plan->area * (size_t)thread);
    struct spline_sums *const held = (struct spline_sums *)(sums + p->groups * SUM_COUNT);
    float *const bins = (float *)(held + p->groups);
    memset(sums, 0, (size_t)p->groups * (SUM_COUNT * sizeof *sums + sizeof *held));
    memset(bins, 0, (size_t)(p->groups * bins_group) * sizeof(float));
    const int64_t rows_held = 1 + FLUSH_ELEMENTS / channels_per_group(p);
    for (int64_t row = rows.lo; row < rows.hi; row++) {
        for (int64_t g = 0; g < p->groups; g++)
            bspline_bwd_segment(p, call, plan, &grid, row, g, bins + g * bins_group, &held[g], f);
        if ((row - rows.lo) % rows_held < rows_held - 1 && row < rows.hi - 1) continue;
        for (int64_t g = 0; g < p->groups; g++) sums_flush(&held[g], sums + g * SUM_COUNT, f);
        memset(held, 0, (size_t)p->groups * sizeof *held);
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

/* One block. Cubic splines that taper are compiled for, and cubics of any boundary in each dtype; everything
   else decides as it goes. */
INLINE void bspline_bwd_any(const struct problem *p, const struct call *call, const struct bspline_bwd *plan,
                            int64_t block, int thread, enum lookup_kind kind, enum sums_kind how,
                            int registers) {
    struct spline_form f = {.t = p->dtype,
                            .kind = kind,
                            .how = how,
                            .registers = registers,
                            .order = p->order,
                            .boundary = p->boundary};
    if (p->order != 3) {
        bspline_bwd_store(p, call, plan, block, thread, f);
        return;
    }
    f.order = 3;
    if (p->dtype == F32 && p->boundary == TAPER) {
        f.t = F32, f.boundary = TAPER;
        bspline_bwd_store(p, call, plan, block, thread, f);
    } else if (p->dtype == F32) {
        f.t = F32;
        bspline_bwd_store(p, call, plan, block, thread, f);
    } else if (p->dtype == F16) {
        f.t = F16;
        bspline_bwd_store(p, call, plan, block, thread, f);
    } else {
        f.t = BF16;
        bspline_bwd_store(p, call, plan, block, thread, f);
    }
}

/* The whole operation: tables, the team over the blocks, the sum of the blocks. */
static inline void bspline_bwd_run(const struct problem *p, const struct call *call,
                                   const struct bspline_bwd *plan, block_fn *work) {
    spline_tables_fill(p, call, &plan->tables, plan->slopes);
#if defined __AVX512F__
    if (plan->sums == SUMS_LANES) control_fill(p, plan->control);
    if (plan->sums == SUMS_MASKS) masks_fill(p, plan->control);
#endif
    team_blocks(p, call, plan, plan->blocks, work);
    bspline_bwd_finish(p, call, plan);
}

#endif
