/* Arguments and .npy files of `katune run`, for the tests of it. */
#ifndef KATUNE_TEST_RUN_FILES_H
#define KATUNE_TEST_RUN_FILES_H

#include "../bench/npy.h"
#include "op.h"

enum { ARGUMENTS_MAX = 1900 };

/* Adds to a command line what fits. */
__attribute__((format(printf, 2, 3))) void append(char arguments[ARGUMENTS_MAX], const char *format, ...);

/* Writes NAME in the scratch folder: float32, every element 0.5, (rows,) or (rows, columns). Returns its
   path. */
const char *array_write(const char *name, int ndim, int64_t rows, int64_t columns);

/* Reads TENSOR.npy of the scratch folder and removes the file. Free with npy_free. */
struct npy output_read(enum tensor t);

/* Writes tables/one/table.json in the scratch folder: of this machine, or of another of its kind, with one
   entry, for copies of 64 x 12. */
void table_make(bool this_device);

#endif
