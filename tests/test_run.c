/* katune run: sizes and attributes follow from the arrays, the point from the table or the command line, and
   only the outputs that were named are written. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "program.h"
#include "registry.h"
#include "run_files.h"

static struct npy ok_output(const char *arguments, enum tensor t) {
    const struct outcome o = program_run(arguments);
    cr_assert_eq(o.code, 0, "katune %s: %s", arguments, o.err);
    return output_read(t);
}

static void expect_found(int64_t rows, const char *how) {
    char arguments[ARGUMENTS_MAX];
    snprintf(arguments, sizeof arguments, "run --variant copy --results %s/tables --in x=%s --out y=%s/y.npy",
             scratch_folder(), array_write("x.npy", 2, rows, 12), scratch_folder());
    const struct outcome o = program_run(arguments);
    cr_assert(o.code == 0 && strstr(o.err, how), "\"%s\" is not in: %s", how, o.err);
    cr_assert(strstr(how, "default") || strstr(o.err, "katune run: copy_scalar "), "%s", o.err);
}

Test(run, an_operation_takes_what_the_table_says) {
    table_make(true);
    expect_found(64, "(exact: copy f32 rows=64 channels=12");
    expect_found(60, "(near-shape: copy f32 rows=64 channels=12");
    table_make(false);
    expect_found(64, "(near-device: copy f32 rows=64 channels=12");
    struct error err = {""};
    cr_assert(file_write(scratch_place("tables/one/table.json"), "{]", 2, &err));
    char arguments[ARGUMENTS_MAX];
    snprintf(arguments, sizeof arguments, "run --variant copy --results %s/tables --in x=%s --out y=%s/y.npy",
             scratch_folder(), array_write("x.npy", 2, 3, 12), scratch_folder());
    const struct outcome o = program_run(arguments);
    cr_assert(o.code == 2 && strstr(o.err, "one/table.json: ") && strstr(o.err, "not JSON"), "%s", o.err);
}

Test(run, sizes_follow_from_the_arrays) {
    char arguments[ARGUMENTS_MAX];
    const char *const x = array_write("x.npy", 2, 3, 12), *const num = array_write("num.npy", 2, 1, 3),
                      *const den = array_write("den.npy", 2, 1, 2),
                      *const coef = array_write("coef.npy", 2, 4, 7),
                      *const weight = array_write("w.npy", 1, 4, 1),
                      *const none = array_write("none.npy", 2, 0, 12);
    /* both shared, m = 2, n = 2: P = 0.875, Q = 1.375 */
    snprintf(arguments, sizeof arguments,
             "run --variant rational_fwd_scalar --in x=%s --in num=%s --in den=%s --out y=%s/y.npy", x, num,
             den, scratch_folder());
    struct npy y = ok_output(arguments, T_Y);
    cr_assert_float_eq(((float *)y.data)[35], 0.875f / 1.375f, 1e-6);
    npy_free(&y);
    append(arguments, " --attr groups=4,rows=3 --attr m=2");
    y = ok_output(arguments, T_Y);
    npy_free(&y);
    /* grid + order = 7: by default 4 + 3, with grid=5 order 2, with order=1 grid 6: all sum to coef inside */
    static const char *const attrs[] = {"", " --attr grid=5", " --attr order=1", " --attr grid=4,order=3"};
    for (size_t i = 0; i < sizeof attrs / sizeof *attrs; i++) {
        snprintf(
            arguments, sizeof arguments,
            "run --variant bspline_fwd_scalar --in x=%s --in coef=%s --in wbase=%s --in wspline=%s --out "
            "y=%s/y.npy%s",
            x, coef, weight, weight, scratch_folder(), attrs[i]);
        y = ok_output(arguments, T_Y);
        cr_assert_float_eq(((float *)y.data)[0], 0.25 + 0.25 / (1 + exp(-0.5)), 1e-6);
        npy_free(&y);
    }
    snprintf(arguments, sizeof arguments, "run --variant gelu_fwd --in x=%s --out y=%s/y.npy", none,
             scratch_folder());
    y = ok_output(arguments, T_Y);
    cr_assert(y.ndim == 2 && y.dim[0] == 0 && y.dim[1] == 12);
    npy_free(&y);
}

Test(run, only_named_outputs_are_written) {
    char arguments[ARGUMENTS_MAX];
    snprintf(arguments, sizeof arguments,
             "run --variant rational_bwd_scalar --in x=%s --in num=%s --in den=%s --in dy=%s --out "
             "dden=%s/dden.npy",
             array_write("x.npy", 2, 3, 8), array_write("num.npy", 2, 1, 6), array_write("den.npy", 2, 8, 4),
             array_write("dy.npy", 2, 3, 8), scratch_folder());
    struct npy dden = ok_output(arguments, T_DDEN);
    cr_assert(dden.dim[0] == 8 && dden.dim[1] == 4);
    npy_free(&dden);
    cr_assert_neq(access(scratch_place("dx.npy"), F_OK), 0);
}

Test(run, parameters_choose_the_point) {
    char arguments[ARGUMENTS_MAX];
    const struct variant *const v = variant_find("copy_scalar");
    cr_assert_not_null(v);
    const int threads = param_find(v, "THREADS");
    cr_assert_geq(threads, 0);
    snprintf(arguments, sizeof arguments,
             "run --variant copy_scalar --param THREADS=1 --in x=%s --out y=%s/y.npy",
             array_write("x.npy", 2, 3, 8), scratch_folder());
    struct npy y = ok_output(arguments, T_Y);
    npy_free(&y);
    append(arguments, " --param THREADS=0");
    const struct outcome o = program_run(arguments);
    cr_assert(o.code == 2 && strstr(o.err, "--param gives a parameter two values"), "%s", o.err);
}
