/* NumPy's .npy files, format versions 1.0 to 3.0 on reading and 1.0 on writing: little-endian, C order. */
#ifndef KATUNE_NPY_H
#define KATUNE_NPY_H

#include "../tuner/file.h"

#include <stdint.h>

enum { NPY_DIMS_MAX = 8 };

/* The element types that katune reads, named as the files name them: "<f4", "<f8". */
enum npy_type { NPY_F32, NPY_F64 };

struct npy {
    enum npy_type type;
    int ndim;
    int64_t dim[NPY_DIMS_MAX];
    void *data; /* npy_count() elements in C order, owned */
};

int64_t npy_count(const struct npy *a);

/* Reads a file whose elements must be of `type`. Anything else, a file that ends early or goes on after its
   data, Fortran order and big-endian elements are refused: false, and a line that names the file. */
bool npy_read(const char *path, enum npy_type type, struct npy *a, struct error *err);
/* The same from a file's bytes, which are changed. */
bool npy_parse(char *file, size_t size, enum npy_type type, struct npy *a, struct error *err);
void npy_free(struct npy *a);

/* Writes the array beside `path` under a temporary name; file_commit() puts it in place. So several outputs
   can be written whole before the first replaces its predecessor. */
bool npy_stage(const char *path, const struct npy *a, struct file_pending *pending, struct error *err);

#endif
