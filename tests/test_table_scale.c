/* Large tables: loading takes time in proportion to the entries, looking up what is there takes the same. */
#include <criterion/criterion.h>

#include "table_figures.h"

enum { TRIALS = 4 };

/* A linear search for each entry makes the first ratio about 60 and the second about 100. Other programs on
   the machine disturb: one trial of a few has to succeed. */
Test(table_scale, loading_is_linear_and_exact_look_up_constant) {
    double load = 0, exact = 0;
    for (int i = 0; i < TRIALS; i++) {
        const struct table_figures small = table_figures(100, false), middle = table_figures(1000, false),
                                   large = table_figures(10000, false);
        load = large.load_ms / middle.load_ms, exact = large.exact_ns / small.exact_ns;
        if (load < 30 && exact < 16) return;
    }
    cr_assert_fail("from 1000 to 10,000 entries loading takes %.0f times as long, from 100 to 10,000 exact "
                   "look-up %.0f times",
                   load, exact);
}
