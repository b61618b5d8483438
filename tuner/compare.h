/* Whether one build is slower than another: statistics of launch medians, as pure functions.

   The unit is the median of one launch of the program: samples of one launch share its memory layout and its
   moment, and pooling them makes differences out of nothing. All differences are of logarithms: 0.02 is 2%.

   Two builds at hand are launched in rounds ABBA or BAAB: what drifts hits both alike. A stored baseline
   cannot be interleaved; its launches are compared with new ones by ranks, and drift between the two shows as
   a change. Formulas: Hollander, Wolfe and Chicken, "Nonparametric Statistical Methods", 3.2, 3.3, 4.1
   to 4.3. */
#ifndef KATUNE_COMPARE_H
#define KATUNE_COMPARE_H

enum {
    ROUNDS_MAX = 32,
    LAUNCHES_MAX = 64, /* of a side */
    ROUNDS_MIN = 6,    /* the exact interval of 95% needs so many */
    LAUNCHES_MIN = 8,  /* of a side, to compare with a baseline */
};

/* A location and its interval. */
struct shift {
    double estimate, lo, hi;
    double confidence; /* exact: the probability that an interval so made holds the location */
};

/* The Hodges-Lehmann estimate of n differences, the median of the Walsh averages (r[i] + r[j]) / 2, i <= j,
   and the interval that inverts Wilcoxon's signed-rank test: the narrowest of at least 95%. n = 1 ..
   ROUNDS_MAX; with fewer than ROUNDS_MIN it is as wide as there is, and its confidence is less. */
struct shift shift_paired(const double *r, int n);

/* The Hodges-Lehmann estimate of how far b lies beyond a, the median of all b[j] - a[i], and the interval
   that inverts the Mann-Whitney test: of at least 99% where there are launches enough. */
struct shift shift_unpaired(const double *a, int na, const double *b, int nb);

/* The exact two-sided p of the Mann-Whitney test, ties by midranks. 1 if there is no memory to find it. */
double mann_whitney_p(const double *a, int na, const double *b, int nb);

/* Adjusts n p values for being n (Benjamini and Hochberg's false discovery rate), in place. */
void p_adjust(double *p, int n);

enum change { CHANGE_SAME, CHANGE_FASTER, CHANGE_SLOWER, CHANGE_INCONCLUSIVE };
const char *change_name(enum change change);

/* Medians of the launches of one round, each side's in the order of time. */
struct round {
    double a[2], b[2];
};

/* ln(b / a) of every round. */
void rounds_ratios(const struct round *rounds, int n, double *ratios);
/* What this run shows between a build and itself: the absolute estimate of second over first launch, over
   both sides of all rounds. */
double rounds_floor(const struct round *rounds, int n);
/* The same of launches in the order of time: later half over earlier half. 0 for fewer than 4. */
double launches_floor(const double *launches, int n);

/* `delta` is a ratio: 0.005 calls half a percent no difference. SLOWER and FASTER: the whole interval lies
   beyond delta. SAME: it lies within. */
enum change change_paired(const struct shift *s, double delta);
/* SLOWER and FASTER: p < 0.01 and the estimate beyond delta. SAME: the interval lies within. */
enum change change_unpaired(const struct shift *s, double p, double delta);

#endif
