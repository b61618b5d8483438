#include "arrays.h"

#include <stdio.h>
#include <string.h>

static const char *const dimensions[TENSOR_COUNT] = {
    [T_X] = "(rows, channels)",          [T_DY] = "(rows, channels)", [T_NUM] = "(1 or groups, m + 1)",
    [T_DEN] = "(1 or groups, n)",        [T_WBASE] = "(groups,)",     [T_WSPLINE] = "(groups,)",
    [T_COEF] = "(groups, grid + order)",
};

enum { NAMES_MAX = 128, SHAPE_TEXT_MAX = NPY_DIMS_MAX * 22 };

static void names_list(unsigned set, char names[NAMES_MAX]) {
    names[0] = 0;
    for (int t = 0; t < TENSOR_COUNT; t++) {
        if (!tensor_in(set, (enum tensor)t)) continue;
        if (*names) strcat(names, ", ");
        strcat(names, tensor_name((enum tensor)t));
    }
}

/* As NumPy prints it: (3,) or (4, 8). */
static void shape_print(int ndim, const int64_t *dim, char text[SHAPE_TEXT_MAX]) {
    int used = snprintf(text, SHAPE_TEXT_MAX, "(");
    for (int i = 0; i < ndim; i++)
        used +=
            snprintf(text + used, SHAPE_TEXT_MAX - (size_t)used, "%s%lld", i ? ", " : "", (long long)dim[i]);
    snprintf(text + used, SHAPE_TEXT_MAX - (size_t)used, ndim == 1 ? ",)" : ")");
}

bool assignment_parse(const char *assignment, const char *option, enum op op, unsigned set,
                      const char *path[TENSOR_COUNT], struct error *err) {
    const char *const equals = strchr(assignment, '=');
    char name[32], names[NAMES_MAX];
    enum tensor t;
    if (!equals || !equals[1] || equals - assignment >= (int)sizeof name)
        return error_set(err, "--%s %s: write TENSOR=FILE, such as x=x.npy", option, assignment);
    snprintf(name, sizeof name, "%.*s", (int)(equals - assignment), assignment);
    names_list(set, names);
    if (!tensor_parse(name, &t) || !tensor_in(set, t))
        return error_set(err, "--%s %s: %s has no such tensor there: use %s", option, assignment, op_name(op),
                         names);
    if (path[t]) return error_set(err, "--%s %s: %s was given already", option, assignment, name);
    path[t] = equals + 1;
    return true;
}

static bool tensor_read(struct arrays *a, enum tensor t, enum op op, struct error *err) {
    const struct problem any = problem_default(op, F32);
    struct npy *const array = &a->array[t];
    char names[NAMES_MAX], text[SHAPE_TEXT_MAX];
    if (!a->path[t]) {
        names_list(op_inputs(op), names);
        return error_set(err, "--in %s=FILE is missing: %s reads %s", tensor_name(t), op_name(op), names);
    }
    if (!npy_read(a->path[t], NPY_F32, array, err)) return false;
    if (array->ndim == tensor_shape(&any, t).ndim) return true;
    shape_print(array->ndim, array->dim, text);
    return error_set(err, "%s: its shape is %s: reshape it to that of %s, %s", a->path[t], text,
                     tensor_name(t), dimensions[t]);
}

bool arrays_read(struct arrays *a, const struct options *o, enum op op, struct error *err) {
    *a = (struct arrays){0};
    for (int i = 0; i < o->ins.count; i++)
        if (!assignment_parse(o->ins.item[i], "in", op, op_inputs(op), a->path, err)) return false;
    for (int t = 0; t < TENSOR_COUNT; t++)
        if (tensor_in(op_inputs(op), (enum tensor)t) && !tensor_read(a, (enum tensor)t, op, err))
            return false;
    return true;
}

void arrays_free(struct arrays *a) {
    for (int t = 0; t < TENSOR_COUNT; t++) npy_free(&a->array[t]);
}

/* A dimension of a parameter as an int: beyond every limit that a problem has, it stays beyond them. */
static int small(int64_t size) {
    return size < 1 << 30 ? (int)size : 1 << 30;
}

static void rational_derive(const struct arrays *a, struct problem *p) {
    const int64_t *const num = a->array[T_NUM].dim, *const den = a->array[T_DEN].dim;
    p->num_groups = small(num[0]);
    p->m = small(num[1]) - 1;
    p->den_groups = small(den[0]);
    p->n = small(den[1]);
    /* with both shared, the number of groups makes no difference */
    p->groups = p->num_groups > p->den_groups ? p->num_groups : p->den_groups;
}

/* coef has grid + order columns: with neither given the order is the default, with one the other follows. */
static bool spline_derive(const struct arrays *a, const struct options *o, struct problem *p,
                          struct error *err) {
    const int64_t *const coef = a->array[T_COEF].dim;
    p->groups = small(coef[0]);
    struct problem given = *p;
    for (int i = 0; i < o->attrs.count; i++)
        if (!problem_set_attrs(&given, o->attrs.item[i], err)) return error_prefix(err, "--attr");
    if (options_attr_given(o, "grid") && !options_attr_given(o, "order"))
        p->order = small(coef[1]) - given.grid;
    else
        p->grid = small(coef[1]) - given.order;
    return true;
}

static bool shapes_agree(const struct arrays *a, const struct problem *p, struct error *err) {
    for (int t = 0; t < TENSOR_COUNT; t++) {
        if (!tensor_in(op_inputs(p->op), (enum tensor)t)) continue;
        const struct npy *const array = &a->array[t];
        const struct shape shape = tensor_shape(p, (enum tensor)t);
        if (memcmp(array->dim, shape.dim, (size_t)shape.ndim * sizeof *shape.dim) == 0) continue;
        char found[SHAPE_TEXT_MAX], wanted[SHAPE_TEXT_MAX];
        shape_print(array->ndim, array->dim, found);
        shape_print(shape.ndim, shape.dim, wanted);
        return error_set(err, "%s: its shape is %s, but %s is %s = %s by --attr and the other arrays",
                         a->path[t], found, tensor_name((enum tensor)t), dimensions[t], wanted);
    }
    return true;
}

bool arrays_problem(const struct arrays *a, const struct options *o, enum op op, enum dtype dtype,
                    struct problem *p, struct error *err) {
    *p = problem_default(op, dtype);
    p->rows = a->array[T_X].dim[0];
    p->channels = a->array[T_X].dim[1];
    if (tensor_in(op_inputs(op), T_NUM)) rational_derive(a, p);
    if (tensor_in(op_inputs(op), T_COEF) && !spline_derive(a, o, p, err)) return false;
    for (int i = 0; i < o->attrs.count; i++)
        if (!problem_set_attrs(p, o->attrs.item[i], err)) return error_prefix(err, "--attr");
    return (problem_valid(p, err) || error_prefix(err, "the arrays and --attr make no %s", op_name(op))) &&
           shapes_agree(a, p, err);
}
