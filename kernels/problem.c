#include "problem.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const op_names[OP_COUNT] = {
    [COPY] = "copy",
    [GELU_FWD] = "gelu_fwd",
    [GELU_BWD] = "gelu_bwd",
    [SILU_FWD] = "silu_fwd",
    [SILU_BWD] = "silu_bwd",
    [RATIONAL_FWD] = "rational_fwd",
    [RATIONAL_BWD] = "rational_bwd",
    [BSPLINE_FWD] = "bspline_fwd",
    [BSPLINE_BWD] = "bspline_bwd",
};

static const char *const tensor_names[TENSOR_COUNT] = {
    "x", "num", "den",  "coef", "wbase", "wspline", "dy",
    "y", "dx",  "dnum", "dden", "dcoef", "dwbase",  "dwspline",
};

static const char *const boundary_names[BOUNDARY_COUNT] = {"taper", "clamp", "linear"};

static const struct {
    const char *name;
    size_t size;
} dtypes[DTYPE_COUNT] = {{"f32", 4}, {"f16", 2}, {"bf16", 2}};

#define BIT(i) (1u << (i))
enum {
    SPLINE_PARAMS = BIT(T_COEF) | BIT(T_WBASE) | BIT(T_WSPLINE),
};

static const struct {
    unsigned inputs, outputs;
} op_tensors[OP_COUNT] = {
    [COPY] = {BIT(T_X), BIT(T_Y)},
    [GELU_FWD] = {BIT(T_X), BIT(T_Y)},
    [GELU_BWD] = {BIT(T_X) | BIT(T_DY), BIT(T_DX)},
    [SILU_FWD] = {BIT(T_X), BIT(T_Y)},
    [SILU_BWD] = {BIT(T_X) | BIT(T_DY), BIT(T_DX)},
    [RATIONAL_FWD] = {BIT(T_X) | BIT(T_NUM) | BIT(T_DEN), BIT(T_Y)},
    [RATIONAL_BWD] = {BIT(T_X) | BIT(T_NUM) | BIT(T_DEN) | BIT(T_DY), BIT(T_DX) | BIT(T_DNUM) | BIT(T_DDEN)},
    [BSPLINE_FWD] = {BIT(T_X) | SPLINE_PARAMS, BIT(T_Y)},
    [BSPLINE_BWD] = {BIT(T_X) | SPLINE_PARAMS | BIT(T_DY),
                     BIT(T_DX) | BIT(T_DCOEF) | BIT(T_DWBASE) | BIT(T_DWSPLINE)},
};

enum {
    OPS_ALL = BIT(OP_COUNT) - 1,
    OPS_RATIONAL = BIT(RATIONAL_FWD) | BIT(RATIONAL_BWD),
    OPS_BSPLINE = BIT(BSPLINE_FWD) | BIT(BSPLINE_BWD),
    OPS_GROUPED = OPS_RATIONAL | OPS_BSPLINE,
};

/* The attributes: name and member of struct problem, kind, the operations that have it, whether it is a size.
 */
#define ATTRS(X)                                                                                             \
    X(rows, ATTR_INT64, OPS_ALL, true)                                                                       \
    X(channels, ATTR_INT64, OPS_ALL, true)                                                                   \
    X(groups, ATTR_INT, OPS_GROUPED, false)                                                                  \
    X(form, ATTR_FORM, OPS_RATIONAL, false)                                                                  \
    X(m, ATTR_INT, OPS_RATIONAL, false)                                                                      \
    X(n, ATTR_INT, OPS_RATIONAL, false)                                                                      \
    X(num_groups, ATTR_INT, OPS_RATIONAL, false)                                                             \
    X(den_groups, ATTR_INT, OPS_RATIONAL, false)                                                             \
    X(grid, ATTR_INT, OPS_BSPLINE, false)                                                                    \
    X(order, ATTR_INT, OPS_BSPLINE, false)                                                                   \
    X(lo, ATTR_FLOAT, OPS_BSPLINE, false)                                                                    \
    X(hi, ATTR_FLOAT, OPS_BSPLINE, false)                                                                    \
    X(boundary, ATTR_BOUNDARY, OPS_BSPLINE, false)

static const struct attr attrs[] = {
#define ATTR_ROW(name, kind, ops, size) {#name, kind, offsetof(struct problem, name), ops, size},
    ATTRS(ATTR_ROW)};
enum { ATTR_COUNT = sizeof attrs / sizeof *attrs };

static int name_find(const char *const *names, int count, const char *name) {
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0) return i;
    return -1;
}

