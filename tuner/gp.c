#include "gp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIT_MAX = 96 };

static const double noises[] = {1e-4, 1e-3, 1e-2, 1e-1};
static const double scale_least = 0.1, scale_most = 16;

struct gp {
    const struct space *space;
    int dims;
    bool ordered[SPACE_PARAMS_MAX];
    double scale[SPACE_PARAMS_MAX], noise;
    double offset, deviation; /* of the values: what standardises them */
    double signal, mean;      /* variance and mean of the process, on standardised values */
    int count;                /* observations */
    float *x;                 /* their features, dims each */
    double *l;                /* Cholesky factor, rows of GP_OBSERVATIONS_MAX */
    double *zy, *z1;          /* L^-1 y, L^-1 1 */
    int pool, pool_used;
    float *pool_x;
    float *v;                          /* L^-1 k(observations, candidates), one row an observation */
    double *mean_y, *mean_1, *residue; /* of each candidate */
};

void gp_free(struct gp *g) {
    if (!g) return;
    free(g->x), free(g->l), free(g->zy), free(g->z1), free(g->pool_x), free(g->v);
    free(g->mean_y), free(g->mean_1), free(g->residue);
    free(g);
}

struct gp *gp_new(const struct space *s, int pool) {
    struct gp *const g = calloc(1, sizeof *g);
    if (!g) return NULL;
    const size_t n = GP_OBSERVATIONS_MAX, m = (size_t)pool;
    *g = (struct gp){.space = s, .dims = space_param_count(s), .pool = pool, .noise = 1e-2, .signal = 1};
    const size_t dims = (size_t)g->dims;
    g->x = malloc(n * dims * sizeof *g->x), g->l = malloc(n * n * sizeof *g->l);
    g->zy = malloc(n * sizeof *g->zy), g->z1 = malloc(n * sizeof *g->z1);
    g->pool_x = malloc(m * dims * sizeof *g->pool_x), g->v = malloc(n * m * sizeof *g->v);
    g->mean_y = calloc(m, sizeof(double)), g->mean_1 = calloc(m, sizeof(double)),
    g->residue = calloc(m, sizeof(double));
    for (int i = 0; i < g->dims; i++) g->ordered[i] = space_param_at(s, i)->ordered, g->scale[i] = 1;
    if (g->x && g->l && g->zy && g->z1 && g->pool_x && g->v && g->mean_y && g->mean_1 && g->residue) return g;
    gp_free(g);
    return NULL;
}

int gp_observations(const struct gp *g) {
    return g->count;
}

static void features(const struct gp *g, const struct config *c, float *x) {
    for (int i = 0; i < g->dims; i++)
        x[i] = g->ordered[i] ? (float)space_param_at(g->space, i)->place[c->at[i]] : (float)c->at[i];
}

static double covariance(const struct gp *g, const double *inverse, const float *a, const float *b) {
    double r2 = 0;
    for (int i = 0; i < g->dims; i++) {
        const double d = g->ordered[i] ? (double)a[i] - (double)b[i] : a[i] != b[i];
        r2 += d * d * inverse[i];
    }
    const double r = sqrt(5 * r2);
    return (1 + r + r * r / 3) * exp(-r);
}

static void scales_invert(const struct gp *g, double *inverse) {
    for (int i = 0; i < g->dims; i++) inverse[i] = 1 / (g->scale[i] * g->scale[i]);
}

/* What is left of the log likelihood when mean and variance take their best values; -INFINITY if the matrix
   is not positive definite. `l` is scratch. */
static double likelihood(const struct gp *g, const float *x, const double *y, int n, double *l) {
    double inverse[SPACE_PARAMS_MAX], zy[FIT_MAX], z1[FIT_MAX], logs = 0;
    scales_invert(g, inverse);
    for (int i = 0; i < n; i++) {
        double sum_y = y[i], sum_1 = 1;
        for (int j = 0; j <= i; j++) {
            double sum = i == j ? 1 + g->noise : covariance(g, inverse, x + i * g->dims, x + j * g->dims);
            for (int k = 0; k < j; k++) sum -= l[i * n + k] * l[j * n + k];
            if (i == j && !(sum > 1e-12)) return -INFINITY;
            l[i * n + j] = i == j ? sqrt(sum) : sum / l[j * n + j];
        }
        for (int k = 0; k < i; k++) sum_y -= l[i * n + k] * zy[k], sum_1 -= l[i * n + k] * z1[k];
        zy[i] = sum_y / l[i * n + i], z1[i] = sum_1 / l[i * n + i];
        logs += log(l[i * n + i]);
    }
    double yy = 0, y1 = 0, ones = 0;
    for (int i = 0; i < n; i++) yy += zy[i] * zy[i], y1 += zy[i] * z1[i], ones += z1[i] * z1[i];
    const double variance = fmax((yy - y1 * y1 / ones) / n, 1e-12);
    return -0.5 * n * log(variance) - logs;
}

