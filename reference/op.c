#include "op.h"

#include <math.h>

#include "convert.h"
#include "oracle.h"

static double flops_none(const struct problem *p) {
    (void)p;
    return 0;
}

/* x/2 (1 + erf(x/sqrt 2)): three products, a sum and the function */
static double flops_gelu(const struct problem *p) {
    return p->op == GELU_FWD ? 5 : 10;
}
static double flops_silu(const struct problem *p) {
    return p->op == SILU_FWD ? 4 : 9;
}

/* Two polynomials by Horner's rule, |x|, 1 + and the division. */
static double rational_fwd_flops(const struct problem *p) {
    return 2 * p->m + 2 * p->n + 3;
}

/* The forward values, R and S by Horner's rule, dx, then a power, a product and a sum for every coefficient.
 */
static double rational_bwd_flops(const struct problem *p) {
    return rational_fwd_flops(p) + 2 * (p->m - 1) + 2 * (p->n - 1) + 5 + 3 * (p->m + 1 + p->n);
}

/* The interval (3), the order + 1 local bases (3 order (order + 1) / 2), their sum, the base branch (4), the
 * mix. */
static double bspline_fwd_flops(const struct problem *p) {
    return 3 + 1.5 * p->order * (p->order + 1) + 2 * (p->order + 1) + 4 + 3;
}

/* The same, the slope's bases and sum, the base branch's slope, and one product and sum for every local
 * gradient. */
static double bspline_bwd_flops(const struct problem *p) {
    return bspline_fwd_flops(p) + 3 * p->order + 2 * (p->order + 1) + 5 + 4 + 2 * (p->order + 1) + 4;
}

static const struct op_info infos[OP_COUNT] = {
    [COPY] = {oracle_copy, flops_none, true},
    [GELU_FWD] = {oracle_gelu_fwd, flops_gelu, false},
    [GELU_BWD] = {oracle_gelu_bwd, flops_gelu, false},
    [SILU_FWD] = {oracle_silu_fwd, flops_silu, false},
    [SILU_BWD] = {oracle_silu_bwd, flops_silu, false},
    [RATIONAL_FWD] = {oracle_rational_fwd, rational_fwd_flops, false},
    [RATIONAL_BWD] = {oracle_rational_bwd, rational_bwd_flops, false},
    [BSPLINE_FWD] = {oracle_bspline_fwd, bspline_fwd_flops, false},
    [BSPLINE_BWD] = {oracle_bspline_bwd, bspline_bwd_flops, false},
};

const struct op_info *op_info(enum op op) {
    return &infos[op];
}

double problem_bytes(const struct problem *p) {
    const unsigned tensors = op_inputs(p->op) | op_outputs(p->op);
    double bytes = 0;
    for (int t = 0; t < TENSOR_COUNT; t++)
        if (tensor_in(tensors, (enum tensor)t)) bytes += (double)tensor_bytes(p, (enum tensor)t);
    return bytes;
}

double problem_flops(const struct problem *p) {
    return infos[p->op].flops(p) * (double)problem_elements(p);
}

int64_t output_terms(const struct problem *p, enum tensor t) {
    const int64_t per_group = p->rows * channels_per_group(p);
    switch (t) {
    case T_DNUM: return p->num_groups == 1 ? problem_elements(p) : per_group;
    case T_DDEN: return p->den_groups == 1 ? problem_elements(p) : per_group;
    case T_DCOEF:
    case T_DWBASE:
    case T_DWSPLINE: return per_group;
    default: return 0;
    }
}

double output_allowed(const struct problem *p, enum tensor t, double value, double scale) {
    if (infos[p->op].exact) return 0;
    const int64_t terms = output_terms(p, t);
    const double factor = 16 + (terms > 1 ? 4 * log2((double)terms) : 0);
    /* Below the smallest normal float32 a rounding's error stops shrinking with the term. */
    const double least = 0x1p-126;
    /* A sum may also end as 0 where it is subnormal: atomic additions of GPUs flush such numbers. */
    const double flushed = terms > 0 ? least : 0;
    return dtype_spacing(value, tensor_dtype(p, t)) / 2 + 0x1p-24 * factor * (scale > least ? scale : least) +
           flushed;
}