const char *op_name(enum op op) {
    return op_names[op];
}

bool op_parse(const char *name, enum op *op) {
    const int i = name_find(op_names, OP_COUNT, name);
    if (i >= 0) *op = (enum op)i;
    return i >= 0;
}

int dtype_index(enum dtype dtype) {
    return dtype == F32 ? 0 : dtype == F16 ? 1 : 2;
}
enum dtype dtype_at(int index) {
    return (enum dtype)(1 << index);
}
const char *dtype_name(enum dtype dtype) {
    return dtypes[dtype_index(dtype)].name;
}
size_t dtype_size(enum dtype dtype) {
    return dtypes[dtype_index(dtype)].size;
}

bool dtype_parse(const char *name, enum dtype *dtype) {
    for (int i = 0; i < DTYPE_COUNT; i++) {
        if (strcmp(dtypes[i].name, name) != 0) continue;
        *dtype = dtype_at(i);
        return true;
    }
    return false;
}

const char *boundary_name(enum boundary boundary) {
    return boundary_names[boundary];
}
const char *tensor_name(enum tensor t) {
    return tensor_names[t];
}

bool tensor_parse(const char *name, enum tensor *t) {
    const int i = name_find(tensor_names, TENSOR_COUNT, name);
    if (i >= 0) *t = (enum tensor)i;
    return i >= 0;
}

unsigned op_inputs(enum op op) {
    return op_tensors[op].inputs;
}
unsigned op_outputs(enum op op) {
    return op_tensors[op].outputs;
}

struct shape tensor_shape(const struct problem *p, enum tensor t) {
    switch (t) {
    case T_NUM:
    case T_DNUM: return (struct shape){2, {p->num_groups, p->m + 1}};
    case T_DEN:
    case T_DDEN: return (struct shape){2, {p->den_groups, p->n}};
    case T_COEF:
    case T_DCOEF: return (struct shape){2, {p->groups, coef_count(p)}};
    case T_WBASE:
    case T_WSPLINE:
    case T_DWBASE:
    case T_DWSPLINE: return (struct shape){1, {p->groups, 1}};
    default: return (struct shape){2, {p->rows, p->channels}};
    }
}

int64_t shape_count(struct shape shape) {
    return shape.ndim == 1 ? shape.dim[0] : shape.dim[0] * shape.dim[1];
}

enum dtype tensor_dtype(const struct problem *p, enum tensor t) {
    return t == T_X || t == T_Y || t == T_DX || t == T_DY ? p->dtype : F32;
}

size_t tensor_bytes(const struct problem *p, enum tensor t) {
    return (size_t)shape_count(tensor_shape(p, t)) * dtype_size(tensor_dtype(p, t));
}

const struct attr *attr_at(int i) {
    return i >= 0 && i < ATTR_COUNT ? &attrs[i] : NULL;
}
bool attr_of(const struct attr *attr, enum op op) {
    return attr->ops >> op & 1;
}

static const void *attr_field(const struct attr *attr, const struct problem *p) {
    return (const char *)p + attr->offset;
}

double attr_get(const struct attr *attr, const struct problem *p) {
    const void *const field = attr_field(attr, p);
    switch (attr->kind) {
    case ATTR_INT: return *(const int *)field;
    case ATTR_INT64: return (double)*(const int64_t *)field;
    case ATTR_FLOAT: return *(const float *)field;
    case ATTR_FORM: return *(const char *)field;
    case ATTR_BOUNDARY: return *(const enum boundary *)field;
    }
    return 0;
}

void attr_print(const struct attr *attr, const struct problem *p, char *text, size_t size) {
    switch (attr->kind) {
    case ATTR_FORM: snprintf(text, size, "%c", p->form); break;
    case ATTR_BOUNDARY: snprintf(text, size, "%s", boundary_name(p->boundary)); break;
    case ATTR_FLOAT: snprintf(text, size, "%.9g", attr_get(attr, p)); break;
    default: snprintf(text, size, "%.0f", attr_get(attr, p)); break;
    }
}

static bool integer_parse(const char *text, long long max, long long *value) {
    char *end;
    errno = 0;
    *value = strtoll(text, &end, 10);
    return end != text && !*end && !errno && *value >= 0 && *value <= max;
}

