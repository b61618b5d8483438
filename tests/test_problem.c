/* Problems: keys, attributes, shapes, and what is refused. */
#include <criterion/criterion.h>

#include "problem.h"

Test(problem, key_round_trip) {
    for (int op = 0; op < OP_COUNT; op++) {
        for (int d = 0; d < DTYPE_COUNT; d++) {
            struct problem p = problem_default((enum op)op, dtype_at(d)), q;
            struct error err = {""};
            char key[PROBLEM_KEY_MAX];
            p.rows = 197, p.channels = 768;
            problem_key(&p, key);
            cr_assert(problem_parse(key, &q, &err), "%s: %s", key, err.text);
            cr_assert(problem_equal(&p, &q), "%s", key);
        }
    }
}

Test(problem, attributes_belong_to_operations) {
    struct problem p;
    struct error err = {""};
    cr_assert(!problem_parse("gelu_fwd f32 rows=2 channels=8 groups=8", &p, &err));
    cr_assert_str_eq(err.text, "gelu_fwd has no attribute \"groups\": it has rows, channels");
}

Test(problem, refusals) {
    static const char *const bad[][2] = {
        {"rational f32 rows=1", "unknown operation \"rational\""},
        {"copy f64 rows=1", "unknown dtype \"f64\": use f32, f16 or bf16"},
        {"copy", "\"copy\" is no problem: write operation, dtype, name=value ..."},
        {"rational_fwd f32 rows=4 channels=20 groups=8", "channels (20) do not divide into 8 groups"},
        {"rational_fwd f32 form=C", "attribute form is \"C\": use A or B"},
        {"rational_fwd f32 m=9", "m is 9: it must be 0 to 8"},
        {"rational_fwd f32 n=0", "n is 0: it must be 1 to 8"},
        {"rational_fwd f32 num_groups=3", "num_groups is 3: it must be 1 or groups (8)"},
        {"rational_fwd f32 rows=-1", "attribute rows is \"-1\": give a whole number, not negative"},
        {"rational_fwd f32 rows", "\"rows\" is no attribute: write name=value"},
        {"bspline_fwd f32 grid=257", "grid is 257: it must be 1 to 256"},
        {"bspline_fwd f32 order=0", "order is 0: it must be 1 to 5"},
        {"bspline_fwd f32 lo=1 hi=-1", "the grid is [1, -1]: lo must be less than hi"},
        {"bspline_fwd f32 lo=nan", "attribute lo is \"nan\": give a finite number"},
        {"bspline_fwd f32 boundary=wrap", "attribute boundary is \"wrap\": use taper, clamp or linear"},
        {"copy f32 channels=1048577", "channels is 1048577: it must be 1 to 1048576"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct problem p;
        struct error err = {""};
        cr_assert(!problem_parse(bad[i][0], &p, &err), "%s", bad[i][0]);
        cr_expect_str_eq(err.text, bad[i][1]);
    }
}

Test(problem, parameters_one_per_group_follow_groups) {
    struct problem p;
    struct error err = {""};
    cr_assert(problem_parse("rational_bwd f16 channels=12 groups=4", &p, &err), "%s", err.text);
    cr_assert_eq(p.den_groups, 4);
    cr_assert_eq(p.num_groups, 1);
    cr_assert_eq(tensor_shape(&p, T_DDEN).dim[0], 4);
    cr_assert_eq(tensor_bytes(&p, T_X), 24u);
    cr_assert_eq(tensor_bytes(&p, T_DNUM), 24u);
}

/* What an operation does not have is not compared, and -0 is 0. */
Test(problem, hash_follows_equality) {
    struct problem a = problem_default(BSPLINE_FWD, F32), b = a;
    a.lo = 0, b.lo = -0.0f, b.form = 'B', b.m = 3;
    cr_assert(problem_equal(&a, &b));
    cr_assert_eq(problem_hash(&a, true), problem_hash(&b, true));
    b.rows = 17;
    cr_assert_not(problem_equal(&a, &b));
    cr_assert_neq(problem_hash(&a, true), problem_hash(&b, true));
    cr_assert_eq(problem_hash(&a, false), problem_hash(&b, false));
    b.grid = a.grid + 1;
    cr_assert_neq(problem_hash(&a, false), problem_hash(&b, false));
}