/* A weak pull of length scales towards 1: few observations say nothing about most of them. */
static double scales_prior(const struct gp *g) {
    double sum = 0;
    for (int i = 0; i < g->dims; i++) sum -= 0.15 * log(g->scale[i]) * log(g->scale[i]);
    return sum;
}

static bool attempt(struct gp *g, double *what, double value, double *best, const float *x, const double *y,
                    int n, double *l) {
    const double was = *what;
    *what = value;
    const double score = likelihood(g, x, y, n, l) + scales_prior(g);
    if (score > *best) {
        *best = score;
        return true;
    }
    *what = was;
    return false;
}

/* Coordinate ascent: each length scale by factors, and the noise from a list. */
static void scales_fit(struct gp *g, const float *x, const double *y, int n) {
    enum { SWEEPS = 2 };
    double *const l = malloc((size_t)n * (size_t)n * sizeof *l);
    if (!l) return;
    double best = likelihood(g, x, y, n, l) + scales_prior(g);
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        const double factor = sweep ? 1.5 : 2.5;
        for (int i = 0; i < g->dims; i++) {
            if (space_param_at(g->space, i)->count < 2) continue;
            const double up = fmin(g->scale[i] * factor, scale_most),
                         down = fmax(g->scale[i] / factor, scale_least);
            if (!attempt(g, &g->scale[i], up, &best, x, y, n, l))
                attempt(g, &g->scale[i], down, &best, x, y, n, l);
        }
        for (size_t i = 0; i < sizeof noises / sizeof *noises; i++)
            attempt(g, &g->noise, noises[i], &best, x, y, n, l);
    }
    free(l);
}

/* Takes in an observation whose features lie at its place already: a row of L, and of v for the whole pool.
 */
static void observation_add(struct gp *g, double y, const double *inverse) {
    const int n = g->count, m = g->pool_used;
    const float *const x = g->x + n * g->dims;
    double *const row = g->l + (size_t)n * GP_OBSERVATIONS_MAX;
    double diagonal = 1 + g->noise, sum_y = (y - g->offset) / g->deviation, sum_1 = 1;
    for (int j = 0; j < n; j++) {
        const double *const other = g->l + (size_t)j * GP_OBSERVATIONS_MAX;
        double sum = covariance(g, inverse, x, g->x + j * g->dims);
        for (int k = 0; k < j; k++) sum -= row[k] * other[k];
        row[j] = sum / other[j];
        diagonal -= row[j] * row[j];
        sum_y -= row[j] * g->zy[j], sum_1 -= row[j] * g->z1[j];
    }
    row[n] = sqrt(fmax(diagonal, 1e-10));
    g->zy[n] = sum_y / row[n], g->z1[n] = sum_1 / row[n];
    float *const v = g->v + (size_t)n * (size_t)g->pool;
    for (int c = 0; c < m; c++) v[c] = (float)covariance(g, inverse, x, g->pool_x + c * g->dims);
    for (int k = 0; k < n; k++) {
        const float *const earlier = g->v + (size_t)k * (size_t)g->pool;
        const float factor = (float)row[k];
        for (int c = 0; c < m; c++) v[c] -= factor * earlier[c];
    }
    const float scale = (float)(1 / row[n]);
    for (int c = 0; c < m; c++) {
        v[c] *= scale;
        g->mean_y[c] += (double)v[c] * g->zy[n];
        g->mean_1[c] += (double)v[c] * g->z1[n];
        g->residue[c] -= (double)v[c] * (double)v[c];
    }
    g->count++;
}