bool attr_set(const struct attr *attr, struct problem *p, const char *value, struct error *err) {
    void *const field = (char *)p + attr->offset;
    long long integer;
    char *end;
    switch (attr->kind) {
    case ATTR_INT:
        if (!integer_parse(value, 1 << 30, &integer)) break;
        *(int *)field = (int)integer;
        return true;
    case ATTR_INT64:
        if (!integer_parse(value, 1LL << 40, &integer)) break;
        *(int64_t *)field = integer;
        return true;
    case ATTR_FLOAT: {
        const float number = strtof(value, &end);
        if (end == value || *end || !isfinite(number)) break;
        *(float *)field = number;
        return true;
    }
    case ATTR_FORM:
        if ((value[0] != 'A' && value[0] != 'B') || value[1])
            return error_set(err, "attribute form is \"%s\": use A or B", value);
        *(char *)field = value[0];
        return true;
    case ATTR_BOUNDARY: {
        const int i = name_find(boundary_names, BOUNDARY_COUNT, value);
        if (i < 0) return error_set(err, "attribute boundary is \"%s\": use taper, clamp or linear", value);
        *(enum boundary *)field = (enum boundary)i;
        return true;
    }
    }
    return error_set(err, "attribute %s is \"%s\": give a %s", attr->name, value,
                     attr->kind == ATTR_FLOAT ? "finite number" : "whole number, not negative");
}

/* Numbers that are right are set without printing them: a large table has 100,000. */
bool attr_set_number(const struct attr *attr, struct problem *p, double value, struct error *err) {
    void *const field = (char *)p + attr->offset;
    const bool whole = value >= 0 && value <= 1 << 30 && value == (int)value;
    char text[32];
    if (attr->kind == ATTR_INT && whole)
        *(int *)field = (int)value;
    else if (attr->kind == ATTR_INT64 && whole)
        *(int64_t *)field = (int64_t)value;
    else if (attr->kind == ATTR_FLOAT && fabs(value) <= (double)FLT_MAX)
        *(float *)field = (float)value;
    else
        return snprintf(text, sizeof text, "%.17g", value) > 0 && attr_set(attr, p, text, err);
    return true;
}

struct problem problem_default(enum op op, enum dtype dtype) {
    const bool grouped = OPS_GROUPED >> op & 1, rational = OPS_RATIONAL >> op & 1,
               spline = OPS_BSPLINE >> op & 1;
    struct problem p = {.op = op, .dtype = dtype, .rows = 1, .channels = 8, .groups = grouped ? 8 : 1};
    if (rational) p.form = 'A', p.m = 5, p.n = 4, p.num_groups = 1, p.den_groups = 8;
    if (spline) p.grid = 8, p.order = 3, p.lo = -1, p.hi = 1, p.boundary = TAPER;
    return p;
}

static bool in_range(const char *name, long long value, long long lo, long long hi, struct error *err) {
    if (value >= lo && value <= hi) return true;
    return error_set(err, "%s is %lld: it must be %lld to %lld", name, value, lo, hi);
}

static bool rational_valid(const struct problem *p, struct error *err) {
    if (p->form != 'A' && p->form != 'B') return error_set(err, "form is '%c': use A or B", p->form);
    if (!in_range("m", p->m, 0, DEGREE_MAX, err) || !in_range("n", p->n, 1, DEGREE_MAX, err)) return false;
    if (p->num_groups != 1 && p->num_groups != p->groups)
        return error_set(err, "num_groups is %d: it must be 1 or groups (%d)", p->num_groups, p->groups);
    if (p->den_groups != 1 && p->den_groups != p->groups)
        return error_set(err, "den_groups is %d: it must be 1 or groups (%d)", p->den_groups, p->groups);
    return true;
}

static bool spline_valid(const struct problem *p, struct error *err) {
    if (!in_range("grid", p->grid, 1, GRID_MAX, err) || !in_range("order", p->order, 1, ORDER_MAX, err))
        return false;
    if (!(isfinite(p->lo) && isfinite(p->hi) && p->lo < p->hi))
        return error_set(err, "the grid is [%g, %g]: lo must be less than hi", (double)p->lo, (double)p->hi);
    return true;
}

bool problem_valid(const struct problem *p, struct error *err) {
    if (!in_range("rows", p->rows, 0, 1LL << 40, err)) return false;
    if (!in_range("channels", p->channels, 1, CHANNELS_MAX, err)) return false;
    if (!in_range("groups", p->groups, 1, p->channels, err)) return false;
    if (p->channels % p->groups)
        return error_set(err, "channels (%lld) do not divide into %d groups", (long long)p->channels,
                         p->groups);
    if (OPS_RATIONAL >> p->op & 1) return rational_valid(p, err);
    if (OPS_BSPLINE >> p->op & 1) return spline_valid(p, err);
    return true;
}

