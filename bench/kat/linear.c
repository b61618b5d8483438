#include <cblas.h>
#include <string.h>

#include "layers.h"

void linear_forward(int64_t rows, int in, int out, const float *x, const float *weight, const float *bias,
                    float *y) {
    for (int64_t r = 0; r < rows; r++) memcpy(y + r * out, bias, (size_t)out * sizeof *y);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows, out, in, 1, x, in, weight, in, 1, y, out);
}

void linear_backward(int64_t rows, int in, int out, const float *x, const float *weight, const float *dy,
                     float *dx, float *dweight, float *dbias) {
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, out, in, (int)rows, 1, dy, out, x, in, 0, dweight,
                in);
    if (dx)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)rows, in, out, 1, dy, out, weight, in, 0,
                    dx, in);
    memset(dbias, 0, (size_t)out * sizeof *dbias);
    for (int64_t r = 0; r < rows; r++)
        for (int i = 0; i < out; i++) dbias[i] += dy[r * out + i];
}
