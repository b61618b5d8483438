/* The search space of a problem against brute force over the variants and over the whole product. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "problem_space.h"

static struct device_info info_of(const char *name) {
    struct error err = {""};
    struct device *const d = device_open(name, false, &err);
    cr_assert(d, "%s", err.text);
    const struct device_info info = *d->info(d);
    d->close(d);
    return info;
}

static const char *const problems[] = {
    "rational_fwd f32 rows=64 channels=96",
    "rational_bwd f32 rows=197 channels=768",
    "rational_bwd bf16 rows=20 channels=48",
    "bspline_fwd f32 rows=64 channels=96",
    "bspline_bwd f16 rows=3152 channels=384",
    "gelu_fwd f32 rows=7 channels=13",
    "copy f32 rows=1 channels=1",
};
enum { PROBLEM_COUNT = sizeof problems / sizeof *problems };
static const char *const devices[] = {"cpu", "vgpu:h100-sxm", "vgpu:t4"};
enum { DEVICE_COUNT = sizeof devices / sizeof *devices };

static struct problem problem_of(const char *text) {
    struct problem p;
    struct error err = {""};
    cr_assert(problem_parse(text, &p, &err), "%s", err.text);
    return p;
}

/* Every accepted point of every variant is in the space once, and nothing else is. */
static void expect_equal(const struct problem *p, const struct device_info *d, point_filter *filter) {
    struct error err = {""};
    struct problem_space *const s = problem_space_new(p, d, filter, NULL, &err);
    cr_assert(s, "%s", err.text);
    const struct space *const space = problem_space_space(s);
    bool *const seen = calloc((size_t)space_count(space) + 1, sizeof *seen);
    int64_t accepted = 0;
    for (int i = 0; i < variant_count(); i++) {
        const struct variant *const v = variant_at(i);
        for (int64_t j = 0; v->op == p->op && j < point_count(v); j++) {
            const struct point pt = point_at(v, j);
            const bool in = !variant_reject(v, p, &pt, d) && (!filter || filter(v, &pt, NULL));
            const int64_t at = problem_space_find(s, v, &pt);
            cr_assert_eq(at >= 0, in, "%s", v->name);
            if (!in) continue;
            accepted++;
            cr_assert_not(seen[at]);
            seen[at] = true;
            const struct table_choice c = problem_space_choice(s, at);
            cr_assert(c.variant == v && point_equal(v, &c.point, &pt));
        }
    }
    cr_assert_eq(space_count(space), accepted, "%lld in the space, %lld accepted",
                 (long long)space_count(space), (long long)accepted);
    free(seen);
    problem_space_free(s);
}

static bool no_blocks_of_256(const struct variant *v, const struct point *pt, void *context) {
    (void)context;
    const int at = param_find(v, "BLOCK");
    return at < 0 || pt->value[at] != 256;
}

Test(problem_space, holds_what_the_variants_accept_and_no_more) {
    for (int d = 0; d < DEVICE_COUNT; d++) {
        const struct device_info info = info_of(devices[d]);
        for (int i = 0; i < PROBLEM_COUNT; i++) {
            const struct problem p = problem_of(problems[i]);
            expect_equal(&p, &info, NULL);
            expect_equal(&p, &info, no_blocks_of_256);
        }
    }
}

/* What enumeration looks at grows with the variants' own points, not with the product of all parameters. */
Test(problem_space, does_not_visit_the_whole_product) {
    const struct device_info info = info_of("vgpu:h100-sxm");
    const struct problem p = problem_of("rational_bwd f32 rows=3152 channels=768");
    struct error err = {""};
    struct problem_space *const s = problem_space_new(&p, &info, NULL, NULL, &err);
    cr_assert(s, "%s", err.text);
    const struct space *const space = problem_space_space(s);
    int64_t product = 1, own = 0;
    for (int i = 0; i < space_param_count(space); i++) product *= space_param_at(space, i)->count;
    for (int i = 0; i < variant_count(); i++)
        if (variant_at(i)->op == p.op && variant_at(i)->backend == CUDA) own += point_count(variant_at(i));
    cr_expect_lt(space_visited(space), product, "%lld of %lld", (long long)space_visited(space),
                 (long long)product);
    cr_expect_lt(space_visited(space), 5 * own, "%lld visited, %lld points", (long long)space_visited(space),
                 (long long)own);
    problem_space_free(s);
}

Test(problem_space, a_problem_that_nothing_runs_has_an_empty_space) {
    struct device_info info = info_of("cpu");
    const struct problem p = problem_of("copy f32 rows=2 channels=8");
    struct error err = {""};
    info.isa = 0;
    struct problem_space *const s = problem_space_new(&p, &info, NULL, NULL, &err);
    cr_assert(s, "%s", err.text);
    cr_expect_eq(space_count(problem_space_space(s)), 0);
    cr_expect_eq(problem_space_find(s, variant_find("copy_scalar"), &(struct point){{0}}), -1);
    problem_space_free(s);
}

/* Of copy: the selected ones, of copy_scalar no point. */
static bool vectors_of_copy(const struct variant *v, const struct point *pt, void *context) {
    (void)context;
    return !pt || strcmp(v->name, "copy_scalar") != 0;
}

Test(problem_space, an_empty_one_says_why) {
    struct device_info info = info_of("cpu");
    const struct problem p = problem_of("copy f32 rows=20 channels=48");
    struct error err = {""};
    info.isa = 1u << SCALAR;
    struct problem_space *const s = problem_space_new(&p, &info, vectors_of_copy, NULL, &err);
    cr_assert(s && space_count(problem_space_space(s)) == 0, "%s", err.text);
    cr_assert_not(problem_space_say_empty(s, &err));
    cr_assert_str_eq(err.text,
                     "no variant takes part: copy_scalar: none of its points is selected; copy_avx2, "
                     "copy_avx512: the device does not have this instruction set");
    problem_space_free(s);
    const struct variant *const v = variant_find("copy_scalar");
    cr_assert_null(variant_left_out(v, &p, &info, NULL, NULL));
    cr_assert_str_eq(variant_left_out(v, &p, &info, vectors_of_copy, NULL), "none of its points is selected");
}
