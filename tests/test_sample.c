/* The measuring instrument, on samples whose answers are known. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>

#include "sample.h"

/* Uniform in [0, 1), the same in every run. */
static double noise(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) * 0x1p-53;
}

Test(sample, ranks_of_the_interval) {
    /* floor((n - 1.96 sqrt n) / 2) and ceil(1 + (n + 1.96 sqrt n) / 2), by hand */
    static const int known[][3] = {{1, 1, 1},   {2, 1, 2},   {5, 1, 5},    {6, 1, 6},     {10, 1, 10},
                                   {20, 5, 16}, {30, 9, 22}, {45, 15, 31}, {100, 40, 61}, {1000, 469, 532}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        cr_expect_eq(sample_rank_lo(known[i][0]), known[i][1], "n = %d: low rank %d", known[i][0],
                     sample_rank_lo(known[i][0]));
        cr_expect_eq(sample_rank_hi(known[i][0]), known[i][2], "n = %d: high rank %d", known[i][0],
                     sample_rank_hi(known[i][0]));
    }
}

Test(sample, looks) {
    static const int looks[] = {20, 30, 45, 68, 102, 153};
    int n = 0;
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) cr_assert_eq(n = sample_next_look(n), looks[i]);
    cr_assert_eq(sample_next_look(19), 20);
    cr_assert_eq(sample_next_look(20), 30);
    cr_assert_eq(sample_next_look(31), 45);
}

Test(sample, constant) {
    double v[20];
    for (int i = 0; i < 20; i++) v[i] = 3.5;
    const struct summary s = sample_summary(v, 20);
    cr_assert(s.n == 20 && s.median == 3.5 && s.lo == 3.5 && s.hi == 3.5);
    cr_assert(sample_settled(&s, 0));
}

Test(sample, none_and_few) {
    const struct summary none = sample_summary(NULL, 0);
    cr_assert(none.n == 0 && none.median == 0);
    cr_assert(!sample_settled(&none, 1));
    const double v[] = {2, 1, 4, 3};
    const struct summary one = sample_summary(v, 1), four = sample_summary(v, 4);
    cr_assert(one.median == 2 && one.lo == 2 && one.hi == 2);
    cr_assert(four.median == 2.5 && four.lo == 1 && four.hi == 4, "few values: the interval is their range");
    cr_assert(v[0] == 2 && v[1] == 1, "the values stay as they were");
}

Test(sample, order_statistics) {
    double v[20];
    for (int i = 0; i < 20; i++) v[i] = (i * 7) % 20 + 1; /* 1 .. 20 in some order */
    const struct summary s = sample_summary(v, 20);
    cr_assert(s.median == 10.5 && s.lo == 5 && s.hi == 16);
}

Test(sample, two_points_do_not_settle) {
    double v[30];
    for (int i = 0; i < 30; i++) v[i] = i % 2 ? 1.1 : 1.0;
    const struct summary s = sample_summary(v, 30);
    cr_assert(s.lo == 1.0 && s.hi == 1.1 && fabs(s.median - 1.05) < 1e-12);
    cr_assert(!sample_settled(&s, 0.005));
    cr_assert(sample_settled(&s, 0.05));
}

Test(sample, outliers_do_not_move_it) {
    double v[45];
    for (int i = 0; i < 45; i++) v[i] = i % 9 == 0 ? 50 : 1 + 1e-4 * (i % 3);
    const struct summary s = sample_summary(v, 45);
    cr_assert(s.median < 1.001 && s.hi < 1.001 && sample_settled(&s, 0.005));
}

Test(sample, drift_widens_it) {
    double v[68];
    for (int i = 0; i < 68; i++) v[i] = 1 + 0.002 * i;
    const struct summary s = sample_summary(v, 68);
    cr_assert(!sample_settled(&s, 0.005));
    cr_assert(s.lo < s.median && s.median < s.hi);
}

Test(sample, interval_covers_the_median) {
    /* Of 2000 samples of 30 from a skewed distribution, at least 93% must hold the true median. */
    uint64_t state = 7;
    int covered = 0;
    for (int trial = 0; trial < 2000; trial++) {
        double v[30];
        for (int i = 0; i < 30; i++) v[i] = -log(1 - noise(&state)); /* exponential: median ln 2 */
        const struct summary s = sample_summary(v, 30);
        covered += s.lo <= log(2.0) && log(2.0) <= s.hi;
    }
    cr_assert(covered >= 1860 && covered < 2000, "%d of 2000", covered);
}

Test(sample, beaten_only_when_clear_of_the_best) {
    const struct summary best = {20, 1.0, 0.98, 1.02}, near = {20, 1.06, 1.05, 1.1},
                         far = {20, 1.1, 1.08, 1.1};
    cr_assert(!sample_beaten(&near, &best, 1.05), "1.05 does not exceed 1.02 x 1.05");
    cr_assert(sample_beaten(&far, &best, 1.05));
    cr_assert(!sample_beaten(&best, &best, 1.05));
    const struct summary none = {0};
    cr_assert(!sample_beaten(&none, &best, 1.05));
    cr_assert(!sample_beaten(&far, &none, 1.05));
}

Test(sample, slow_clocks) {
    double clocks[10] = {3, 3.01, 2.99, 3, 3, 2.0, 3, 3, 3, 3}, v[10] = {1, 1, 1, 1, 1, 9, 1, 1, 1, 1};
    const unsigned free_running[10] = {0};
    bool slow[10], throttled = true;
    cr_assert_eq(sample_flag_slow(clocks, free_running, 10, slow), 1);
    cr_assert(slow[5] && !slow[4]);
    cr_assert_eq(sample_drop_slow(v, slow, 10, &throttled), 9);
    cr_assert(!throttled && v[5] == 1, "the slow one is gone");
}

Test(sample, throttled_keeps_all) {
    double clocks[10] = {3, 3, 3, 3, 3, 3, 3, 2, 2, 2}, v[10] = {1, 1, 1, 1, 1, 1, 1, 2, 2, 2};
    const unsigned free_running[10] = {0};
    bool slow[10], throttled = false;
    cr_assert_eq(sample_flag_slow(clocks, free_running, 10, slow), 3);
    cr_assert_eq(sample_drop_slow(v, slow, 10, &throttled), 10);
    cr_assert(throttled);
    slow[7] = false; /* 2 of 10 are not above 20% */
    cr_assert_eq(sample_drop_slow(v, slow, 10, &throttled), 8);
    cr_assert(!throttled);
}

Test(sample, what_holds_the_clock_back_marks_a_sample) {
    const double clocks[10] = {2, 2, 2, 1.9, 2, 2, 0, 2, 2, 2}; /* 0: not known this once */
    const unsigned throttle[10] = {[3] = 1};
    const double all_unknown[10] = {0};
    bool slow[10];
    cr_assert_eq(sample_flag_slow(clocks, throttle, 10, slow), 1);
    cr_assert(slow[3] && !slow[6]);
    cr_assert_eq(sample_flag_slow(all_unknown, throttle, 10, slow), 1,
                 "reasons count where clocks are unknown");
}
