/* katune run: every variant on golden inputs gives the golden outputs; sizes and attributes follow from the
   arrays; every bad input is one line and exit code 2, and no output is touched. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "convert.h"
#include "device/device.h"
#include "golden.h"
#include "oracle_run.h"
#include "program.h"
#include "registry.h"
#include "table.h"

enum { ARGUMENTS_MAX = 1900 };

__attribute__((format(printf, 2, 3))) static void append(char arguments[ARGUMENTS_MAX], const char *format,
                                                         ...) {
    const size_t used = strlen(arguments);
    va_list list;
    va_start(list, format);
    vsnprintf(arguments + used, ARGUMENTS_MAX - used, format, list);
    va_end(list);
}

/* The attributes that no array tells. */
static void attrs_append(char arguments[ARGUMENTS_MAX], const struct problem *p) {
    static const char *const names[] = {"form", "groups", "order", "lo", "hi", "boundary"};
    for (int i = 0; attr_at(i); i++)
        for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
            if (strcmp(attr_at(i)->name, names[n]) != 0 || !attr_of(attr_at(i), p->op)) continue;
            char text[32];
            attr_print(attr_at(i), p, text, sizeof text);
            append(arguments, " --attr %s=%s", names[n], text);
        }
}

static void tensors_append(char arguments[ARGUMENTS_MAX], const struct problem *p, const char *folder) {
    for (int t = 0; t < TENSOR_COUNT; t++) {
        const char *const name = tensor_name((enum tensor)t);
        if (tensor_in(op_inputs(p->op), (enum tensor)t))
            append(arguments, " --in %s=%s/tests/golden/%s/%s.npy", name, KATUNE_SOURCE_DIR, folder, name);
        if (tensor_in(op_outputs(p->op), (enum tensor)t))
            append(arguments, " --out %s=%s/%s.npy", name, scratch_folder(), name);
    }
}

static struct npy output_read(enum tensor t) {
    char path[256];
    struct npy a;
    struct error err = {""};
    snprintf(path, sizeof path, "%s/%s.npy", scratch_folder(), tensor_name(t));
    cr_assert(npy_read(path, NPY_F32, &a, &err), "%s", err.text);
    unlink(path);
    return a;
}

/* The problem of `op` whose tensors are a golden case's: for an operation without parameters, the same x. */
static struct problem golden_problem(const struct golden *g, enum op op, enum dtype dtype) {
    struct problem p = op == g->forward.op    ? g->forward
                       : op == g->backward.op ? g->backward
                                              : problem_default(op, dtype);
    p.dtype = dtype;
    p.rows = g->forward.rows;
    p.channels = g->forward.channels;
    return p;
}

static bool golden_has(const struct golden *g, enum op op) {
    return op == g->forward.op || op == g->backward.op || op < RATIONAL_FWD;
}

/* Compares the files with the golden results or, for what has none, with the oracle on the rounded inputs. */
static void outputs_expect(const struct golden *g, const struct problem *p, const char *what) {
    float *in[TENSOR_COUNT], *rounded[2] = {NULL, NULL};
    memcpy(in, g->in, sizeof in);
    for (int i = 0; i < 2; i++) {
        const enum tensor t = i ? T_DY : T_X;
        rounded[i] = in[t] = malloc((size_t)problem_elements(p) * sizeof(float));
        for (int64_t e = 0; e < problem_elements(p); e++) in[t][e] = dtype_round(g->in[t][e], p->dtype);
    }
    struct oracle_result r = oracle_run(p, in, NULL);
    const bool golden = p->dtype == F32 && p->op >= RATIONAL_FWD;
    for (int i = 0; i < TENSOR_COUNT; i++) {
        const enum tensor t = (enum tensor)i;
        if (!tensor_in(op_outputs(p->op), t)) continue;
        struct npy out = output_read(t);
        const struct shape shape = tensor_shape(p, t);
        cr_assert_eq(out.ndim, shape.ndim, "%s", what);
        for (int d = 0; d < shape.ndim; d++) cr_assert_eq(out.dim[d], shape.dim[d], "%s", what);
        for (int64_t e = 0; e < npy_count(&out); e++) {
            const double value = (golden ? g->out[t] : r.value[t])[e], found = ((const float *)out.data)[e];
            const double allowed = output_allowed(p, t, value, r.scale[t][e]);
            cr_assert(fabs(found - value) <= allowed, "katune %s: %s[%lld] is %.9g, not %.9g", what,
                      tensor_name(t), (long long)e, found, value);
        }
        npy_free(&out);
    }
    oracle_result_free(&r);
    free(rounded[0]);
    free(rounded[1]);
}