/* Looking up in a table takes the next three: member by member, they are several times faster than by
 * attr_get.
 */
bool problem_alike(const struct problem *a, const struct problem *b) {
    bool alike = a->op == b->op && a->dtype == b->dtype;
#define ATTR_ALIKE(name, kind, ops, size)                                                                    \
    alike = alike && ((size) || !((ops) >> a->op & 1) || a->name == b->name);
    ATTRS(ATTR_ALIKE)
    return alike;
}

bool problem_equal(const struct problem *a, const struct problem *b) {
    return a->rows == b->rows && a->channels == b->channels && problem_alike(a, b);
}

static uint64_t bits_of_integer(int64_t value) {
    return (uint64_t)value;
}
static uint64_t bits_of_float(float value) {
    uint32_t bits;
    value += 0.0f; /* -0 is 0 */
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static uint64_t hash_mix(uint64_t hash) {
    hash = (hash ^ hash >> 32) * 0xff51afd7ed558ccd;
    return hash ^ hash >> 32;
}

/* The sum of each value times a factor of its own, odd and as good as random: products that do not wait for
   one another. */
uint64_t problem_hash(const struct problem *p, bool sizes) {
    uint64_t factor = 0x9e3779b97f4a7c15, hash = factor * ((uint64_t)p->op << 8 | (uint64_t)p->dtype);
#define ATTR_HASH(name, kind, ops, size)                                                                     \
    factor *= 0xd1342543de82ef95;                                                                            \
    if (((ops) >> p->op & 1) && (sizes || !(size)))                                                          \
        hash += factor * _Generic(p->name, float : bits_of_float, default : bits_of_integer)(p->name);
    ATTRS(ATTR_HASH)
    return hash_mix(hash);
}

void problem_key(const struct problem *p, char key[PROBLEM_KEY_MAX]) {
    int used = snprintf(key, PROBLEM_KEY_MAX, "%s %s", op_name(p->op), dtype_name(p->dtype));
    for (int i = 0; i < ATTR_COUNT; i++) {
        if (!attr_of(&attrs[i], p->op)) continue;
        char text[32];
        attr_print(&attrs[i], p, text, sizeof text);
        used += snprintf(key + used, PROBLEM_KEY_MAX - (size_t)used, " %s=%s", attrs[i].name, text);
    }
}

static bool attr_assign(struct problem *p, char *assignment, struct error *err) {
    char *const equals = strchr(assignment, '=');
    if (!equals) return error_set(err, "\"%s\" is no attribute: write name=value", assignment);
    *equals = 0;
    for (int i = 0; i < ATTR_COUNT; i++) {
        if (strcmp(attrs[i].name, assignment) != 0 || !attr_of(&attrs[i], p->op)) continue;
        return attr_set(&attrs[i], p, equals + 1, err);
    }
    char names[256] = "";
    for (int i = 0; i < ATTR_COUNT; i++) {
        if (!attr_of(&attrs[i], p->op)) continue;
        if (*names) strcat(names, ", ");
        strcat(names, attrs[i].name);
    }
    return error_set(err, "%s has no attribute \"%s\": it has %s", op_name(p->op), assignment, names);
}

bool problem_set_attrs(struct problem *p, const char *list, struct error *err) {
    char text[1024];
    if (strlen(list) >= sizeof text) return error_set(err, "the attribute list is too long");
    strcpy(text, list);
    const int groups = p->groups;
    char *rest = text;
    for (char *word; (word = strtok_r(rest, ", \t", &rest));)
        if (!attr_assign(p, word, err)) return false;
    /* Parameters that were one per group stay so when only the number of groups was changed. */
    if (p->num_groups == groups && groups != 1) p->num_groups = p->groups;
    if (p->den_groups == groups && groups != 1) p->den_groups = p->groups;
    return true;
}

bool problem_parse(const char *key, struct problem *p, struct error *err) {
    char op_text[32], dtype_text[8];
    int used = 0;
    if (sscanf(key, "%31s %7s%n", op_text, dtype_text, &used) != 2)
        return error_set(err, "\"%s\" is no problem: write operation, dtype, name=value ...", key);
    enum op op;
    enum dtype dtype;
    if (!op_parse(op_text, &op)) return error_set(err, "unknown operation \"%s\"", op_text);
    if (!dtype_parse(dtype_text, &dtype))
        return error_set(err, "unknown dtype \"%s\": use f32, f16 or bf16", dtype_text);
    *p = problem_default(op, dtype);
    return problem_set_attrs(p, key + used, err) && problem_valid(p, err);
}
