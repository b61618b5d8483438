/* Search spaces: constraints, counting, numbering, neighbours, against enumeration of the whole product. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "space.h"

static struct space_value number(double x) {
    return (struct space_value){.kind = VALUE_NUMBER, .number = x, .rank = x};
}

/* `params` parameters A, B, ... with the values 1, 2, 4, ... */
static struct space *space_of(int params, int values) {
    struct space *const s = space_new();
    struct error err;
    for (int i = 0; i < params; i++) {
        const char name[2] = {(char)('A' + i), 0};
        cr_assert(space_param_add(s, name, true, &err));
        for (int j = 0; j < values; j++) cr_assert(space_value_add(s, number(1 << j), &err));
    }
    return s;
}

static bool product_small(const struct config *c, void *context) {
    const int *const two = context;
    return c->at[two[0]] + c->at[two[1]] <= two[2];
}

Test(space, counts_by_components_without_visiting_the_product) {
    struct space *const s = space_of(12, 8);
    int pairs[6][3];
    struct error err;
    for (int i = 0; i < 6; i++) {
        pairs[i][0] = 2 * i, pairs[i][1] = 2 * i + 1, pairs[i][2] = 5;
        cr_assert(space_constrain(s, 3u << 2 * i, product_small, pairs[i], &err));
    }
    cr_assert(space_seal(s, &err), "%s", err.text);
    int64_t expected = 1; /* pairs of 0 .. 7 whose sum is at most 5: 21 */
    for (int i = 0; i < 6; i++) expected *= 21;
    cr_assert_eq(space_count(s), expected);
    cr_assert_lt(space_visited(s), 6 * (8 + 64) + 1);
    for (int64_t i = 0; i < expected; i += 1234567) {
        const struct config c = space_at(s, i);
        cr_assert_eq(space_find(s, &c), i);
        for (int p = 0; p < 6; p++) cr_assert(product_small(&c, pairs[p]));
    }
    space_free(s);
}

static bool descending(const struct config *c, void *context) {
    (void)context;
    return c->at[0] >= c->at[1] && c->at[1] >= c->at[2];
}
static bool first_pair(const struct config *c, void *context) {
    (void)context;
    return c->at[0] == 9 && c->at[1] == 9;
}

Test(space, prefixes_are_pruned) {
    struct space *const s = space_of(6, 10);
    struct error err;
    cr_assert(space_constrain(s, 3, first_pair, NULL, &err));
    cr_assert(space_constrain(s, 63, descending, NULL, &err));
    cr_assert(space_seal(s, &err));
    cr_assert_eq(space_count(s), 10 * 10 * 10 * 10);
    /* 10 first values, 100 pairs, then only what follows the one pair */
    cr_assert_eq(space_visited(s), 10 + 100 + 10 + 100 + 1000 + 10000);
    space_free(s);
}

Test(space, agrees_with_the_whole_product) {
    struct space *const s = space_of(4, 5);
    int limit[3] = {1, 2, 4};
    struct error err;
    cr_assert(space_constrain(s, 7, descending, NULL, &err));
    cr_assert(space_constrain(s, 6, product_small, limit, &err));
    cr_assert(space_seal(s, &err));
    int64_t count = 0;
    for (int i = 0; i < 625; i++) {
        const struct config c = {
            {(uint16_t)(i / 125), (uint16_t)(i / 25 % 5), (uint16_t)(i / 5 % 5), (uint16_t)(i % 5)}};
        const bool valid = descending(&c, NULL) && product_small(&c, limit);
        cr_assert_eq(space_find(s, &c) >= 0, valid);
        count += valid;
    }
    cr_assert_eq(space_count(s), count);
    space_free(s);
}

Test(space, neighbours_differ_in_one_parameter_and_are_valid) {
    struct space *const s = space_of(3, 5);
    struct error err;
    cr_assert(space_constrain(s, 7, descending, NULL, &err));
    cr_assert(space_seal(s, &err));
    for (int64_t i = 0; i < space_count(s); i++) {
        int64_t all[64], near[64];
        const struct config from = space_at(s, i);
        const int count = space_neighbours(s, i, false, all, 64),
                  close = space_neighbours(s, i, true, near, 64);
        int expected = 0;
        for (int64_t j = 0; j < space_count(s); j++) {
            const struct config to = space_at(s, j);
            int differ = 0;
            for (int p = 0; p < 3; p++) differ += from.at[p] != to.at[p];
            expected += differ == 1;
        }
        cr_assert_eq(count, expected);
        cr_assert_leq(close, count);
        for (int j = 0; j < close; j++) {
            const struct config to = space_at(s, near[j]);
            cr_assert_float_eq(space_distance(s, &from, &to), 0.25, 1e-9);
        }
    }
    space_free(s);
}

/* Variant x has the parameter P, variant y lacks it: its value is then the first, -1. */
static bool has_or_lacks(const struct config *c, void *context) {
    (void)context;
    return (c->at[0] == 0) == (c->at[1] > 0);
}

Test(space, an_unordered_parameter_that_cannot_change_alone_takes_others_along) {
    struct space *const s = space_new();
    struct error err;
    cr_assert(space_param_add(s, "VARIANT", false, &err));
    cr_assert(space_value_add(s, (struct space_value){.kind = VALUE_TEXT, .text = (char *)"x"}, &err));
    cr_assert(space_value_add(s, (struct space_value){.kind = VALUE_TEXT, .text = (char *)"y"}, &err));
    cr_assert(space_param_add(s, "P", true, &err));
    for (int i = -1; i < 3; i++) cr_assert(space_value_add(s, number(i), &err));
    cr_assert(space_constrain(s, 3, has_or_lacks, NULL, &err));
    cr_assert(space_seal(s, &err));
    cr_assert_eq(space_count(s), 4);
    const struct config lacks = {{1, 0}};
    int64_t out[8];
    const int count = space_neighbours(s, space_find(s, &lacks), false, out, 8);
    cr_assert_eq(count, 1);
    const struct config to = space_at(s, out[0]);
    cr_assert_eq(to.at[0], 0);
    cr_assert_eq(to.at[1], 1, "the nearest value");
    space_free(s);
}

static bool never(const struct config *c, void *context) {
    (void)c, (void)context;
    return false;
}

Test(space, empty_and_limits) {
    struct error err;
    struct space *s = space_of(2, 3);
    cr_assert(space_constrain(s, 1, never, NULL, &err));
    cr_assert(space_seal(s, &err));
    cr_assert_eq(space_count(s), 0);
    space_free(s);
    s = space_of(SPACE_PARAMS_MAX, 1);
    cr_assert_not(space_param_add(s, "one_more", true, &err));
    cr_assert(strstr(err.text, "more than 32 parameters"));
    space_free(s);
    s = space_of(32, 8); /* 8^32 overflows */
    cr_assert(space_seal(s, &err));
    cr_assert_eq(space_count(s), INT64_MAX);
    space_free(s);
}