static void variant_expect(const struct golden *g, const struct variant *v, enum dtype dtype,
                           const struct device_info *info) {
    const struct problem p = golden_problem(g, v->op, dtype);
    struct point pt;
    char arguments[ARGUMENTS_MAX];
    snprintf(arguments, sizeof arguments, "run --variant %s --dtype %s", v->name, dtype_name(dtype));
    attrs_append(arguments, &p);
    tensors_append(arguments, &p, g->name);
    const struct outcome o = program_run(arguments);
    if (variant_default_point(v, &p, info, &pt, NULL)) {
        cr_assert_eq(o.code, 0, "katune %s: %s", arguments, o.err);
        cr_assert(!*o.out && !*o.err);
        outputs_expect(g, &p, arguments);
    } else {
        cr_assert(o.code == 2 && strstr(o.err, "does not run"), "katune %s: %s", arguments, o.err);
    }
}

/* Every variant that the program lists: in float32 on each golden case of its operation, in the narrower
   dtypes on the first. */
Test(run, every_variant_on_golden_inputs) {
    struct error err = {""};
    struct device *const device = device_open("cpu", false, &err);
    cr_assert_not_null(device, "%s", err.text);
    cJSON *const list = cJSON_Parse(program_run("variants --json").out);
    cr_assert_eq(cJSON_GetArraySize(list), variant_count());
    const cJSON *one;
    cJSON_ArrayForEach(one, list) {
        const struct variant *const v = variant_find(cJSON_GetStringValue(cJSON_GetObjectItem(one, "name")));
        cr_assert_not_null(v);
        struct golden g;
        bool first = true;
        for (int c = 0; golden_load(c, &g); c++) {
            for (int d = 0; d < DTYPE_COUNT && golden_has(&g, v->op); d++)
                if (v->dtypes & dtype_at(d) && (first || (d == 0 && v->op >= RATIONAL_FWD)))
                    variant_expect(&g, v, dtype_at(d), device->info(device));
            first = first && !golden_has(&g, v->op);
            golden_free(&g);
        }
        cr_assert_not(first, "%s was not run", v->name);
    }
    cJSON_Delete(list);
    device->close(device);
}

Test(run, an_operation_takes_the_default_and_says_so) {
    struct golden g;
    for (int c = 0; golden_load(c, &g); c++) {
        for (int direction = 0; direction < 2; direction++) {
            const struct problem *const p = direction ? &g.backward : &g.forward;
            char arguments[ARGUMENTS_MAX];
            snprintf(arguments, sizeof arguments, "run --variant %s --results %s/none", op_name(p->op),
                     scratch_folder());
            attrs_append(arguments, p);
            tensors_append(arguments, p, g.name);
            const struct outcome o = program_run(arguments);
            cr_assert_eq(o.code, 0, "%s", o.err);
            char said[64];
            snprintf(said, sizeof said, "katune run: %s_", op_name(p->op));
            cr_assert(strncmp(o.err, said, strlen(said)) == 0 && strstr(o.err, "(default)"), "%s", o.err);
            outputs_expect(&g, p, arguments);
        }
        golden_free(&g);
    }
}

static const char *array_write(const char *name, int ndim, int64_t rows, int64_t columns) {
    static char path[8][256];
    static int used;
    char *const at = path[used++ % 8];
    snprintf(at, sizeof path[0], "%s/%s", scratch_folder(), name);
    const int64_t count = ndim == 1 ? rows : rows * columns;
    float *const values = calloc((size_t)count + 1, sizeof *values);
    for (int64_t i = 0; i < count; i++) values[i] = 0.5f;
    const struct npy a = {NPY_F32, ndim, {rows, columns}, values};
    struct file_pending pending;
    struct error err = {""};
    cr_assert(npy_stage(at, &a, &pending, &err) && file_commit(&pending, &err), "%s", err.text);
    free(values);
    return at;
}

static struct npy ok_output(const char *arguments, enum tensor t) {
    const struct outcome o = program_run(arguments);
    cr_assert_eq(o.code, 0, "katune %s: %s", arguments, o.err);
    return output_read(t);
}

