/* The statistics of comparisons: exact distributions against enumeration, and what the rules find in
   simulated launches whose truth is known. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "compare.h"

static uint64_t random_next(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u; /* splitmix64 */
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static double uniform(uint64_t *state) {
    return ((double)(random_next(state) >> 11) + 0.5) * 0x1p-53;
}

static double normal(uint64_t *state) {
    const double radius = sqrt(-2 * log(uniform(state)));
    return radius * cos(2 * 3.14159265358979323846 * uniform(state));
}

static int value_compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* With 12 rounds the interval is from the 14th to the 65th of 78 Walsh averages, and holds the location with
   95.75%: Hollander and Wolfe, table A.4. */
Test(compare, interval_of_twelve_rounds) {
    double r[12], walsh[78];
    uint64_t state = 1;
    int count = 0;
    for (int i = 0; i < 12; i++) r[i] = normal(&state);
    for (int i = 0; i < 12; i++)
        for (int j = i; j < 12; j++) walsh[count++] = (r[i] + r[j]) / 2;
    qsort(walsh, 78, sizeof *walsh, value_compare);
    const struct shift s = shift_paired(r, 12);
    cr_expect_eq(s.lo, walsh[13]);
    cr_expect_eq(s.hi, walsh[64]);
    cr_expect_eq(s.estimate, (walsh[38] + walsh[39]) / 2);
    cr_expect_float_eq(s.confidence, 0.9575, 0.0001);
}

/* The confidence against all 2^n choices of signs. */
Test(compare, paired_confidence_by_enumeration) {
    for (int n = 1; n <= 12; n++) {
        double r[12];
        for (int i = 0; i < n; i++) r[i] = ldexp(1, i); /* |r| ranks 1 .. n, no two Walsh averages equal */
        int held = 0;
        for (int signs = 0; signs < 1 << n; signs++) {
            double flipped[12];
            for (int i = 0; i < n; i++) flipped[i] = signs >> i & 1 ? -r[i] : r[i];
            const struct shift s = shift_paired(flipped, n);
            held += s.lo < 0 && s.hi > 0;
        }
        const double confidence = shift_paired(r, n).confidence;
        cr_expect_float_eq(confidence, (double)held / (1 << n), 1e-12, "%d rounds: %g", n, confidence);
        cr_expect_eq(confidence >= 0.95, n >= ROUNDS_MIN, "%d rounds: %g", n, confidence);
    }
}

/* Two-sided p by going through every choice of na among the values. */
static double p_enumerated(const double *a, int na, const double *b, int nb) {
    double all[16];
    const int n = na + nb;
    int extreme = 0, ways = 0;
    double observed = 0;
    for (int i = 0; i < n; i++) all[i] = i < na ? a[i] : b[i - na];
    for (int set = -1; set < 1 << n; set++) {
        const int chosen = set < 0 ? (1 << na) - 1 : set; /* first the one that was observed */
        if (__builtin_popcount((unsigned)chosen) != na) continue;
        double u = 0;
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                if (chosen >> i & 1 && !(chosen >> j & 1)) u += (all[i] > all[j]) + 0.5 * (all[i] == all[j]);
        if (set < 0) observed = fabs(u - na * nb / 2.0);
        if (set < 0) continue;
        ways++;
        extreme += fabs(u - na * nb / 2.0) >= observed;
    }
    return (double)extreme / ways;
}

Test(compare, mann_whitney_by_enumeration) {
    uint64_t state = 7;
    for (int trial = 0; trial < 60; trial++) {
        const int na = 1 + (int)(random_next(&state) % 6), nb = 1 + (int)(random_next(&state) % 6);
        const int kinds = trial % 2 ? 4 : 1000000; /* few kinds of values: ties */
        double a[6], b[6];
        for (int i = 0; i < na; i++) a[i] = (double)(random_next(&state) % (unsigned)kinds);
        for (int i = 0; i < nb; i++) b[i] = (double)(random_next(&state) % (unsigned)kinds) + trial % 3;
        cr_expect_float_eq(mann_whitney_p(a, na, b, nb), p_enumerated(a, na, b, nb), 1e-12, "%d: %d, %d",
                           trial, na, nb);
    }
    const double low[8] = {1, 2, 3, 4, 5, 6, 7, 8}, high[8] = {9, 10, 11, 12, 13, 14, 15, 16};
    cr_expect_float_eq(mann_whitney_p(low, 8, high, 8), 2.0 / 12870, 1e-15);
    cr_expect_float_eq(mann_whitney_p(low, 8, low, 8), 1, 1e-12);
}

/* The interval and the test are each other's inverse: a value is outside exactly if shifting b back by it is
   rejected. */
