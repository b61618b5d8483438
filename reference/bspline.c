#include <math.h>
#include <stdlib.h>

#include "oracle.h"
#include "sum.h"

enum { BASES_MAX = GRID_MAX + ORDER_MAX, KNOTS_MAX = GRID_MAX + 2 * ORDER_MAX + 1 };

/* The knots t_j = lo + (j - order) h, j = 0 .. grid + 2 order. */
struct knots {
    double t[KNOTS_MAX];
    int count;
    int grid, order;
    double lo, hi, h;
};

static struct knots knots_of(const struct problem *p) {
    const double lo = (double)p->lo, hi = (double)p->hi;
    struct knots k = {
        .count = p->grid + 2 * p->order + 1, .grid = p->grid, .order = p->order, .lo = lo, .hi = hi};
    k.h = (hi - lo) / p->grid;
    for (int j = 0; j < k.count; j++) k.t[j] = lo + (j - p->order) * k.h;
    k.t[p->order + p->grid] = hi;
    return k;
}

/* The j with t_j <= x < t_(j+1); -1 beyond the knots. Intervals are half-open; with `closed`, x = hi belongs
   to the last interval inside the grid. */
static int interval_of(const struct knots *k, double x, bool closed) {
    if (closed && x == k->hi) return k->order + k->grid - 1;
    if (!(x >= k->t[0] && x < k->t[k->count - 1])) return -1;
    int j = (int)((x - k->t[0]) / k->h);
    if (j > k->count - 2) j = k->count - 2;
    while (x < k->t[j]) j--;
    while (x >= k->t[j + 1]) j++;
    return j;
}

/* Cox-de Boor: the bases of `degree` that live on interval j, b[i] = B_(j - degree + i). Bases whose index is
   outside 0 .. grid + order - 1 do not exist; the caller skips them. Knots beyond the stored ones are
   uniform. */
static void bases_local(const struct knots *k, int j, double x, int degree, double b[ORDER_MAX + 1]) {
    b[0] = 1;
    for (int d = 1; d <= degree; d++) {
        double saved = 0;
        for (int r = 0; r < d; r++) {
            const double right = k->lo + (j + r + 1 - k->order) * k->h,
                         left = k->lo + (j + r + 1 - d - k->order) * k->h;
            const double part = b[r] / (d * k->h);
            b[r] = saved + (right - x) * part;
            saved = (x - left) * part;
        }
        b[d] = saved;
    }
}

/* All bases' values and slopes at x inside the knots, no boundary rule applied. slope B' = (B_(i,k-1) -
   B_(i+1,k-1)) / h. */
static void bases_inside(const struct knots *k, int j, double x, double *value, double *slope) {
    const int order = k->order, bases = k->grid + order;
    double b[ORDER_MAX + 1], lower[ORDER_MAX + 2] = {0};
    bases_local(k, j, x, order, b);
    bases_local(k, j, x, order - 1, lower + 1); /* lower[i] = B_(j - order + i, order - 1) */
    lower[order + 1] = 0;
    for (int i = 0; i <= order; i++) {
        const int m = j - order + i;
        if (m < 0 || m >= bases) continue;
        value[m] = b[i];
        slope[m] = (lower[i] - lower[i + 1]) / k->h;
    }
}

static void bases_zero(const struct knots *k, double *value, double *slope) {
    for (int m = 0; m < k->grid + k->order; m++) value[m] = slope[m] = 0;
}

/* Beyond an end at which the spline does not taper. The end is a knot, so that counting in intervals gives
   the slopes there exactly: one that is 0 has to be, however far x is. */
static void bases_beyond(const struct knots *k, enum boundary boundary, double x, bool below, double *value,
                         double *slope) {
    const struct knots unit = {.grid = k->grid, .order = k->order, .h = 1};
    bases_inside(&unit, below ? k->order : k->order + k->grid - 1, below ? 0 : k->grid, value, slope);
    for (int m = 0; m < k->grid + k->order; m++) {
        slope[m] /= k->h;
        if (boundary == LINEAR) value[m] += slope[m] * (x - (below ? k->lo : k->hi));
        if (boundary == CLAMP) slope[m] = 0;
    }
}

