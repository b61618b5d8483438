#include "sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double z95 = 1.96;

static int rank_clamp(double rank, int n) {
    return rank < 1 ? 1 : rank > n ? n : (int)rank;
}

int sample_rank_lo(int n) {
    return rank_clamp(floor((n - z95 * sqrt(n)) / 2), n);
}

int sample_rank_hi(int n) {
    return rank_clamp(ceil(1 + (n + z95 * sqrt(n)) / 2), n);
}

static int value_compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double sorted_median(const double *sorted, int n) {
    return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

/* A sorted copy; NULL if there is no memory for it. */
static double *sorted_copy(const double *values, int n) {
    double *const sorted = malloc(sizeof *sorted * (size_t)n);
    if (!sorted) return NULL;
    memcpy(sorted, values, sizeof *sorted * (size_t)n);
    qsort(sorted, (size_t)n, sizeof *sorted, value_compare);
    return sorted;
}

struct summary sample_summary(const double *values, int n) {
    double *const sorted = n > 0 ? sorted_copy(values, n) : NULL;
    if (!sorted) return (struct summary){0};
    const struct summary s = {n, sorted_median(sorted, n), sorted[sample_rank_lo(n) - 1],
                              sorted[sample_rank_hi(n) - 1]};
    free(sorted);
    return s;
}

int sample_next_look(int n) {
    int look = 20;
    while (look <= n) look = (int)ceil(look * 1.5);
    return look;
}

bool sample_settled(const struct summary *s, double width) {
    return s->n > 0 && (s->hi - s->lo) / 2 <= width * s->median;
}

bool sample_beaten(const struct summary *s, const struct summary *best, double margin) {
    return s->n > 0 && best->n > 0 && s->lo > best->hi * margin;
}

int sample_flag_slow(const double *clocks, const unsigned *throttle, int n, bool *slow) {
    const struct summary s = sample_summary(clocks, n);
    int count = 0;
    for (int i = 0; i < n; i++)
        count += slow[i] = (clocks[i] > 0 && clocks[i] < 0.9 * s.median) || throttle[i];
    return count;
}

int sample_drop_slow(double *values, const bool *slow, int n, bool *throttled) {
    int count = 0;
    for (int i = 0; i < n; i++) count += slow[i];
    *throttled = count * 5 > n;
    if (*throttled) return n;
    int kept = 0;
    for (int i = 0; i < n; i++)
        if (!slow[i]) values[kept++] = values[i];
    return kept;
}