Test(compare, unpaired_interval_inverts_the_test) {
    uint64_t state = 3;
    for (int trial = 0; trial < 20; trial++) {
        double a[8], b[9], back[9];
        for (int i = 0; i < 8; i++) a[i] = normal(&state);
        for (int i = 0; i < 9; i++) b[i] = normal(&state) + 1;
        const struct shift s = shift_unpaired(a, 8, b, 9);
        cr_assert(s.confidence >= 0.99 && s.confidence < 0.995 && s.lo < s.estimate && s.estimate < s.hi);
        for (int side = 0; side < 4; side++) {
            const double at = (side < 2 ? s.lo : s.hi) + (side % 2 ? 1e-9 : -1e-9);
            for (int i = 0; i < 9; i++) back[i] = b[i] - at;
            const bool inside = side == 1 || side == 2;
            cr_expect_eq(mann_whitney_p(a, 8, back, 9) > 1 - s.confidence + 1e-9, inside, "trial %d, %d",
                         trial, side);
        }
    }
    const double few[2] = {1, 2};
    cr_expect(shift_unpaired(few, 2, few, 2).confidence < 0.99);
}

/* The example of Benjamini and Hochberg's paper (1995, 3.1): at 0.05 the four smallest are rejected. */
Test(compare, false_discovery_rate) {
    double p[15] = {0.0278, 0.0001, 0.0298, 0.0004, 0.0344, 0.0019, 0.0459, 0.0095,
                    0.3240, 0.0201, 0.4262, 0.5719, 0.6528, 0.7590, 1.000};
    static const double expected[4] = {0.0015, 0.0030, 0.0095, 0.035625};
    p_adjust(p, 15);
    int rejected = 0;
    for (int i = 0; i < 15; i++) rejected += p[i] <= 0.05;
    cr_expect_eq(rejected, 4);
    for (int i = 0; i < 4; i++) cr_expect_float_eq(p[2 * i + 1], expected[i], 1e-12);
    double one = 0.03;
    p_adjust(&one, 1);
    cr_expect_eq(one, 0.03);
}

Test(compare, changes) {
    cr_expect_eq(change_paired(&(struct shift){0.02, 0.01, 0.03, 0.957}, 0.005), CHANGE_SLOWER);
    cr_expect_eq(change_paired(&(struct shift){-0.02, -0.03, -0.01, 0.957}, 0.005), CHANGE_FASTER);
    cr_expect_eq(change_paired(&(struct shift){0.001, -0.002, 0.004, 0.957}, 0.005), CHANGE_SAME);
    cr_expect_eq(change_paired(&(struct shift){0.01, 0.004, 0.02, 0.957}, 0.005), CHANGE_INCONCLUSIVE);
    cr_expect_eq(change_paired(&(struct shift){0.02, 0.01, 0.03, 0.94}, 0.005), CHANGE_INCONCLUSIVE);
    const struct shift up = {0.02, 0.004, 0.029, 0.99}, none = {0.001, -0.002, 0.004, 0.99};
    cr_expect_eq(change_unpaired(&up, 0.009, 0.005), CHANGE_SLOWER);
    cr_expect_eq(change_unpaired(&up, 0.011, 0.005), CHANGE_INCONCLUSIVE);
    cr_expect_eq(change_unpaired(&up, 0.0001, 0.03), CHANGE_SAME);
    cr_expect_eq(change_unpaired(&none, 0.5, 0.005), CHANGE_SAME);
    const struct shift down = {-0.02, -0.03, -0.004, 0.99};
    cr_expect_eq(change_unpaired(&down, 0.009, 0.005), CHANGE_FASTER);
}

/* How a machine drifts from launch to launch: a ramp, a random walk, steps that last, spells of a third more.
 */
enum drift { STEADY, RAMP, WALK, STEPS, SPELLS, DRIFT_COUNT };
static const char *const drift_names[] = {"steady", "ramp", "walk", "steps", "spells"};

static double drift_next(enum drift drift, double level, uint64_t *state) {
    switch (drift) {
    case RAMP: return level + 0.002;
    case WALK: return level + 0.01 * normal(state);
    case STEPS: return uniform(state) < 0.05 ? 0.1 * normal(state) : level;
    case SPELLS: return uniform(state) < 0.2 ? (level > 0 ? 0 : log(1.33)) : level;
    default: return 0;
    }
}

/* A run of n rounds of launches with so much noise; b takes `slower` longer. */
static void simulate(struct round *rounds, int n, enum drift drift, double noise, double slower,
                     uint64_t *state) {
    double level = 0;
    for (int i = 0; i < n; i++) {
        const bool abba = random_next(state) >> 63;
        int taken[2] = {0, 0};
        for (int k = 0; k < 4; k++) {
            const int side = (k == 1 || k == 2) == abba;
            level = drift_next(drift, level, state);
            const double launch = exp(level + noise * normal(state) + (side ? log1p(slower) : 0));
            (side ? rounds[i].b : rounds[i].a)[taken[side]++] = launch;
        }
    }
}

enum { TRIALS = 8000, RANK_TRIALS = 1000, ROUNDS = 12 };

