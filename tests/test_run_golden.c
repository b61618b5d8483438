/* katune run: every variant on golden inputs gives the golden outputs. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convert.h"
#include "device/device.h"
#include "golden.h"
#include "oracle_run.h"
#include "program.h"
#include "registry.h"
#include "run_files.h"

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
