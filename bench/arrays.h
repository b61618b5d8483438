/* The inputs of an operation as .npy files, and the problem that their shapes make. */
#ifndef KATUNE_ARRAYS_H
#define KATUNE_ARRAYS_H

#include "npy.h"
#include "options.h"

struct arrays {
    const char *path[TENSOR_COUNT]; /* of the inputs; into the options' text */
    struct npy array[TENSOR_COUNT];
};

/* Takes "TENSOR=FILE" apart into path[TENSOR]. `set` has the tensors that may be named, `option` is the name
   of the option for messages. */
bool assignment_parse(const char *assignment, const char *option, enum op op, unsigned set,
                      const char *path[TENSOR_COUNT], struct error *err);

/* Reads each --in. Every input of the operation must be there, as float32. */
bool arrays_read(struct arrays *a, const struct options *o, enum op op, struct error *err);
void arrays_free(struct arrays *a);

/* The problem: rows and channels from x, degrees and numbers of groups from the parameters, the rest from
   --attr or the defaults. What --attr says must agree with the arrays, and the arrays with each other. */
bool arrays_problem(const struct arrays *a, const struct options *o, enum op op, enum dtype dtype,
                    struct problem *p, struct error *err);

#endif
