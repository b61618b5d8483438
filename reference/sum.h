/* A sum that carries its rounding error along (Neumaier's variant of Kahan's summation): the error of the
   result is that of one rounding plus a term in the square of the unit roundoff, whatever the number of
   terms. */
#ifndef KATUNE_SUM_H
#define KATUNE_SUM_H

#include <math.h>

struct sum {
    double high, low;
    double scale; /* the sum of the absolute values */
};

static inline void sum_add(struct sum *s, double term) {
    const double total = s->high + term;
    s->low += fabs(s->high) >= fabs(term) ? (s->high - total) + term : (term - total) + s->high;
    s->high = total;
    s->scale += fabs(term);
}

static inline void sum_merge(struct sum *s, const struct sum *other) {
    const double scale = s->scale + other->scale;
    sum_add(s, other->high);
    sum_add(s, other->low);
    s->scale = scale;
}

static inline double sum_value(const struct sum *s) {
    return s->high + s->low;
}

#endif
