/* Dividing the time of a run among its problems. */
#include <criterion/criterion.h>

#include "budget.h"

static struct problem shape(int64_t rows, int64_t channels) {
    struct problem p = problem_default(RATIONAL_FWD, F32);
    p.rows = rows, p.channels = channels;
    return p;
}

Test(budget, a_real_device_gives_each_problem_as_much) {
    const struct problem list[] = {shape(197, 192), shape(3152, 3072), shape(197, 384)};
    const struct device_info d = {.modeled = false};
    cr_expect_float_eq(budget_share(list, 3, &d), 1. / 3, 1e-12);
    cr_expect_float_eq(budget_share(list + 1, 2, &d), 1. / 2, 1e-12);
    cr_expect_float_eq(budget_share(list + 2, 1, &d), 1, 1e-12);
}

/* What is executed takes as long as it has elements and operations, once compiling is the lesser part. */
Test(budget, a_virtual_device_gives_more_to_what_executes_more) {
    struct problem list[] = {shape(197, 192), shape(100000, 3072), shape(200000, 3072), shape(200000, 3072)};
    const struct device_info d = {.modeled = true};
    double left = 1, part[4];
    list[3].op = RATIONAL_BWD;
    for (int i = 0; i < 4; i++) {
        part[i] = left * budget_share(list + i, 4 - i, &d);
        left -= part[i];
    }
    cr_expect_float_eq(left, 0, 1e-12);
    cr_expect(part[0] > 0 && part[1] > 5 * part[0], "%g, %g", part[0], part[1]);
    cr_expect(part[2] > 1.5 * part[1] && part[2] < 2 * part[1], "%g, %g", part[1], part[2]);
    cr_expect(part[3] > 2 * part[2], "%g, %g", part[2], part[3]);
}

Test(budget, what_takes_most_comes_first) {
    struct problem list[] = {shape(197, 192), shape(3152, 3072), shape(197, 384), shape(3152, 768)};
    static const int64_t usual[] = {192, 3072, 384, 768}, heaviest[] = {3072, 768, 384, 192};
    const struct device_info real = {.modeled = false}, modeled = {.modeled = true};
    budget_order(list, 4, &real);
    for (int i = 0; i < 4; i++) cr_expect_eq(list[i].channels, usual[i], "place %d", i);
    budget_order(list, 4, &modeled);
    for (int i = 0; i < 4; i++) cr_expect_eq(list[i].channels, heaviest[i], "place %d", i);
}
