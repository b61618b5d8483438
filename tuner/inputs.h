/* Inputs of a case: a function of (seed, tensor, index) alone, so that every variant sees the same and a
   failure can be had again from its seed. */
#ifndef KATUNE_INPUTS_H
#define KATUNE_INPUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "problem.h"

enum distribution_kind {
    DIST_NORMAL,  /* N(0, 1), for splines scaled to the grid's half width */
    DIST_UNIFORM, /* over the grid, without one over [-3, 3] */
    DIST_ONEBIN,  /* all in one interval of the grid, without one in [1/4, 1/2] */
    DIST_OOB,     /* `percent` of them beyond the grid (without one: beyond [-3, 3]), the others within */
    DIST_SPECIAL, /* normal, every other one a special value: 0, -0, the ends of the grid, denormal, large */
};

struct distribution {
    enum distribution_kind kind;
    int percent; /* of DIST_OOB, 0 .. 100 */
};

/* "normal", "uniform", "onebin", "oob:25", "special". */
bool distribution_parse(const char *text, struct distribution *d, struct error *err);
void distribution_print(struct distribution d, char text[16]);

/* Fills out[0 .. shape_count) with input t of the problem, already rounded to its dtype. A denominator is
   made so that Q stays benign. Activations avoid the points where the exact derivative jumps and an
   argument's last bit decides which side it is on (a root of form B's denominator polynomial, a knot of a
   linear spline), so params[] must hold the parameters when t is T_X; other calls ignore it. */
void input_fill(const struct problem *p, enum tensor t, uint64_t seed, struct distribution d,
                const float *const params[TENSOR_COUNT], float *out);

#endif
