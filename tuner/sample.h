/* Statistics of timings, as pure functions. */
#ifndef KATUNE_SAMPLE_H
#define KATUNE_SAMPLE_H

#include <stdbool.h>

/* The median of n values and an interval that holds the distribution's median with 95% confidence, from order
   statistics: the values of rank floor((n - 1.96 sqrt n) / 2) and ceil(1 + (n + 1.96 sqrt n) / 2), ranks
   counted from 1 and kept within 1 .. n. */
struct summary {
    int n;
    double median, lo, hi;
};

int sample_rank_lo(int n);
int sample_rank_hi(int n);

/* Does not change the values. n = 0 gives zeros. */
struct summary sample_summary(const double *values, int n);

/* How many values to have before looking again: 20, 30, 45, 68, ... (looking after every value would stop at
   a lucky moment). */
int sample_next_look(int n);

/* Half the interval's width over the median is at most `width`. */
bool sample_settled(const struct summary *s, double width);

/* The interval's low end exceeds the best one's high end times `margin`: not worth more time. */
bool sample_beaten(const struct summary *s, const struct summary *best, double margin);

/* Marks the values taken while the clock ran below 90% of the clocks' median or was held back, which a value
   of `throttle` other than 0 says, and returns how many. A clock of 0 is not known. */
int sample_flag_slow(const double *clocks, const unsigned *throttle, int n, bool *slow);

/* Removes the slow values, unless they are more than 20%: then all are kept and *throttled is set. Returns
   how many values are left. */
int sample_drop_slow(double *values, const bool *slow, int n, bool *throttled);

#endif
