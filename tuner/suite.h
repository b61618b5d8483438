/* The cases that every variant has to pass: ragged shapes, attributes and distributions, per operation. */
#ifndef KATUNE_SUITE_H
#define KATUNE_SUITE_H

#include "inputs.h"
#include "problem.h"

struct suite_case {
    struct problem problem;
    struct distribution distribution;
};

int suite_count(enum op op);
/* The i-th case of an operation, 0 <= i < suite_count(op). */
struct suite_case suite_at(enum op op, enum dtype dtype, int i);

#endif
