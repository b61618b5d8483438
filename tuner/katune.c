#include "katune.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "select.h"
#include "table.h"

struct katune {
    struct device *device;
    struct table *tables;
    int table_count;
};

struct katune_kernel {
    struct katune *katune;
    struct kernel *kernel;
    struct selection selection;
};

static int not_hidden(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

/* Reads <folder>/<name>/table.json, if there is one, into the next place. */
static bool table_add(struct katune *k, const char *folder, const char *name, struct error *err) {
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s/table.json", folder, name) >= (int)sizeof path ||
        access(path, F_OK))
        return true;
    struct table *const grown = realloc(k->tables, (size_t)(k->table_count + 1) * sizeof *grown);
    if (!grown) return error_set(err, "%s: out of memory", path);
    k->tables = grown;
    if (!table_read(&k->tables[k->table_count], path, err))
        return error_prefix(err, "mend it, or move it away and tune anew");
    k->table_count++;
    return true;
}

static bool tables_load(struct katune *k, const char *folder, struct error *err) {
    struct dirent **names;
    const int count = scandir(folder, &names, not_hidden, alphasort);
    if (count < 0)
        return errno == ENOENT ||
               error_set(err, "%s: the folder of tables cannot be read: %s", folder, strerror(errno));
    bool ok = true;
    for (int i = 0; i < count; i++) {
        ok = ok && table_add(k, folder, names[i]->d_name, err);
        free(names[i]);
    }
    free(names);
    return ok;
}

struct katune *katune_open(const char *folder, bool bind_threads, struct error *err) {
    struct katune *const k = calloc(1, sizeof *k);
    if (!k) {
        error_set(err, "out of memory");
        return NULL;
    }
    k->device = device_open("cpu", bind_threads, err);
    if (k->device && (!folder || tables_load(k, folder, err))) return k;
    katune_close(k);
    return NULL;
}

void katune_close(struct katune *k) {
    if (!k) return;
    for (int i = 0; i < k->table_count; i++) table_free(&k->tables[i]);
    free(k->tables);
    if (k->device) k->device->close(k->device);
    free(k);
}

const struct device_info *katune_device(const struct katune *k) {
    return k->device->info(k->device);
}

bool katune_select(const struct katune *k, const struct problem *p, struct selection *s, struct error *err) {
    return select_variant(k->tables, k->table_count, katune_device(k), p, s, err);
}

struct katune_kernel *katune_kernel(struct katune *k, const struct problem *p, struct error *err) {
    struct katune_kernel *const f = calloc(1, sizeof *f);
    if (!f) {
        error_set(err, "out of memory");
        return NULL;
    }
    f->katune = k;
    if (katune_select(k, p, &f->selection, err))
        f->kernel = k->device->prepare(k->device, f->selection.variant, p, &f->selection.point, err);
    if (f->kernel) return f;
    free(f);
    return NULL;
}

void katune_kernel_free(struct katune_kernel *f) {
    if (!f) return;
    f->katune->device->release(f->katune->device, f->kernel);
    free(f);
}

const struct selection *katune_kernel_selection(const struct katune_kernel *f) {
    return &f->selection;
}

void katune_run(struct katune_kernel *f, const void *const in[TENSOR_COUNT], void *const out[TENSOR_COUNT]) {
    struct call call = {.threads = 1};
    memcpy(call.in, in, sizeof call.in);
    memcpy(call.out, out, sizeof call.out);
    f->katune->device->run(f->katune->device, f->kernel, &call, 1);
}
