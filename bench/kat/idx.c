#include "idx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

static uint32_t big_endian(const char *bytes) {
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) value = value << 8 | (unsigned char)bytes[i];
    return value;
}

/* Reads a file of unsigned bytes with `ndim` dimensions; the data begin behind the header. */
static char *idx_file(const char *path, int ndim, uint32_t dim[3], struct error *err) {
    size_t size;
    char *const file = file_read(path, &size, err);
    if (!file) return NULL;
    const size_t header = 4 + 4 * (size_t)ndim;
    double expected = (double)header;
    bool ok = true;
    if (size < header || big_endian(file) != 0x800u + (uint32_t)ndim) {
        ok = error_set(err, "%s: not an IDX file of unsigned bytes with %d dimension%s", path, ndim,
                       ndim == 1 ? "" : "s");
    } else {
        double count = 1;
        for (int i = 0; i < ndim; i++) count *= dim[i] = big_endian(file + 4 + 4 * i);
        expected += count;
        if ((double)size != expected)
            ok = error_set(err, "%s: its header asks for %.0f bytes, it has %zu: it %s: fetch it again", path,
                           expected, size, (double)size < expected ? "was cut short" : "is too long");
    }
    if (ok) {
        memmove(file, file + header, size - header);
        return file;
    }
    free(file);
    return NULL;
}

static bool images_check(const char *prefix, const uint32_t dim[3], uint32_t labels, struct error *err) {
    if (dim[0] != labels)
        return error_set(err, "%s: %u images but %u labels: give the two files of one set", prefix, dim[0],
                         labels);
    if (dim[0] == 0 || dim[0] > 100000000)
        return error_set(err, "%s: %u images cannot be trained on", prefix, dim[0]);
    if (dim[1] != dim[2] || dim[1] == 0 || dim[1] > 4096)
        return error_set(err, "%s: images of %u x %u: they must be square", prefix, dim[1], dim[2]);
    return true;
}

bool idx_read(const char *prefix, int classes, struct images *images, struct error *err) {
    char path[4096];
    uint32_t dim[3] = {0}, labels[3] = {0};
    *images = (struct images){.count = 0};
    if (snprintf(path, sizeof path, "%s-images-idx3-ubyte", prefix) >= (int)sizeof path)
        return error_set(err, "%.100s...: the path is too long", prefix);
    char *const pixels = idx_file(path, 3, dim, err);
    if (!pixels) return false;
    snprintf(path, sizeof path, "%s-labels-idx1-ubyte", prefix);
    char *const classes_of = idx_file(path, 1, labels, err);
    bool ok = classes_of && images_check(prefix, dim, labels[0], err);
    for (uint32_t i = 0; ok && i < labels[0]; i++)
        if ((unsigned char)classes_of[i] >= classes)
            ok = error_set(err, "%s: label %u is %u, but the model has %d classes", path, i,
                           (unsigned char)classes_of[i], classes);
    if (!ok) {
        free(pixels);
        free(classes_of);
        return false;
    }
    *images = (struct images){(int)dim[0], (int)dim[1], (uint8_t *)pixels, (uint8_t *)classes_of};
    return true;
}

void images_free(struct images *images) {
    free(images->pixels);
    free(images->labels);
    *images = (struct images){.count = 0};
}
