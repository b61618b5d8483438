/* Large tables: loading takes time in proportion to the entries, looking up what is there takes the same and
   looking up what is nearest hardly more; and they are quick. */
#include <criterion/criterion.h>
#include <math.h>

#include "table_figures.h"

enum { TRIALS = 4 };

/* A linear search for each entry makes the first ratio about 60, in exact look-up the second about 100 and in
   near-shape look-up the third about 35. Other programs on the machine disturb: one trial of a few has to
   succeed. */
Test(table_scale, loading_is_linear_and_looking_up_is_not) {
    double load = 0, exact = 0, near = 0;
    for (int i = 0; i < TRIALS; i++) {
        const struct table_figures small = table_figures(100, false), middle = table_figures(1000, false),
                                   large = table_figures(10000, false);
        load = large.load_ms / middle.load_ms, exact = large.exact_ns / small.exact_ns;
        near = large.near_ns / small.near_ns;
        if (load < 30 && exact < 16 && near < 16) return;
    }
    cr_assert_fail("from 1000 to 10,000 entries loading takes %.0f times as long, from 100 to 10,000 exact "
                   "look-up %.0f times, near-shape look-up %.0f times",
                   load, exact, near);
}

/* Evidence doubles the file. Sanitizers and missing optimisation slow everything, so that only the ratio of
   loading with it to loading without says something there. */
Test(table_scale, evidence_costs_what_its_text_does) {
#if defined __OPTIMIZE__ && !defined __SANITIZE_ADDRESS__
    const double load_most = 50, exact_most = 200;
#else
    const double load_most = INFINITY, exact_most = INFINITY;
#endif
    double plain = INFINITY, load = INFINITY, exact = INFINITY;
    for (int i = 0; i < 3 * TRIALS; i++) {
        const struct table_figures without = table_figures(10000, false), with = table_figures(10000, true);
        plain = fmin(plain, without.load_ms), load = fmin(load, with.load_ms);
        exact = fmin(exact, with.exact_ns);
        if (load < 2.5 * plain && load < load_most && exact < exact_most) return;
    }
    cr_assert_fail("10,000 entries with evidence: loading takes %.1f ms (%.0f), %.2f times that without, "
                   "exact look-up %.0f ns (%.0f)",
                   load, load_most, load / plain, exact, exact_most);
}
