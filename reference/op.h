/* What each operation is judged by: its oracle, its tolerance, and its bytes and FLOPs. */
#ifndef KATUNE_OP_H
#define KATUNE_OP_H

#include "../kernels/problem.h"

/* Inputs of an oracle: float32 arrays of tensor_shape(), those of the problem's dtype already rounded to it.

   A checked problem may be far larger than what a double-precision evaluation can follow, so its rows repeat
   with a period: the oracle sees each distinct row once (p->rows counts distinct rows), and reductions take
   row r as often as row_count[r] says. row_count NULL: every row once. */
struct oracle_in {
    const float *in[TENSOR_COUNT];
    const int64_t *row_count;
};

/* Outputs, arrays of tensor_shape(): the value, and the scale: the sum of the absolute values of the terms
   that make it. */
struct oracle_out {
    double *value[TENSOR_COUNT];
    double *scale[TENSOR_COUNT];
};

typedef void oracle_fn(const struct problem *p, const struct oracle_in *in, const struct oracle_out *out);

struct op_info {
    oracle_fn *oracle;
    /* FLOPs of an element, counted as the algorithm needs them (a division or an exponential is one). */
    double (*flops)(const struct problem *p);
    /* Whether its result is a copy of bits: then only equality passes. */
    bool exact;
};

const struct op_info *op_info(enum op op);

/* Bytes that must move: each input read once, each output written once. */
double problem_bytes(const struct problem *p);
double problem_flops(const struct problem *p);

/* How many terms a reduction output sums for this problem; 0 for an elementwise output. */
int64_t output_terms(const struct problem *p, enum tensor t);

/* The error allowed for output t whose reference is `value`:
     half a unit in the last place of the output's dtype + 2^-24 C scale,
   scale at least 2^-126, where the relative error of float32 ends, and for reductions 2^-126 more, since
   GPUs' atomic additions flush subnormal numbers; C = 16 for elementwise outputs, 16 + 4 log2(terms) for
   reductions. */
double output_allowed(const struct problem *p, enum tensor t, double value, double scale);

#endif
