/* A problem: an operation, the dtype of its activations, sizes and attributes.

   Tensors are row-major. x is (rows, channels); channel c belongs to group c / (channels / groups). x, y, dy
   and dx have the problem's dtype; parameters and their gradients are float32.

   A problem prints as its key, and parses from one:
     rational_bwd bf16 rows=4096 channels=3072 groups=8 form=A m=5 n=4 num_groups=1 den_groups=8  */
#ifndef KATUNE_PROBLEM_H
#define KATUNE_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

enum op {
    COPY,
    GELU_FWD,
    GELU_BWD,
    SILU_FWD,
    SILU_BWD,
    RATIONAL_FWD,
    RATIONAL_BWD,
    BSPLINE_FWD,
    BSPLINE_BWD,
    OP_COUNT
};

/* Powers of two, so that a variant's set of dtypes is F32 | F16 | BF16. */
enum dtype { F32 = 1, F16 = 2, BF16 = 4 };
enum { DTYPE_COUNT = 3 };

/* What a spline does beyond its grid [lo, hi]. */
enum boundary {
    TAPER,  /* the bases run out over order * h on either side, then only the base branch is left */
    CLAMP,  /* the spline sees x clamped to [lo, hi]; outside it passes no gradient to x */
    LINEAR, /* value and slope at the end go on; for order 1 the slope of the last interval inside */
    BOUNDARY_COUNT
};

enum tensor {
    T_X,
    T_NUM,     /* (num_groups, m + 1) */
    T_DEN,     /* (den_groups, n) */
    T_COEF,    /* (groups, grid + order) */
    T_WBASE,   /* (groups) */
    T_WSPLINE, /* (groups) */
    T_DY,
    T_Y,
    T_DX,
    T_DNUM,
    T_DDEN,
    T_DCOEF,
    T_DWBASE,
    T_DWSPLINE,
    TENSOR_COUNT
};

struct problem {
    enum op op;
    enum dtype dtype;
    int64_t rows;     /* >= 0 */
    int64_t channels; /* 1 .. 2^20, a multiple of groups */
    int groups;       /* 1 for the operations without parameters */
    /* rational: y = P/Q, P = sum a_i x^i (i = 0..m);
       form A: Q = 1 + sum |b_i| |x|^i, form B: Q = 1 + |sum b_i x^i| (i = 1..n) */
    char form;
    int m;                      /* degree of P, 0 .. 8 */
    int n;                      /* degree of Q, 1 .. 8 */
    int num_groups, den_groups; /* 1 (shared by all groups) or groups */
    /* B-spline of degree `order` on `grid` uniform intervals of [lo, hi] with extended knots
       t_j = lo + (j - order) h, h = (hi - lo) / grid: y = wbase silu(x) + wspline sum c_i B_i(x) */
    int grid;  /* 1 .. 256 */
    int order; /* 1 .. 5 */
    float lo, hi;
    enum boundary boundary;
};

enum {
    CHANNELS_MAX = 1 << 20,
    DEGREE_MAX = 8,
    GRID_MAX = 256,
    ORDER_MAX = 5,
    PROBLEM_KEY_MAX = 256,
};

struct shape {
    int ndim;
    int64_t dim[2];
};

/* Names: "rational_bwd", "bf16", "taper", "dnum". The _parse functions return false for an unknown name. */
const char *op_name(enum op op);
bool op_parse(const char *name, enum op *op);
const char *dtype_name(enum dtype dtype);
bool dtype_parse(const char *name, enum dtype *dtype);
size_t dtype_size(enum dtype dtype);
int dtype_index(enum dtype dtype); /* 0 .. DTYPE_COUNT - 1 */
enum dtype dtype_at(int index);    /* the inverse */
const char *boundary_name(enum boundary boundary);
const char *tensor_name(enum tensor t);
bool tensor_parse(const char *name, enum tensor *t);

/* The tensors an operation reads and writes, as sets: bit t stands for tensor t. */
unsigned op_inputs(enum op op);
unsigned op_outputs(enum op op);
static inline bool tensor_in(unsigned set, enum tensor t) {
    return set >> t & 1;
}

struct shape tensor_shape(const struct problem *p, enum tensor t);
int64_t shape_count(struct shape shape);
enum dtype tensor_dtype(const struct problem *p, enum tensor t);
size_t tensor_bytes(const struct problem *p, enum tensor t);

/* Attributes, one row each, so that keys, JSON, command lines and comparisons read one list. */
enum attr_kind { ATTR_INT, ATTR_INT64, ATTR_FLOAT, ATTR_FORM, ATTR_BOUNDARY };

struct attr {
    const char *name;
    enum attr_kind kind;
    size_t offset; /* in struct problem */
    unsigned ops;  /* bit op: the operation has it */
    bool size;     /* rows and channels: look-up may go to the nearest; the others must be equal */
};

/* The i-th attribute, or NULL beyond the last. */
const struct attr *attr_at(int i);
bool attr_of(const struct attr *attr, enum op op);
/* A number's value, or for a form its letter and for a boundary its index. */
double attr_get(const struct attr *attr, const struct problem *p);
/* Writes the value's text, such as "A", "taper" or "0.5". */
void attr_print(const struct attr *attr, const struct problem *p, char *text, size_t size);
bool attr_set(const struct attr *attr, struct problem *p, const char *value, struct error *err);
/* The same from a number, as if it were printed. */
bool attr_set_number(const struct attr *attr, struct problem *p, double value, struct error *err);

/* An operation's problem with the default attributes: 1 row, 8 channels, 8 groups, form A, (5, 4), one
   numerator for all groups, one denominator a group; cubic on 8 intervals of [-1, 1], taper. */
struct problem problem_default(enum op op, enum dtype dtype);
bool problem_valid(const struct problem *p, struct error *err);
bool problem_equal(const struct problem *a, const struct problem *b);
/* Equal but for rows and channels. */
bool problem_alike(const struct problem *a, const struct problem *b);
/* Equal problems have equal hashes; without `sizes`, so have problems that differ in rows and channels only.
 */
uint64_t problem_hash(const struct problem *p, bool sizes);
void problem_key(const struct problem *p, char key[PROBLEM_KEY_MAX]);
bool problem_parse(const char *key, struct problem *p, struct error *err);
/* Applies "groups=8,form=A" (commas or spaces between). Unknown names and malformed values are errors. */
bool problem_set_attrs(struct problem *p, const char *list, struct error *err);

static inline int64_t problem_elements(const struct problem *p) {
    return p->rows * p->channels;
}
static inline int64_t channels_per_group(const struct problem *p) {
    return p->channels / p->groups;
}
static inline int coef_count(const struct problem *p) {
    return p->grid + p->order;
}

#endif
