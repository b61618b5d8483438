#include <math.h>

#include "layers.h"

double cross_entropy(int batch, int classes, const float *logits, const uint8_t *labels, float *dlogits,
                     int *right) {
    double loss = 0;
    *right = 0;
    for (int b = 0; b < batch; b++) {
        const float *const row = logits + (int64_t)b * classes;
        int best = 0;
        for (int c = 1; c < classes; c++)
            if (row[c] > row[best]) best = c;
        double sum = 0;
        for (int c = 0; c < classes; c++) sum += exp((double)row[c] - (double)row[best]);
        loss += log(sum) + (double)row[best] - (double)row[labels[b]];
        *right += best == labels[b];
        for (int c = 0; dlogits && c < classes; c++) {
            const double p = exp((double)row[c] - (double)row[best]) / sum;
            dlogits[(int64_t)b * classes + c] = (float)((p - (c == labels[b])) / batch);
        }
    }
    return loss / batch;
}