static void bases_at(const struct knots *k, enum boundary boundary, double x, double *value, double *slope) {
    bases_zero(k, value, slope);
    const bool below = x<k->lo, beyond = x> k->hi, outside = below || beyond;
    if (outside && boundary != TAPER) {
        bases_beyond(k, boundary, x, below, value, slope);
        return;
    }
    const int j = interval_of(k, x, boundary != TAPER);
    if (j >= 0) bases_inside(k, j, x, value, slope);
}

void bspline_bases(const struct problem *p, double x, double *value, double *slope) {
    const struct knots k = knots_of(p);
    bases_at(&k, p->boundary, x, value, slope);
}

/* The spline's part of y and of dy/dx. */
struct spline_terms {
    struct term value, slope;
};

static struct spline_terms spline_at(const struct knots *k, const float *coef, const double *value,
                                     const double *slope) {
    struct spline_terms s = {{0, 0}, {0, 0}};
    for (int m = 0; m < k->grid + k->order; m++) {
        term_add(&s.value, (double)coef[m] * value[m]);
        term_add(&s.slope, (double)coef[m] * slope[m]);
    }
    return s;
}

void oracle_bspline_fwd(const struct problem *p, const struct oracle_in *in, const struct oracle_out *out) {
    const struct knots k = knots_of(p);
    const int64_t width = channels_per_group(p);
    double value[BASES_MAX], slope[BASES_MAX];
    for (int64_t i = 0; i < problem_elements(p); i++) {
        const int64_t g = i % p->channels / width;
        const double x = (double)in->in[T_X][i];
        const double wb = (double)in->in[T_WBASE][g], ws = (double)in->in[T_WSPLINE][g];
        bases_at(&k, p->boundary, x, value, slope);
        const struct spline_terms s = spline_at(&k, in->in[T_COEF] + g * coef_count(p), value, slope);
        const struct term base = silu_value(x);
        output_set(out, T_Y, i, wb * base.value + ws * s.value.value,
                   fabs(wb) * base.scale + fabs(ws) * s.value.scale);
    }
}

struct group_gradients {
    struct sum wbase, wspline, coef[BASES_MAX];
};

static void backward_element(const struct problem *p, const struct oracle_in *in,
                             const struct oracle_out *out, const struct knots *k, int64_t i,
                             struct group_gradients *grad) {
    double value[BASES_MAX], slope[BASES_MAX];
    const int64_t g = i % p->channels / channels_per_group(p);
    const double x = (double)in->in[T_X][i], dy = (double)in->in[T_DY][i];
    const double wb = (double)in->in[T_WBASE][g], ws = (double)in->in[T_WSPLINE][g];
    bases_at(k, p->boundary, x, value, slope);
    const struct spline_terms s = spline_at(k, in->in[T_COEF] + g * coef_count(p), value, slope);
    const struct term base = silu_value(x), base_slope = silu_slope(x);
    output_set(out, T_DX, i, dy * (wb * base_slope.value + ws * s.slope.value),
               fabs(dy) * (fabs(wb) * base_slope.scale + fabs(ws) * s.slope.scale));
    const double weighted = dy * row_weight(in, i / p->channels);
    for (int m = 0; m < coef_count(p); m++)
        if (value[m] != 0) sum_add(&grad[g].coef[m], weighted * ws * value[m]);
    sum_add(&grad[g].wbase, weighted * base.value);
    sum_add(&grad[g].wspline, weighted * s.value.value);
    grad[g].wspline.scale += fabs(weighted) * (s.value.scale - fabs(s.value.value));
}

void oracle_bspline_bwd(const struct problem *p, const struct oracle_in *in, const struct oracle_out *out) {
    const struct knots k = knots_of(p);
    struct group_gradients *const grad = calloc((size_t)p->groups, sizeof *grad);
    if (!grad) abort(); /* at most 6 KiB a group */
    for (int64_t i = 0; i < problem_elements(p); i++) backward_element(p, in, out, &k, i, grad);
    for (int64_t g = 0; g < p->groups; g++) {
        for (int m = 0; m < coef_count(p); m++)
            output_set(out, T_DCOEF, g * coef_count(p) + m, sum_value(&grad[g].coef[m]),
                       grad[g].coef[m].scale);
        output_set(out, T_DWBASE, g, sum_value(&grad[g].wbase), grad[g].wbase.scale);
        output_set(out, T_DWSPLINE, g, sum_value(&grad[g].wspline), grad[g].wspline.scale);
    }
    free(grad);
}
