/* Layers of a transformer, forward and backward, in float32 with OpenBLAS for the matrix products. Tensors
   are row-major; `rows` counts tokens of the whole batch. Gradients of parameters are written, not added to:
   each parameter is used once a step. */
#ifndef KATUNE_KAT_LAYERS_H
#define KATUNE_KAT_LAYERS_H

#include <stdint.h>

/* y (rows, out) = x (rows, in) weight^T + bias, weight (out, in). */
void linear_forward(int64_t rows, int in, int out, const float *x, const float *weight, const float *bias,
                    float *y);
/* dx may be NULL. */
void linear_backward(int64_t rows, int in, int out, const float *x, const float *weight, const float *dy,
                     float *dx, float *dweight, float *dbias);

/* y = (x - mean) rstd weight + bias over the last dimension, eps 1e-6; stats: mean and rstd of every row. */
void layernorm_forward(int64_t rows, int dim, const float *x, const float *weight, const float *bias,
                       float *y, float *stats);
/* Adds to dx: the residual stream's gradient is there already. */
void layernorm_backward(int64_t rows, int dim, const float *x, const float *weight, const float *stats,
                        const float *dy, float *dx, float *dweight, float *dbias);

/* Multi-head attention of qkv (batch, tokens, 3, heads, dim / heads): y (batch, tokens, dim); probs
   (batch, heads, tokens, tokens) is kept for the backward pass. */
struct attention_size {
    int batch, tokens, heads, dim;
};
void attention_forward(const struct attention_size *s, const float *qkv, float *probs, float *y);
/* scratch: as large as probs. */
void attention_backward(const struct attention_size *s, const float *qkv, const float *probs, const float *dy,
                        float *dqkv, float *scratch);

/* Mean cross entropy of softmax(logits) with the labels' distribution: 1 - smoothing on the label, and
 smoothing spread evenly over all classes; dlogits may be NULL. Returns the loss; *right: how many are
 * classified so. */
double cross_entropy(int batch, int classes, const float *logits, const uint8_t *labels, double smoothing,
                     float *dlogits, int *right);

#endif
