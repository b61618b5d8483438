/* katune run: runs one variant on .npy files. The operation's attributes come from --attr and the arrays'
   shapes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arrays.h"
#include "commands.h"
#include "convert.h"
#include "device/device.h"
#include "file.h"
#include "katune.h"

struct run {
    const struct options *o;
    struct device *device;
    enum op op;
    const struct variant *variant; /* NULL until chosen, if --variant names an operation */
    struct point point;
    struct problem problem;
    struct arrays inputs;
    const char *out_path[TENSOR_COUNT];
    void *memory[TENSOR_COUNT]; /* the device's, inputs and outputs */
};

static bool arguments_check(struct run *r, struct error *err) {
    const struct options *const o = r->o;
    if (!o->variant) return error_set(err, "--variant is missing: give a variant's or an operation's name");
    r->variant = variant_find(o->variant);
    if (r->variant)
        r->op = r->variant->op;
    else if (!op_parse(o->variant, &r->op))
        return error_set(
            err, "--variant %s: there is no such variant or operation: \"katune variants\" lists them",
            o->variant);
    if (!r->variant && o->param_count)
        return error_set(err, "--param goes with the name of a variant, %s is an operation", o->variant);
    if (o->dtypes & (o->dtypes - 1)) return error_set(err, "--dtype: give one");
    if (!o->outs.count) return error_set(err, "--out is missing: name an output to write, as TENSOR=FILE");
    for (int i = 0; i < o->outs.count; i++)
        if (!assignment_parse(o->outs.item[i], "out", r->op, op_outputs(r->op), r->out_path, err))
            return false;
    for (int t = 0; t < TENSOR_COUNT; t++)
        for (int u = 0; r->out_path[t] && u < t; u++)
            if (r->out_path[u] && strcmp(r->out_path[t], r->out_path[u]) == 0)
                return error_set(err, "--out: %s is to hold both %s and %s", r->out_path[t],
                                 tensor_name((enum tensor)u), tensor_name((enum tensor)t));
    for (int t = 0; t < TENSOR_COUNT; t++)
        if (r->out_path[t] && !file_writable(r->out_path[t], err)) return false;
    return true;
}

static bool param_check(const struct variant *v, const char *name, int value, struct error *err) {
    const int at = param_find(v, name);
    if (at < 0) {
        char names[160] = "";
        for (int i = 0; i < param_count(v); i++) {
            if (i) strcat(names, ", ");
            strcat(names, v->params[i].name);
        }
        return error_set(err, "--param %s=%d: %s has no such parameter: it has %s", name, value, v->name,
                         *names ? names : "none");
    }
    struct point pt = point_at(v, 0);
    pt.value[at] = value;
    return point_valid(v, &pt, err) || error_prefix(err, "--param");
}

/* The first point that has the values of --param and that the variant accepts. As many threads as there are
   cores is the team that 0 stands for. */
static bool point_choose(struct run *r, struct error *err) {
    const struct variant *const v = r->variant;
    const struct device_info *const info = r->device->info(r->device);
    struct options o = *r->o;
    for (int i = 0; i < o.param_count; i++) {
        if (!param_check(v, o.params[i].name, o.params[i].value, err)) return false;
        if (strcmp(o.params[i].name, "THREADS") == 0 && o.params[i].value == info->units)
            o.params[i].value = 0;
    }
    const char *reason = "--param gives a parameter two values";
    bool any = false;
    for (int64_t i = 0; i < point_count(v); i++) {
        r->point = point_at(v, i);
        if (!options_point(&o, v, &r->point)) continue;
        const char *const why = variant_reject(v, &r->problem, &r->point, info);
        if (!why) return true;
        if (!any) reason = why;
        any = true;
    }
    char key[PROBLEM_KEY_MAX];
    problem_key(&r->problem, key);
    return error_set(err, "%s does not run %s: %s", v->name, key, reason);
}

/* By the tuning tables, or the default; says which on standard error. */
static bool variant_look_up(struct run *r, struct error *err) {
    struct katune *const tables = katune_open(r->o->results, false, err);
    struct selection s;
    char text[POINT_TEXT_MAX], key[PROBLEM_KEY_MAX];
    if (!tables) return false;
    const bool ok = katune_select(tables, &r->problem, &s, err);
    katune_close(tables);
    if (!ok) return false;
    r->variant = s.variant;
    r->point = s.point;
    point_print(s.variant, &s.point, text);
    problem_key(&s.from, key);
    fprintf(stderr, "katune run: %s%s%s (%s%s%s%s%s)\n", s.variant->name, *text ? " " : "", text,
            select_how_name(s.how), s.how == SELECT_DEFAULT ? "" : ": ", s.how == SELECT_DEFAULT ? "" : key,
            *s.from_device ? " on " : "", s.from_device);
    return true;
}