/* A table of this machine, or of another of its kind, with one entry for copies of 64 x 12. */
static void table_make(bool this_device) {
    struct error err = {""};
    struct device *const device = device_open("cpu", false, &err);
    struct table t;
    table_init(&t);
    t.device = *device->info(device);
    t.bandwidth_gbs = 20;
    if (!this_device) strcat(t.device.fingerprint, "-other");
    struct table_entry e = {.time_us = {10, 9, 11, 20}, .roofline = {"memory", 0.9}, .error = {0, 1}};
    cr_assert(problem_parse("copy f32 rows=64 channels=12", &e.problem, &err), "%s", err.text);
    e.choice.variant = variant_find("copy_scalar");
    e.choice.point = point_at(e.choice.variant, 0);
    cr_assert(table_put(&t, &e));
    char path[256];
    snprintf(path, sizeof path, "%s/tables/one", scratch_folder());
    cr_assert(folder_make(path, &err), "%s", err.text);
    strcat(path, "/table.json");
    cr_assert(table_write(&t, path, &err), "%s", err.text);
    table_free(&t);
    device->close(device);
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
    char path[256];
    snprintf(path, sizeof path, "%s/tables/one/table.json", scratch_folder());
    cr_assert(file_write(path, "{]", 2, &err));
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
    char arguments[ARGUMENTS_MAX], path[256];
    snprintf(arguments, sizeof arguments,
             "run --variant rational_bwd_scalar --in x=%s --in num=%s --in den=%s --in dy=%s --out "
             "dden=%s/dden.npy",
             array_write("x.npy", 2, 3, 8), array_write("num.npy", 2, 1, 6), array_write("den.npy", 2, 8, 4),
             array_write("dy.npy", 2, 3, 8), scratch_folder());
    struct npy dden = ok_output(arguments, T_DDEN);
    cr_assert(dden.dim[0] == 8 && dden.dim[1] == 4);
    npy_free(&dden);
    snprintf(path, sizeof path, "%s/dx.npy", scratch_folder());
    cr_assert_neq(access(path, F_OK), 0);
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

/* Runs "katune run ARGUMENTS --out y=OLD" and expects one line with `text`, and the old output intact. */
static void refused(const char *arguments, const char *text) {
    char path[256], command[ARGUMENTS_MAX];
    snprintf(path, sizeof path, "%s/old.npy", scratch_folder());
    struct error err = {""};
    cr_assert(file_write(path, "old", 3, &err));
    snprintf(command, sizeof command, "run %s --out y=%s", arguments, path);
    const struct outcome o = program_run(command);
    const char *const newline = strchr(o.err, '\n');
    cr_expect_eq(o.code, 2, "katune %s: exit code %d", command, o.code);
    cr_expect(newline && !newline[1] && !*o.out, "katune %s: %s", command, o.err);
    cr_expect(strstr(o.err, text), "katune %s: \"%s\" is not in: %s", command, text, o.err);
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
        {"--variant copy_scalar", x, "--param NONSENSE=1", "no such parameter: it has THREADS"},
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
    char arguments[ARGUMENTS_MAX], path[256];
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
    snprintf(arguments, sizeof arguments, "--variant gelu_fwd --in x=%s/none.npy", scratch_folder());
    refused(arguments, "none.npy: No such file");
    snprintf(arguments, sizeof arguments, "--variant gelu_fwd --in x=%s/tests/golden/%s/y.npy",
             KATUNE_SOURCE_DIR, "rational_a_identity_16x64");
    refused(arguments, "y.npy: its elements are '<f8', not '<f4'");
    struct error err = {""};
    size_t size;
    char *const whole = file_read(x, &size, &err);
    snprintf(path, sizeof path, "%s/cut.npy", scratch_folder());
    cr_assert(file_write(path, whole, size - 4, &err));
    free(whole);
    snprintf(arguments, sizeof arguments, "--variant gelu_fwd --in x=%s", path);
    refused(arguments, "cut.npy: its shape needs 144 bytes of data, it has 140: the file is truncated");
}

/* One output cannot be written: the other one stays as it was. */
Test(run, outputs_are_written_all_or_none) {
    char arguments[ARGUMENTS_MAX], dx[256];
    struct error err = {""};
    snprintf(dx, sizeof dx, "%s/dx.npy", scratch_folder());
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
