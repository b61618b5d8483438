/* katune run: every bad input is one line and exit code 2, and no output is touched. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "program.h"
#include "run_files.h"

/* Runs "katune run ARGUMENTS --out y=OLD" and expects one line with `text`, and the old output intact. */
static void refused(const char *arguments, const char *text) {
    const char *const path = scratch_place("old.npy");
    char command[ARGUMENTS_MAX];
    struct error err = {""};
    cr_assert(file_write(path, "old", 3, &err));
    snprintf(command, sizeof command, "run %s --out y=%s", arguments, path);
    program_refused(command, text);
    size_t size;
    char *const old = file_read(path, &size, &err);
    cr_expect(old && strcmp(old, "old") == 0, "katune %s", command);
    free(old);
}

Test(run, bad_arguments) {
    char x[300], all[ARGUMENTS_MAX];
    snprintf(x, sizeof x, "--in x=%s", array_write("x.npy", 2, 3, 12));
    snprintf(all, sizeof all, "%s --in num=%s --in den=%s", x, array_write("num.npy", 2, 1, 6),
             array_write("den.npy", 2, 4, 4));
    const struct {
        const char *before, *inputs, *after, *text;
    } cases[] = {
        {"", x, "", "--variant is missing"},
        {"--variant gelu_fwd_tpu", x, "", "--variant gelu_fwd_tpu: there is no such variant or operation"},
        {"--variant gelu_fwd", "", "", "--in x=FILE is missing: gelu_fwd reads x"},
        {"--variant gelu_fwd", x, x, "x was given already"},
        {"--variant gelu_fwd", "--in x", "", "--in x: write TENSOR=FILE"},
        {"--variant gelu_fwd", "--in x=", "", "--in x=: write TENSOR=FILE"},
        {"--variant gelu_fwd", x, "--in num=x.npy", "gelu_fwd has no such tensor there: use x"},
        {"--variant gelu_fwd", x, "--out dx=x.npy", "gelu_fwd has no such tensor there: use y"},
        {"--variant gelu_fwd", x, "--dtype f64", "--dtype f64: unknown"},
        {"--variant gelu_fwd", x, "--dtype f16,bf16", "--dtype: give one"},
        {"--variant gelu_fwd", x, "--device tpu", "unknown device \"tpu\""},
        {"--variant gelu_fwd", x, "--attr groups=4", "no attribute \"groups\""},
        {"--variant gelu_fwd", x, "--param THREADS=1", "--param goes with the name of a variant"},
        {"--variant copy_scalar", x, "--param NONSENSE=1", "NONSENSE=1: no variant has this parameter"},
        {"--variant copy_scalar", x, "--param BLOCK=8", "no such parameter: it has THREADS"},
        {"--variant copy_scalar", x, "--param THREADS=7", "THREADS=7 is not among the values"},
        {"--variant rational_fwd", all, "--attr nonsense=1", "no attribute \"nonsense\""},
        {"--variant rational_fwd", all, "--attr form=C", "use A or B"},
        {"--variant rational_fwd", all, "--attr groups=5", "channels (12) do not divide into 5 groups"},
        {"--variant rational_fwd", all, "--attr groups=3", "den is (1 or groups, n) = (3, 4)"},
        {"--variant rational_fwd", all, "--attr m=4", "num is (1 or groups, m + 1) = (1, 5)"},
        {"--variant rational_fwd", all, "--attr rows=4", "x is (rows, channels) = (4, 12)"},
        {"--variant rational_fwd", x, "", "--in num=FILE is missing: rational_fwd reads x, num, den"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char arguments[ARGUMENTS_MAX] = "";
        append(arguments, "%s %s %s", cases[i].before, cases[i].inputs, cases[i].after);
        refused(arguments, cases[i].text);
    }
    char arguments[ARGUMENTS_MAX] = "";
    append(arguments, "run --variant gelu_fwd %s", x);
    const struct outcome o = program_run(arguments);
    cr_assert(o.code == 2 && strstr(o.err, "--out is missing"), "%s", o.err);
}

Test(run, bad_arrays) {
    char arguments[ARGUMENTS_MAX];
    const char *const x = array_write("x.npy", 2, 3, 12), *const den = array_write("den.npy", 2, 4, 4);
    static const struct {
        int ndim;
        int64_t rows, columns;
        const char *text;
    } nums[] = {
        {1, 6, 1, "num.npy: its shape is (6,): reshape it to that of num, (1 or groups, m + 1)"},
        {2, 3, 6, "num_groups is 3: it must be 1 or groups (4)"},
        {2, 1, 12, "m is 11: it must be 0 to 8"},
        {2, 1, 0, "m is -1"},
        {2, 5, 6, "channels (12) do not divide into 5 groups"},
    };
    for (size_t i = 0; i < sizeof nums / sizeof *nums; i++) {
        snprintf(arguments, sizeof arguments, "--variant rational_fwd --in x=%s --in den=%s --in num=%s", x,
                 den, array_write("num.npy", nums[i].ndim, nums[i].rows, nums[i].columns));
        refused(arguments, nums[i].text);
    }
    snprintf(arguments, sizeof arguments, "--variant gelu_fwd --in x=%s", array_write("three.npy", 3, 0, 4));
    refused(arguments, "three.npy: its shape is (0, 4, 0): reshape");
    snprintf(arguments, sizeof arguments, "--variant gelu_fwd --in x=%s", scratch_place("none.npy"));
    refused(arguments, "none.npy: No such file");
    snprintf(arguments, sizeof arguments, "--variant gelu_fwd --in x=%s/tests/golden/%s/y.npy",
             KATUNE_SOURCE_DIR, "rational_a_identity_16x64");
    refused(arguments, "y.npy: its elements are '<f8', not '<f4'");
    struct error err = {""};
    size_t size;
    char *const whole = file_read(x, &size, &err);
    const char *const path = scratch_place("cut.npy");
    cr_assert(file_write(path, whole, size - 4, &err));
    snprintf(arguments, sizeof arguments, "--variant gelu_fwd --in x=%s", path);
    refused(arguments, "cut.npy: its shape needs 144 bytes of data, it has 140: the file is truncated");
    memcpy(strstr(whole + 10, "False"), "True ", 5);
    cr_assert(file_write(path, whole, size, &err));
    free(whole);
    refused(arguments, "cut.npy: it is in Fortran order");
}

/* One output cannot be written: the other one stays as it was. */
Test(run, outputs_are_written_all_or_none) {
    const char *const dx = scratch_place("dx.npy");
    char arguments[ARGUMENTS_MAX];
    struct error err = {""};
    static const char *const elsewhere[] = {"%s/none/dnum.npy", "%s", "/dev/null"};
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
        cr_assert(file_write(dx, "old", 3, &err));
        arguments[0] = 0;
        append(
            arguments,
            "run --variant rational_bwd --in x=%s --in num=%s --in den=%s --in dy=%s --out dx=%s --out dnum=",
            array_write("x.npy", 2, 3, 8), array_write("num.npy", 2, 1, 6), array_write("den.npy", 2, 8, 4),
            array_write("dy.npy", 2, 3, 8), dx);
        const size_t used = strlen(arguments);
        snprintf(arguments + used, sizeof arguments - used, elsewhere[i], scratch_folder());
        const struct outcome o = program_run(arguments);
        cr_assert_eq(o.code, 2);
        size_t size;
        char *const old = file_read(dx, &size, &err);
        cr_assert(old && strcmp(old, "old") == 0, "%s", o.err);
        free(old);
    }
    snprintf(arguments + strlen(arguments) - strlen("/dev/null"), 256, "%s", dx);
    const struct outcome same = program_run(arguments);
    cr_assert(same.code == 2 && strstr(same.err, "is to hold both dx and dnum"), "%s", same.err);
}
