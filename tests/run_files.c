#include "run_files.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

void append(char arguments[ARGUMENTS_MAX], const char *format, ...) {
    const size_t used = strlen(arguments);
    va_list list;
    va_start(list, format);
    vsnprintf(arguments + used, ARGUMENTS_MAX - used, format, list);
    va_end(list);
}

const char *array_write(const char *name, int ndim, int64_t rows, int64_t columns) {
    static char path[8][256];
    static int used;
    char *const at = path[used++ % 8];
    snprintf(at, sizeof path[0], "%s/%s", scratch_folder(), name);
    const int64_t count = ndim == 1 ? rows : rows * columns;
    float *const values = calloc((size_t)count + 1, sizeof *values);
    for (int64_t i = 0; i < count; i++) values[i] = 0.5f;
    const struct npy a = {NPY_F32, ndim, {rows, columns}, values};
    struct file_pending pending;
    struct error err = {""};
    cr_assert(npy_stage(at, &a, &pending, &err) && file_commit(&pending, &err), "%s", err.text);
    free(values);
    return at;
}

struct npy output_read(enum tensor t) {
    char path[256];
    struct npy a;
    struct error err = {""};
    snprintf(path, sizeof path, "%s/%s.npy", scratch_folder(), tensor_name(t));
    cr_assert(npy_read(path, NPY_F32, &a, &err), "%s", err.text);
    unlink(path);
    return a;
}
