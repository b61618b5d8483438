#include "safetensors.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

struct extent {
    int64_t begin, end;
    const char *name;
};

static bool shape_read(const cJSON *o, const struct weights *w, struct error *err) {
    const cJSON *const shape = cJSON_GetObjectItemCaseSensitive(o, "shape");
    int n = 0;
    bool same = cJSON_IsArray(shape) && cJSON_GetArraySize(shape) == w->ndim;
    for (const cJSON *d = same ? shape->child : NULL; d; d = d->next, n++)
        same = same && cJSON_IsNumber(d) && d->valuedouble == (double)w->dim[n];
    if (same) return true;
    char wanted[96] = "";
    int used = 0;
    for (int i = 0; i < w->ndim; i++)
        used += snprintf(wanted + used, sizeof wanted - (size_t)used, "%s%lld", i ? ", " : "",
                         (long long)w->dim[i]);
    return error_set(err, "%s: its shape is not [%s]: another model's checkpoint?", w->name, wanted);
}

static bool extent_read(const cJSON *o, const struct weights *w, int64_t size, struct extent *e,
                        struct error *err) {
    const cJSON *const dtype = cJSON_GetObjectItemCaseSensitive(o, "dtype");
    const cJSON *const offsets = cJSON_GetObjectItemCaseSensitive(o, "data_offsets");
    if (!cJSON_IsString(dtype) || strcmp(dtype->valuestring, "F32") != 0)
        return error_set(err, "%s: its dtype is %s: only F32 is read", w->name,
                         cJSON_IsString(dtype) ? dtype->valuestring : "missing");
    if (!shape_read(o, w, err)) return false;
    if (!cJSON_IsArray(offsets) || cJSON_GetArraySize(offsets) != 2 || !cJSON_IsNumber(offsets->child) ||
        !cJSON_IsNumber(offsets->child->next))
        return error_set(err, "%s: data_offsets is not two numbers", w->name);
    const double begin = offsets->child->valuedouble, end = offsets->child->next->valuedouble;
    if (!(begin >= 0 && end >= begin && end <= (double)size) || begin != (double)(int64_t)begin)
        return error_set(err,
                         "%s: data_offsets [%.0f, %.0f] leave the file's %lld bytes of data: it is damaged",
                         w->name, begin, end, (long long)size);
    *e = (struct extent){(int64_t)begin, (int64_t)end, w->name};
    if (e->end - e->begin != w->count * 4)
        return error_set(err, "%s: data_offsets hold %lld bytes, its shape needs %lld: the file is damaged",
                         w->name, (long long)(e->end - e->begin), (long long)w->count * 4);
    return true;
}

static int extent_order(const void *a, const void *b) {
    const int64_t one = ((const struct extent *)a)->begin, other = ((const struct extent *)b)->begin;
    return (one > other) - (one < other);
}

static bool extents_tile(struct extent *extents, int count, int64_t size, struct error *err) {
    struct extent *const sorted = malloc((size_t)count * sizeof *sorted);
    if (!sorted) return error_set(err, "out of memory");
    memcpy(sorted, extents, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, extent_order);
    bool ok = true;
    int64_t at = 0;
    for (int i = 0; ok && i < count; i++) {
        if (sorted[i].begin != at)
            ok = error_set(err, "%s: data_offsets %s the tensor before it: the file is damaged",
                           sorted[i].name, sorted[i].begin < at ? "overlap" : "leave a gap after");
        at = sorted[i].end;
    }
    if (ok && at != size)
        ok = error_set(err, "%lld bytes of data belong to no tensor: the file is damaged",
                       (long long)(size - at));
    free(sorted);
    return ok;
}

static bool header_match(const cJSON *header, const struct params *p, int64_t size, struct extent *extents,
                         struct error *err) {
    int found = 0;
    for (const cJSON *o = header->child; o; o = o->next) {
        if (strcmp(o->string, "__metadata__") == 0) continue;
        if (!params_find(p, o->string))
            return error_set(err, "%.80s: the model has no such tensor: another model's checkpoint?",
                             o->string);
        found++;
    }
    for (int i = 0; i < p->count; i++) {
        const cJSON *const o = cJSON_GetObjectItemCaseSensitive(header, p->list[i].name);
        if (!o) return error_set(err, "%s: missing: another model's checkpoint?", p->list[i].name);
        if (!extent_read(o, &p->list[i], size, &extents[i], err)) return false;
    }
    if (found != p->count) return error_set(err, "a tensor is there twice: the file is damaged");
    return extents_tile(extents, p->count, size, err);
}

static bool parse(const char *file, size_t size, struct params *p, struct error *err) {
    uint64_t length = 0;
    if (size < 8)
        return error_set(err, "it ends inside its header: it was cut short, or is no safetensors file");
    for (int i = 7; i >= 0; i--) length = length << 8 | (unsigned char)file[i];
    if (length > size - 8)
        return error_set(err, "it ends inside its header: it was cut short, or is no safetensors file");
    cJSON *const header = cJSON_ParseWithLength(file + 8, (size_t)length);
    struct extent *const extents = malloc((size_t)p->count * sizeof *extents);
    const char *const data = file + 8 + length;
    bool ok = extents || error_set(err, "out of memory");
    ok = ok && (cJSON_IsObject(header) ||
                error_set(err, "its header is no JSON object: is it a safetensors file?"));
    ok = ok && header_match(header, p, (int64_t)(size - 8 - (size_t)length), extents, err);
    for (int i = 0; ok && i < p->count; i++)
        memcpy(p->list[i].value, data + extents[i].begin, (size_t)p->list[i].count * 4);
    cJSON_Delete(header);
    free(extents);
    return ok;
}

bool safetensors_read(const char *path, struct params *p, struct error *err) {
    size_t size;
    char *const file = file_read(path, &size, err);
    if (!file) return false;
    const bool ok = parse(file, size, p, err) || error_prefix(err, "%s", path);
    free(file);
    return ok;
}

bool safetensors_write(const char *path, const struct params *p, bool gradients, struct error *err) {
    cJSON *const header = cJSON_CreateObject();
    cJSON_AddStringToObject(cJSON_AddObjectToObject(header, "__metadata__"), "format", "pt");
    int64_t at = 0;
    for (int i = 0; i < p->count; i++) {
        const struct weights *const w = &p->list[i];
        cJSON *const o = cJSON_AddObjectToObject(header, w->name);
        cJSON_AddStringToObject(o, "dtype", "F32");
        cJSON *const shape = cJSON_AddArrayToObject(o, "shape");
        for (int d = 0; d < w->ndim; d++) cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)w->dim[d]));
        cJSON *const offsets = cJSON_AddArrayToObject(o, "data_offsets");
        cJSON_AddItemToArray(offsets, cJSON_CreateNumber((double)at));
        cJSON_AddItemToArray(offsets, cJSON_CreateNumber((double)(at += w->count * 4)));
    }
    char *const text = cJSON_PrintUnformatted(header);
    cJSON_Delete(header);
    if (!text) return error_set(err, "%s: out of memory", path);
    const size_t length = strlen(text), padded = (length + 7) / 8 * 8;
    unsigned char prefix[8];
    for (int i = 0; i < 8; i++) prefix[i] = (unsigned char)((uint64_t)padded >> 8 * i);
    const struct file_part parts[] = {{prefix, 8},
                                      {text, length},
                                      {"        ", padded - length},
                                      {gradients ? p->grad : p->value, (size_t)at}};
    struct file_pending pending;
    const bool ok = file_stage(path, parts, 4, &pending, err) && file_commit(&pending, err);
    free(text);
    return ok;
}
