#include <cblas.h>
#include <math.h>

#include "layers.h"

/* One head of one image: pointers into qkv (row stride 3 dim), y (row stride dim) and probs. */
struct head {
    const float *q, *k, *v;
    int64_t at; /* of q in qkv */
    int64_t out;
    int64_t probs;
    int width;
};

static struct head head_of(const struct attention_size *s, const float *qkv, int index) {
    const int image = index / s->heads, head = index % s->heads, width = s->dim / s->heads;
    struct head h = {.width = width};
    h.at = (int64_t)image * s->tokens * 3 * s->dim + head * width;
    h.out = (int64_t)image * s->tokens * s->dim + head * width;
    h.probs = (int64_t)index * s->tokens * s->tokens;
    h.q = qkv + h.at, h.k = h.q + s->dim, h.v = h.k + s->dim;
    return h;
}

static void softmax_rows(int n, float *rows) {
    for (int r = 0; r < n; r++) {
        float *const p = rows + (int64_t)r * n;
        float most = p[0], sum = 0;
        for (int i = 1; i < n; i++) most = fmaxf(most, p[i]);
        for (int i = 0; i < n; i++) sum += p[i] = expf(p[i] - most);
        for (int i = 0; i < n; i++) p[i] /= sum;
    }
}

void attention_forward(const struct attention_size *s, const float *qkv, float *probs, float *y) {
    const int n = s->tokens, stride = 3 * s->dim;
#pragma omp parallel for schedule(static)
    for (int i = 0; i < s->batch * s->heads; i++) {
        const struct head h = head_of(s, qkv, i);
        float *const p = probs + h.probs;
        const float scale = 1 / sqrtf((float)h.width);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, n, h.width, scale, h.q, stride, h.k, stride,
                    0, p, n);
        softmax_rows(n, p);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, h.width, n, 1, p, n, h.v, stride, 0,
                    y + h.out, s->dim);
    }
}

void attention_backward(const struct attention_size *s, const float *qkv, const float *probs, const float *dy,
                        float *dqkv, float *scratch) {
    const int n = s->tokens, stride = 3 * s->dim;
#pragma omp parallel for schedule(static)
    for (int i = 0; i < s->batch * s->heads; i++) {
        const struct head h = head_of(s, qkv, i);
        const float *const p = probs + h.probs, *const g = dy + h.out;
        float *const ds = scratch + h.probs, *const dq = dqkv + h.at, *const dk = dq + s->dim,
                     *const dv = dk + s->dim;
        const float scale = 1 / sqrtf((float)h.width);
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, n, h.width, n, 1, p, n, g, s->dim, 0, dv,
                    stride);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, n, h.width, 1, g, s->dim, h.v, stride, 0, ds,
                    n);
        for (int r = 0; r < n; r++) { /* through the softmax: ds = p (dp - sum p dp) */
            float *const row = ds + (int64_t)r * n;
            const float *const pr = p + (int64_t)r * n;
            float sum = 0;
            for (int c = 0; c < n; c++) sum += row[c] * pr[c];
            for (int c = 0; c < n; c++) row[c] = pr[c] * (row[c] - sum);
        }
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, h.width, n, scale, ds, n, h.k, stride, 0,
                    dq, stride);
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, n, h.width, n, scale, ds, n, h.q, stride, 0, dk,
                    stride);
    }
}
