#include "run_files.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device/device.h"
#include "program.h"
#include "registry.h"
#include "table.h"

void append(char arguments[ARGUMENTS_MAX], const char *format, ...) {
    const size_t used = strlen(arguments);
    va_list list;
    va_start(list, format);
    vsnprintf(arguments + used, ARGUMENTS_MAX - used, format, list);
    va_end(list);
}

const char *array_write(const char *name, int ndim, int64_t rows, int64_t columns) {
    const char *const path = scratch_place(name);
    const int64_t count = ndim == 1 ? rows : rows * columns;
    float *const values = calloc((size_t)count + 1, sizeof *values);
    for (int64_t i = 0; i < count; i++) values[i] = 0.5f;
    const struct npy a = {NPY_F32, ndim, {rows, columns}, values};
    struct file_pending pending;
    struct error err = {""};
    cr_assert(npy_stage(path, &a, &pending, &err) && file_commit(&pending, &err), "%s", err.text);
    free(values);
    return path;
}

struct npy output_read(enum tensor t) {
    char name[32];
    struct npy a;
    struct error err = {""};
    snprintf(name, sizeof name, "%s.npy", tensor_name(t));
    const char *const path = scratch_place(name);
    cr_assert(npy_read(path, NPY_F32, &a, &err), "%s", err.text);
    unlink(path);
    return a;
}

void table_make(bool this_device) {
    struct error err = {""};
    struct device *const device = device_open("cpu", false, &err);
    struct table t;
    table_init(&t);
    t.device = *device->info(device);
    t.bandwidth_gbs = 20;
    if (!this_device) strcat(t.device.fingerprint, "-other");
    struct table_entry e = {.time_us = {10, 9, 11, 20}, .roofline = {"memory", 0.9}, .error = {0, 1}};
    cr_assert(problem_parse("copy f32 rows=64 channels=12", &e.problem, &err), "%s", err.text);
    e.choice.variant = variant_find("copy_scalar");
    e.choice.point = point_at(e.choice.variant, 0);
    cr_assert(table_put(&t, &e));
    cr_assert(folder_make(scratch_place("tables/one"), &err), "%s", err.text);
    cr_assert(table_write(&t, scratch_place("tables/one/table.json"), &err), "%s", err.text);
    table_free(&t);
    device->close(device);
}
