#include "npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *descr;
    size_t size;
} types[] = {[NPY_F32] = {"<f4", 4}, [NPY_F64] = {"<f8", 8}};

static const char magic[6] = {'\x93', 'N', 'U', 'M', 'P', 'Y'};

int64_t npy_count(const struct npy *a) {
    int64_t count = 1;
    for (int i = 0; i < a->ndim; i++) count *= a->dim[i];
    return count;
}

void npy_free(struct npy *a) {
    free(a->data);
    *a = (struct npy){0};
}

/* The text behind 'key': in the header's dictionary, or NULL. */
static const char *header_value(const char *header, const char *key) {
    char quoted[32];
    snprintf(quoted, sizeof quoted, "'%s':", key);
    const char *const found = strstr(header, quoted);
    return found ? found + strlen(quoted) + strspn(found + strlen(quoted), " ") : NULL;
}

static bool parse_type(const char *header, enum npy_type type, struct error *err) {
    const char *const descr = header_value(header, "descr");
    char name[16] = "";
    if (!descr || sscanf(descr, "'%15[^']'", name) != 1) return error_set(err, "the header has no 'descr'");
    if (strcmp(name, types[type].descr) == 0) return true;
    return error_set(err, "its elements are '%s', not '%s': convert them with astype('%s')", name,
                     types[type].descr, types[type].descr);
}

static bool parse_shape(const char *header, struct npy *a, struct error *err) {
    const char *text = header_value(header, "shape");
    if (!text || *text++ != '(') return error_set(err, "the header has no 'shape'");
    int64_t count = 1;
    for (a->ndim = 0;;) {
        text += strspn(text, " ,");
        if (*text == ')') return true;
        char *end;
        const long long size = strtoll(text, &end, 10);
        if (end == text || size < 0) return error_set(err, "the header's 'shape' is malformed");
        if (a->ndim == NPY_DIMS_MAX) return error_set(err, "it has more than %d dimensions", NPY_DIMS_MAX);
        if (size && count > INT64_MAX / 16 / size) return error_set(err, "its shape is impossibly large");
        count *= size ? size : 1;
        a->dim[a->ndim++] = size;
        text = end;
    }
}

static bool parse_header(const char *header, enum npy_type type, struct npy *a, struct error *err) {
    const char *const order = header_value(header, "fortran_order");
    if (!parse_type(header, type, err) || !parse_shape(header, a, err)) return false;
    if (!order) return error_set(err, "the header has no 'fortran_order'");
    if (strncmp(order, "False", 5) != 0)
        return error_set(err, "it is in Fortran order: save numpy.ascontiguousarray(array) instead");
    return true;
}

/* The header's text, 0-terminated in place of its last character (a newline), and where the data begin. */
static char *header_locate(char *file, size_t size, size_t *data_at, struct error *err) {
    const unsigned char *const bytes = (const unsigned char *)file;
    if (size < 10 || memcmp(file, magic, sizeof magic) != 0) {
        error_set(err, "not a .npy file: write one with numpy.save");
        return NULL;
    }
    const int version = bytes[6];
    if (version < 1 || version > 3) {
        error_set(err, "format version %d.%d is unknown: save it with numpy.save", version, bytes[7]);
        return NULL;
    }
    const size_t start = version == 1 ? 10 : 12;
    size_t length = bytes[8] | (size_t)bytes[9] << 8;
    if (version > 1 && size >= 12) length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (size < start || length == 0 || size - start < length) {
        error_set(err, "it ends inside its header: save it anew");
        return NULL;
    }
    *data_at = start + length;
    file[*data_at - 1] = 0;
    return file + start;
}

bool npy_parse(char *file, size_t size, enum npy_type type, struct npy *a, struct error *err) {
    *a = (struct npy){.type = type};
    size_t data_at;
    char *const header = header_locate(file, size, &data_at, err);
    if (!header || !parse_header(header, type, a, err)) return false;
    const size_t expected = (size_t)npy_count(a) * types[type].size, found = size - data_at;
    if (found != expected)
        return error_set(err, "its shape needs %zu bytes of data, it has %zu: the file is %s: save it anew",
                         expected, found, found < expected ? "truncated" : "longer than its shape");
    a->data = malloc(expected ? expected : 1);
    if (!a->data) return error_set(err, "out of memory");
    memcpy(a->data, file + data_at, expected);
    return true;
}

bool npy_read(const char *path, enum npy_type type, struct npy *a, struct error *err) {
    *a = (struct npy){.type = type};
    size_t size;
    char *const file = file_read(path, &size, err);
    if (!file) return false;
    const bool ok = npy_parse(file, size, type, a, err) || error_prefix(err, "%s", path);
    free(file);
    return ok;
}

bool npy_stage(const char *path, const struct npy *a, struct file_pending *pending, struct error *err) {
    char shape[NPY_DIMS_MAX * 22] = "", header[512];
    int used = 0;
    for (int i = 0; i < a->ndim; i++)
        used += snprintf(shape + used, sizeof shape - (size_t)used, "%s%lld%s", i ? " " : "",
                         (long long)a->dim[i], i + 1 < a->ndim || a->ndim == 1 ? "," : "");
    const int length =
        snprintf(header + 10, sizeof header - 10, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }",
                 types[a->type].descr, shape);
    const int total = (10 + length + 1 + 63) / 64 * 64; /* the data begin at a multiple of 64 */
    memset(header + 10 + length, ' ', (size_t)(total - 10 - length));
    header[total - 1] = '\n';
    memcpy(header, magic, sizeof magic);
    header[6] = 1, header[7] = 0;
    header[8] = (char)((total - 10) & 255), header[9] = (char)((total - 10) >> 8);
    const struct file_part parts[] = {{header, (size_t)total},
                                      {a->data, (size_t)npy_count(a) * types[a->type].size}};
    return file_stage(path, parts, 2, pending, err);
}