/* Inputs of the problem's dtype are rounded to it. */
static bool memory_fill(struct run *r, struct error *err) {
    const struct problem *const p = &r->problem;
    for (int i = 0; i < TENSOR_COUNT; i++) {
        const enum tensor t = (enum tensor)i;
        if (!tensor_in(op_inputs(p->op) | op_outputs(p->op), t)) continue;
        const size_t bytes = tensor_bytes(p, t);
        r->memory[t] = r->device->alloc(r->device, bytes);
        void *const rounded = r->memory[t] ? malloc(bytes + 1) : NULL;
        if (!rounded) return error_set(err, "out of memory: %s takes %zu bytes", tensor_name(t), bytes);
        if (tensor_in(op_inputs(p->op), t)) {
            array_from_float(rounded, tensor_dtype(p, t), r->inputs.array[t].data,
                             shape_count(tensor_shape(p, t)));
            r->device->upload(r->device, r->memory[t], rounded, bytes);
        }
        free(rounded);
    }
    return true;
}

static bool kernel_run(struct run *r, struct error *err) {
    struct kernel *const k = r->device->prepare(r->device, r->variant, &r->problem, &r->point, err);
    if (!k) return false;
    struct call call = {0};
    for (int t = 0; t < TENSOR_COUNT; t++) {
        if (tensor_in(op_inputs(r->op), (enum tensor)t)) call.in[t] = r->memory[t];
        if (tensor_in(op_outputs(r->op), (enum tensor)t)) call.out[t] = r->memory[t];
    }
    r->device->run(r->device, k, &call, 1);
    r->device->release(r->device, k);
    return true;
}

/* Widens an output to float32 and writes it under a temporary name. */
static bool output_stage(struct run *r, enum tensor t, struct file_pending *pending, struct error *err) {
    const struct shape shape = tensor_shape(&r->problem, t);
    const int64_t count = shape_count(shape);
    const size_t bytes = tensor_bytes(&r->problem, t);
    struct npy a = {.type = NPY_F32, .ndim = shape.ndim, .dim = {shape.dim[0], shape.dim[1]}};
    void *const raw = malloc(bytes + 1);
    a.data = malloc((size_t)count * sizeof(float) + 1);
    bool ok = raw && a.data;
    if (!ok) error_set(err, "out of memory: %s takes %zu bytes", tensor_name(t), bytes);
    if (ok) {
        r->device->download(r->device, raw, r->memory[t], bytes);
        array_to_float(a.data, raw, tensor_dtype(&r->problem, t), count);
        ok = npy_stage(r->out_path[t], &a, pending, err);
    }
    free(a.data);
    free(raw);
    return ok;
}

/* All outputs are written whole before the first takes its place. */
static bool outputs_write(struct run *r, struct error *err) {
    struct file_pending pending[TENSOR_COUNT] = {{NULL, NULL}};
    bool ok = true;
    for (int t = 0; ok && t < TENSOR_COUNT; t++)
        if (r->out_path[t]) ok = output_stage(r, (enum tensor)t, &pending[t], err);
    for (int t = 0; t < TENSOR_COUNT; t++) {
        if (!pending[t].temporary) continue;
        if (ok)
            ok = file_commit(&pending[t], err);
        else
            file_discard(&pending[t]);
    }
    return ok;
}

static bool run(struct run *r, struct error *err) {
    const enum dtype dtype = r->o->dtypes ? (enum dtype)r->o->dtypes : F32;
    if (!arguments_check(r, err) || !arrays_read(&r->inputs, r->o, r->op, err) ||
        !arrays_problem(&r->inputs, r->o, r->op, dtype, &r->problem, err))
        return false;
    r->device = device_open(r->o->device, false, err);
    return r->device && (r->variant ? point_choose(r, err) : variant_look_up(r, err)) &&
           memory_fill(r, err) && kernel_run(r, err) && outputs_write(r, err);
}

static const struct command_usage usage = {
    "run",
    "Runs one variant on .npy files: float32, C order. Sizes follow from the arrays. --dtype rounds x and dy "
    "on the way in;\noutputs are widened to float32. Outputs are written all or none.",
    OPT_VARIANT | OPT_IN | OPT_OUT | OPT_DEVICE | OPT_ATTR | OPT_DTYPE | OPT_PARAM | OPT_RESULTS,
    "Example: katune run --variant rational_fwd_scalar --attr groups=8,form=A --in x=x.npy --in num=num.npy\n"
    "           --in den=den.npy --out y=y.npy\n"
    "Exit code 0: the outputs are written; 2: bad input, with one line that says what to do."};

int cmd_run(int argc, char **argv) {
    struct options o;
    const int leave = options_parse(&o, &usage, argc, argv);
    if (leave >= 0) return leave;
    struct error err = {""};
    struct run r = {.o = &o};
    const bool ok = run(&r, &err);
    if (!ok) fprintf(stderr, "katune run: %s\n", err.text);
    for (int t = 0; r.device && t < TENSOR_COUNT; t++) r.device->free(r.device, r.memory[t]);
    if (r.device) r.device->close(r.device);
    arrays_free(&r.inputs);
    return ok ? EXIT_OK : EXIT_USAGE;
}
