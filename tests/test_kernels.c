/* Every variant x dtype x default point on the suite of ragged cases, and every point on a case of each
   operation. New variants are found by themselves. `katune check --only NAME` shows the same in more detail.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>

#include "case.h"
#include "suite.h"

struct tally {
    int passed, failed;
    char first[1400];
};

static void judge(struct check_case *c, const struct variant *v, const struct point *pt,
                  struct tally *tally) {
    struct verdict verdict;
    case_check(c, v, pt, CHECK_FULL, &verdict);
    tally->passed += verdict.status == CHECK_PASSED;
    if (verdict.status != CHECK_FAILED || tally->failed++) return;
    char key[PROBLEM_KEY_MAX], point[POINT_TEXT_MAX];
    problem_key(case_problem(c), key);
    point_print(v, pt, point);
    snprintf(tally->first, sizeof tally->first, "%s %s on %s: %s", v->name, point, key, verdict.text);
}

/* The default point of every variant, or every accepted point. */
static void case_run(struct device *d, const struct suite_case *s, bool all_points, struct tally *tally) {
    struct error err = {""};
    struct check_case *const c = case_new(d, &s->problem, 1, s->distribution, &err);
    cr_assert_not_null(c, "%s", err.text);
    for (int i = 0; i < variant_count(); i++) {
        const struct variant *const v = variant_at(i);
        for (int64_t j = 0; j < point_count(v); j++) {
            const struct point pt = point_at(v, j);
            if (variant_reject(v, &s->problem, &pt, d->info(d))) continue;
            judge(c, v, &pt, tally);
            if (!all_points) break;
        }
    }
    case_free(c);
}

static struct device *device(void) {
    struct error err = {""};
    struct device *const d = device_open("cpu", false, &err);
    cr_assert_not_null(d, "%s", err.text);
    return d;
}

static void verdict(const struct tally *tally) {
    cr_assert_eq(tally->failed, 0, "%d failed, %d passed; the first: %s", tally->failed, tally->passed,
                 tally->first);
}

static enum op ops[] = {COPY,         GELU_FWD,     GELU_BWD,    SILU_FWD,   SILU_BWD,
                        RATIONAL_FWD, RATIONAL_BWD, BSPLINE_FWD, BSPLINE_BWD};
_Static_assert(sizeof ops / sizeof *ops == OP_COUNT, "one test an operation");

ParameterizedTestParameters(kernels, suite) {
    return cr_make_param_array(enum op, ops, OP_COUNT);
}

ParameterizedTest(enum op *op, kernels, suite) {
    struct device *const d = device();
    struct tally tally = {0};
    for (int t = 0; t < DTYPE_COUNT; t++) {
        for (int i = 0; i < suite_count(*op); i++) {
            const struct suite_case s = suite_at(*op, dtype_at(t), i);
            case_run(d, &s, false, &tally);
        }
    }
    d->close(d);
    verdict(&tally);
}

ParameterizedTestParameters(kernels, points) {
    return cr_make_param_array(enum op, ops, OP_COUNT);
}

ParameterizedTest(enum op *op, kernels, points) {
    struct device *const d = device();
    struct tally tally = {0};
    for (int t = 0; t < DTYPE_COUNT; t++) {
        struct suite_case s = {.problem = problem_default(*op, dtype_at(t))};
        /* 37 channels a group: two vectors and a tail; and large enough for streaming stores. */
        s.problem.rows = 499;
        s.problem.channels = 296;
        case_run(d, &s, true, &tally);
    }
    d->close(d);
    verdict(&tally);
}
