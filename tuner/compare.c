#include "compare.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

static const double paired_alpha = 0.05, unpaired_alpha = 0.01;

static int value_compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double sorted_median(const double *sorted, int n) {
    return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

/* The location of sorted averages or differences whose count below the true one is distributed as
   `probability`: the interval leaves out as many at either end as alpha allows. */
static struct shift shift_of(const double *sorted, int n, const double *probability, double alpha) {
    double tail = probability[0];
    int out = 0;
    while (out + 1 < n - 1 - out && 2 * (tail + probability[out + 1]) <= alpha) tail += probability[++out];
    return (struct shift){sorted_median(sorted, n), sorted[out], sorted[n - 1 - out], fmax(0, 1 - 2 * tail)};
}

/* The distribution of the sum of those ranks of 1 .. n whose sign is positive, each as likely as not. */
static void signed_rank_distribution(int n, double *probability) {
    const int most = n * (n + 1) / 2;
    probability[0] = 1;
    for (int s = 1; s <= most; s++) probability[s] = 0;
    for (int rank = 1; rank <= n; rank++)
        for (int s = most; s >= 0; s--)
            probability[s] = (probability[s] + (s >= rank ? probability[s - rank] : 0)) / 2;
}

struct shift shift_paired(const double *r, int n) {
    assert(n >= 1 && n <= ROUNDS_MAX);
    double walsh[ROUNDS_MAX * (ROUNDS_MAX + 1) / 2], probability[ROUNDS_MAX * (ROUNDS_MAX + 1) / 2 + 1];
    int count = 0;
    for (int i = 0; i < n; i++)
        for (int j = i; j < n; j++) walsh[count++] = (r[i] + r[j]) / 2;
    qsort(walsh, (size_t)count, sizeof *walsh, value_compare);
    signed_rank_distribution(n, probability);
    return shift_of(walsh, count, probability, paired_alpha);
}

/* Of all ways to choose `chosen` of n ranks, the share whose sum is s, for s = 0 .. sum of ranks. The ranks
   are whole numbers: twice the midranks. NULL if there is no memory; the caller frees it. */
static double *rank_sum_distribution(const int *ranks, int n, int chosen, int sum) {
    const size_t width = (size_t)sum + 1;
    double *const ways = calloc(width * (size_t)(chosen + 1), sizeof *ways);
    if (!ways) return NULL;
    ways[0] = 1;
    /* After k ranks: how likely it is that c of them are among the chosen and have the sum s. */
    for (int k = 0; k < n; k++) {
        for (int c = k < chosen ? k + 1 : chosen; c >= 0; c--) {
            const double in = c ? (double)(chosen - (c - 1)) / (n - k) : 0;
            const double out = (double)(n - k - (chosen - c)) / (n - k);
            double *const to = ways + width * (size_t)c;
            const double *const from = c ? to - width : NULL;
            for (int s = sum; s >= 0; s--) {
                to[s] *= out > 0 ? out : 0;
                if (from && s >= ranks[k]) to[s] += in * from[s - ranks[k]];
            }
        }
    }
    for (int s = 0; s <= sum; s++) ways[s] = ways[width * (size_t)chosen + (size_t)s];
    return ways;
}

struct shift shift_unpaired(const double *a, int na, const double *b, int nb) {
    assert(na >= 1 && nb >= 1 && na <= LAUNCHES_MAX && nb <= LAUNCHES_MAX);
    static const struct shift unknown = {0, -HUGE_VAL, HUGE_VAL, 0};
    double differences[LAUNCHES_MAX * LAUNCHES_MAX];
    int ranks[2 * LAUNCHES_MAX] = {0}, count = 0;
    for (int i = 0; i < na; i++)
        for (int j = 0; j < nb; j++) differences[count++] = b[j] - a[i];
    qsort(differences, (size_t)count, sizeof *differences, value_compare);
    for (int i = 0; i < na + nb; i++) ranks[i] = i + 1;
    double *const sums = rank_sum_distribution(ranks, na + nb, na, (na + nb) * (na + nb + 1) / 2);
    if (!sums) return unknown;
    const struct shift s = shift_of(differences, count, sums + na * (na + 1) / 2, unpaired_alpha);
    free(sums);
    return s;
}

double mann_whitney_p(const double *a, int na, const double *b, int nb) {
    assert(na >= 1 && nb >= 1 && na <= LAUNCHES_MAX && nb <= LAUNCHES_MAX);
    double all[2 * LAUNCHES_MAX];
    int ranks[2 * LAUNCHES_MAX] = {0}, sum = 0, observed = 0;
    const int n = na + nb;
    for (int i = 0; i < n; i++) all[i] = i < na ? a[i] : b[i - na];
    for (int i = 0; i < n; i++) {
        ranks[i] = 1; /* twice the midrank: 1 + 2 x those below + the equal ones, itself among them */
        for (int j = 0; j < n; j++) ranks[i] += 2 * (all[j] < all[i]) + (all[j] == all[i]);
        sum += ranks[i];
        if (i < na) observed += ranks[i];
    }
    double *const sums = rank_sum_distribution(ranks, n, na, sum);
    if (!sums) return 1;
    const int expected = na * (n + 1), far = abs(observed - expected);
    double p = 0;
    for (int s = 0; s <= sum; s++)
        if (abs(s - expected) >= far) p += sums[s];
    free(sums);
    return fmin(p, 1);
}

void p_adjust(double *p, int n) {
    double *const sorted = malloc(sizeof *sorted * (size_t)(n + 1));
    if (!sorted) { /* the cruder bound needs no order */
        for (int i = 0; i < n; i++) p[i] = fmin(1, n * p[i]);
        return;
    }
    for (int i = 0; i < n; i++) sorted[i] = p[i];
    qsort(sorted, (size_t)n, sizeof *sorted, value_compare);
    for (int i = 0; i < n; i++) {
        double least = 1;
        for (int k = n - 1; k >= 0 && sorted[k] >= p[i]; k--) least = fmin(least, sorted[k] * n / (k + 1));
        p[i] = least;
    }
    free(sorted);
}

const char *change_name(enum change change) {
    static const char *const names[] = {"same", "faster", "slower", "inconclusive"};
    return names[change];
}

void rounds_ratios(const struct round *rounds, int n, double *ratios) {
    for (int i = 0; i < n; i++) {
        const struct round *const r = &rounds[i];
        ratios[i] = (log(r->b[0]) + log(r->b[1]) - log(r->a[0]) - log(r->a[1])) / 2;
    }
}

double rounds_floor(const struct round *rounds, int n) {
    assert(n >= 1 && n <= ROUNDS_MAX);
    double between[2 * ROUNDS_MAX], walsh[ROUNDS_MAX * (2 * ROUNDS_MAX + 1)];
    int count = 0;
    for (int i = 0; i < n; i++) {
        between[2 * i] = log(rounds[i].a[1] / rounds[i].a[0]);
        between[2 * i + 1] = log(rounds[i].b[1] / rounds[i].b[0]);
    }
    for (int i = 0; i < 2 * n; i++)
        for (int j = i; j < 2 * n; j++) walsh[count++] = (between[i] + between[j]) / 2;
    qsort(walsh, (size_t)count, sizeof *walsh, value_compare);
    return fabs(sorted_median(walsh, count));
}

double launches_floor(const double *launches, int n) {
    assert(n <= LAUNCHES_MAX);
    if (n < 4) return 0;
    double logs[LAUNCHES_MAX];
    for (int i = 0; i < n; i++) logs[i] = log(launches[i]);
    return fabs(shift_unpaired(logs, n / 2, logs + n / 2, n - n / 2).estimate);
}

static enum change change_within(const struct shift *s, double margin) {
    return s->lo >= -margin && s->hi <= margin ? CHANGE_SAME : CHANGE_INCONCLUSIVE;
}

enum change change_paired(const struct shift *s, double delta) {
    const double margin = log1p(delta);
    if (s->confidence < 1 - paired_alpha) return CHANGE_INCONCLUSIVE;
    if (s->lo > margin) return CHANGE_SLOWER;
    if (s->hi < -margin) return CHANGE_FASTER;
    return change_within(s, margin);
}

enum change change_unpaired(const struct shift *s, double p, double delta) {
    const double margin = log1p(delta);
    if (p < unpaired_alpha && s->estimate > margin) return CHANGE_SLOWER;
    if (p < unpaired_alpha && s->estimate < -margin) return CHANGE_FASTER;
    if (s->confidence < 1 - unpaired_alpha) return CHANGE_INCONCLUSIVE;
    return change_within(s, margin);
}