static void signal_update(struct gp *g) {
    double yy = 0, y1 = 0, ones = 0;
    for (int i = 0; i < g->count; i++)
        yy += g->zy[i] * g->zy[i], y1 += g->zy[i] * g->z1[i], ones += g->z1[i] * g->z1[i];
    g->mean = ones > 0 ? y1 / ones : 0;
    if (g->count > 1) g->signal = fmax((yy - y1 * y1 / ones) / (g->count - 1), 1e-9);
}

void gp_observe(struct gp *g, const struct config *x, double y) {
    if (g->count == GP_OBSERVATIONS_MAX) return;
    double inverse[SPACE_PARAMS_MAX];
    scales_invert(g, inverse);
    features(g, x, g->x + g->count * g->dims);
    observation_add(g, y, inverse);
    signal_update(g);
}

static void standardise(struct gp *g, const double *y, int count) {
    double sum = 0, squares = 0;
    for (int i = 0; i < count; i++) sum += y[i];
    g->offset = sum / count;
    for (int i = 0; i < count; i++) squares += (y[i] - g->offset) * (y[i] - g->offset);
    g->deviation = fmax(sqrt(squares / count), 1e-9);
}

/* The indices of those that scales are fitted on: all, or the lower half and an even choice of the others. */
static int fit_choose(const double *y, int count, int *chosen) {
    if (count <= FIT_MAX) {
        for (int i = 0; i < count; i++) chosen[i] = i;
        return count;
    }
    int used = 0;
    bool taken[GP_OBSERVATIONS_MAX] = {false};
    for (int i = 0; i < FIT_MAX / 2; i++) {
        int least = -1;
        for (int j = 0; j < count; j++)
            if (!taken[j] && (least < 0 || y[j] < y[least])) least = j;
        taken[least] = true;
        chosen[used++] = least;
    }
    for (int i = 0; i < FIT_MAX - FIT_MAX / 2; i++) {
        int j = (int)((int64_t)i * count / (FIT_MAX - FIT_MAX / 2));
        while (taken[j]) j = (j + 1) % count;
        taken[j] = true;
        chosen[used++] = j;
    }
    return used;
}

void gp_fit(struct gp *g, const struct config *x, const double *y, int count) {
    float fit_x[FIT_MAX * SPACE_PARAMS_MAX];
    double fit_y[FIT_MAX];
    int chosen[FIT_MAX];
    if (count > GP_OBSERVATIONS_MAX) count = GP_OBSERVATIONS_MAX;
    standardise(g, y, count);
    const int used = fit_choose(y, count, chosen);
    for (int i = 0; i < used; i++) {
        features(g, &x[chosen[i]], fit_x + i * g->dims);
        fit_y[i] = (y[chosen[i]] - g->offset) / g->deviation;
    }
    scales_fit(g, fit_x, fit_y, used);
    g->count = 0;
    for (int c = 0; c < g->pool_used; c++) g->mean_y[c] = g->mean_1[c] = 0, g->residue[c] = 1;
    for (int i = 0; i < count; i++) gp_observe(g, &x[i], y[i]);
}

void gp_pool_set(struct gp *g, int place, const struct config *x) {
    double inverse[SPACE_PARAMS_MAX];
    scales_invert(g, inverse);
    float *const own = g->pool_x + place * g->dims;
    features(g, x, own);
    if (place >= g->pool_used) g->pool_used = place + 1;
    g->mean_y[place] = g->mean_1[place] = 0, g->residue[place] = 1;
    for (int i = 0; i < g->count; i++) {
        const double *const row = g->l + (size_t)i * GP_OBSERVATIONS_MAX;
        double sum = covariance(g, inverse, g->x + i * g->dims, own);
        for (int k = 0; k < i; k++) sum -= row[k] * (double)g->v[(size_t)k * (size_t)g->pool + (size_t)place];
        sum /= row[i];
        g->v[(size_t)i * (size_t)g->pool + (size_t)place] = (float)sum;
        g->mean_y[place] += sum * g->zy[i];
        g->mean_1[place] += sum * g->z1[i];
        g->residue[place] -= sum * sum;
    }
}

void gp_predict(const struct gp *g, int place, double *mean, double *deviation) {
    const double z = g->mean_y[place] + g->mean * (1 - g->mean_1[place]);
    const double variance = g->signal * fmax(g->residue[place], 1e-9);
    *mean = g->offset + g->deviation * z;
    *deviation = g->deviation * sqrt(variance);
}
