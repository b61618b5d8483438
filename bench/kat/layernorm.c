#include <math.h>
#include <string.h>

#include "layers.h"

void layernorm_forward(int64_t rows, int dim, const float *x, const float *weight, const float *bias,
                       float *y, float *stats) {
    const double epsilon = 1e-6;
    for (int64_t r = 0; r < rows; r++) {
        const float *const in = x + r * dim;
        double sum = 0, squares = 0;
        for (int i = 0; i < dim; i++) sum += (double)in[i];
        const double mean = sum / dim;
        for (int i = 0; i < dim; i++) squares += ((double)in[i] - mean) * ((double)in[i] - mean);
        const float middle = (float)mean, rstd = (float)(1 / sqrt(squares / dim + epsilon));
        for (int i = 0; i < dim; i++) y[r * dim + i] = (in[i] - middle) * rstd * weight[i] + bias[i];
        stats[2 * r] = middle, stats[2 * r + 1] = rstd;
    }
}

/* With n = (x - mean) rstd and g = dy weight: dx = rstd (g - mean(g) - n mean(g n)). */
void layernorm_backward(int64_t rows, int dim, const float *x, const float *weight, const float *stats,
                        const float *dy, float *dx, float *dweight, float *dbias) {
    memset(dweight, 0, (size_t)dim * sizeof *dweight);
    memset(dbias, 0, (size_t)dim * sizeof *dbias);
    for (int64_t r = 0; r < rows; r++) {
        const float *const in = x + r * dim, *const grad = dy + r * dim;
        const float mean = stats[2 * r], rstd = stats[2 * r + 1];
        double sum = 0, product = 0;
        for (int i = 0; i < dim; i++) {
            const float normal = (in[i] - mean) * rstd, g = grad[i] * weight[i];
            sum += (double)g;
            product += (double)(g * normal);
            dweight[i] += grad[i] * normal;
            dbias[i] += grad[i];
        }
        const float shift = (float)(sum / dim), slope = (float)(product / dim);
        for (int i = 0; i < dim; i++) {
            const float normal = (in[i] - mean) * rstd;
            dx[r * dim + i] += rstd * (grad[i] * weight[i] - shift - normal * slope);
        }
    }
}
