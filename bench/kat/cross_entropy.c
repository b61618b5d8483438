#include <math.h>

#include "layers.h"

double cross_entropy(int batch, int classes, const float *logits, const uint8_t *labels, double smoothing,
                     float *dlogits, int *right) {
    double loss = 0;
    *right = 0;
    for (int b = 0; b < batch; b++) {
        const float *const row = logits + (int64_t)b * classes;
        int best = 0;
        for (int c = 1; c < classes; c++)
            if (row[c] > row[best]) best = c;
        double sum = 0;
        for (int c = 0; c < classes; c++) sum += exp((double)row[c] - (double)row[best]);
        const double level = log(sum) + (double)row[best], even = smoothing / classes;
        *right += best == labels[b];
        for (int c = 0; c < classes; c++) {
            const double wanted = even + (c == labels[b] ? 1 - smoothing : 0);
            loss += wanted * (level - (double)row[c]);
            if (dlogits)
                dlogits[(int64_t)b * classes + c] = (float)((exp((double)row[c] - level) - wanted) / batch);
        }
    }
    return loss / batch;
}