/* Runs of TRIALS that claimed a change; with `delta`, by the whole rule. */
static int claims(enum drift drift, double noise, double slower, bool delta, enum change *only) {
    uint64_t state = 20 + drift;
    int claimed = 0;
    for (int t = 0; t < TRIALS; t++) {
        struct round rounds[ROUNDS];
        double r[ROUNDS];
        simulate(rounds, ROUNDS, drift, noise, slower, &state);
        rounds_ratios(rounds, ROUNDS, r);
        const struct shift s = shift_paired(r, ROUNDS);
        const enum change c = change_paired(&s, delta ? fmax(0.005, rounds_floor(rounds, ROUNDS)) : 0);
        claimed += only ? c == *only : c == CHANGE_SLOWER || c == CHANGE_FASTER;
    }
    return claimed;
}

/* A build against itself: at most 5% claims under any drift, without the help of delta, and with it. */
Test(compare, false_positives_under_drift) {
    for (int d = 0; d < DRIFT_COUNT; d++) {
        const int bare = claims((enum drift)d, 0.01, 0, false, NULL),
                  whole = claims((enum drift)d, 0.01, 0, true, NULL);
        printf("%s: %.1f%% false positives without delta, %.1f%% with\n", drift_names[d],
               100.0 * bare / TRIALS, 100.0 * whole / TRIALS);
        cr_expect(bare <= TRIALS / 20, "%s: %d of %d", drift_names[d], bare, TRIALS);
        cr_expect(whole <= TRIALS / 100, "%s: %d of %d", drift_names[d], whole, TRIALS);
    }
}

/* What interleaving is for: launches of a, then launches of b, by ranks, call drift a change. */
Test(compare, without_interleaving_drift_is_a_change) {
    uint64_t state = 5;
    int claimed = 0;
    for (int t = 0; t < RANK_TRIALS; t++) {
        double side[2][24], level = 0;
        for (int k = 0; k < 48; k++) {
            level = drift_next(WALK, level, &state);
            side[k / 24][k % 24] = level + 0.01 * normal(&state);
        }
        claimed += mann_whitney_p(side[0], 24, side[1], 24) < 0.05;
    }
    cr_expect(claimed > RANK_TRIALS / 2, "%d", claimed);
}

Test(compare, two_percent_are_found) {
    enum change slower = CHANGE_SLOWER, faster = CHANGE_FASTER;
    const int found = claims(STEADY, 0.01, 0.02, true, &slower),
              ramped = claims(RAMP, 0.01, 0.02, true, &slower),
              gained = claims(STEADY, 0.01, -0.02, true, &faster);
    printf("2%% slower found in %.1f%%, on a ramp %.1f%%; 2%% faster in %.1f%%\n", 100.0 * found / TRIALS,
           100.0 * ramped / TRIALS, 100.0 * gained / TRIALS);
    cr_expect(found >= TRIALS * 95 / 100, "%d of %d", found, TRIALS);
    cr_expect(ramped >= TRIALS * 95 / 100, "%d of %d", ramped, TRIALS);
    cr_expect(gained >= TRIALS * 95 / 100, "%d of %d", gained, TRIALS);
}

/* The rule for a stored baseline, 8 launches a side, on a machine that does not drift between them. */
Test(compare, baseline_of_eight_launches) {
    uint64_t state = 11;
    int false_positives = 0, found = 0;
    for (int t = 0; t < RANK_TRIALS; t++) {
        double a[8], b[8], slow[8];
        for (int i = 0; i < 8; i++) {
            a[i] = 0.01 * normal(&state), b[i] = 0.01 * normal(&state);
            slow[i] = log1p(0.04) + 0.01 * normal(&state);
        }
        const struct shift same = shift_unpaired(a, 8, b, 8), up = shift_unpaired(a, 8, slow, 8);
        const enum change one = change_unpaired(&same, mann_whitney_p(a, 8, b, 8), 0.005),
                          other = change_unpaired(&up, mann_whitney_p(a, 8, slow, 8), 0.005);
        false_positives += one == CHANGE_SLOWER || one == CHANGE_FASTER;
        found += other == CHANGE_SLOWER;
    }
    printf("8 launches a side: %.2f%% false positives, 4%% slower found in %.1f%%\n",
           100.0 * false_positives / RANK_TRIALS, 100.0 * found / RANK_TRIALS);
    cr_expect(false_positives <= RANK_TRIALS / 50, "%d", false_positives);
    cr_expect(found >= RANK_TRIALS * 95 / 100, "%d", found);
}

Test(compare, floors) {
    struct round rounds[12];
    uint64_t state = 2;
    for (int i = 0; i < 12; i++)
        rounds[i] =
            (struct round){{1, 1.01 * exp(1e-4 * normal(&state))}, {2, 2.02 * exp(1e-4 * normal(&state))}};
    cr_expect_float_eq(rounds_floor(rounds, 12), log(1.01), 1e-3);
    const double steady[8] = {1, 1, 1, 1, 1, 1, 1, 1}, moved[8] = {1, 1, 1, 1, 1.05, 1.05, 1.05, 1.05};
    cr_expect_eq(launches_floor(steady, 8), 0);
    cr_expect_float_eq(launches_floor(moved, 8), log(1.05), 1e-12);
    cr_expect_eq(launches_floor(moved, 3), 0);
}
