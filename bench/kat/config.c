#include "config.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

static const char *const basis_names[] = {"rational", "bspline", "gelu"};

static const struct {
    const char *name;
    struct kat_config config;
} models[] = {
    {"kat-digits", {8, 1, 2, 64, 2, 4, 4, 8, 10, 16, BASIS_RATIONAL}},
    {"kat-mnist", {28, 1, 4, 64, 4, 4, 4, 8, 10, 255, BASIS_RATIONAL}},
    {"kat-tiny", {224, 3, 16, 192, 12, 3, 4, 8, 1000, 255, BASIS_RATIONAL}},
    {"kat-small", {224, 3, 16, 384, 12, 6, 4, 8, 1000, 255, BASIS_RATIONAL}},
    {"kat-base", {224, 3, 16, 768, 12, 12, 4, 8, 1000, 255, BASIS_RATIONAL}},
};

const char *config_names(void) {
    return "kat-digits, kat-mnist, kat-tiny, kat-small, kat-base";
}
const char *basis_name(enum basis basis) {
    return basis_names[basis];
}

bool basis_parse(const char *name, enum basis *basis) {
    for (int i = 0; i < 3; i++) {
        if (strcmp(basis_names[i], name) != 0) continue;
        *basis = (enum basis)i;
        return true;
    }
    return false;
}

bool config_named(const char *name, struct kat_config *c) {
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        if (strcmp(models[i].name, name) != 0) continue;
        *c = models[i].config;
        return true;
    }
    return false;
}

static const struct {
    const char *name;
    size_t offset;
    int most;
} fields[] = {
    {"image", offsetof(struct kat_config, image), 1024},
    {"channels", offsetof(struct kat_config, channels), 16},
    {"patch", offsetof(struct kat_config, patch), 1024},
    {"dim", offsetof(struct kat_config, dim), 1 << 14},
    {"depth", offsetof(struct kat_config, depth), 256},
    {"heads", offsetof(struct kat_config, heads), 256},
    {"mlp_ratio", offsetof(struct kat_config, mlp_ratio), 16},
    {"groups", offsetof(struct kat_config, groups), 1 << 14},
    {"classes", offsetof(struct kat_config, classes), 1 << 20},
};
enum { FIELD_COUNT = sizeof fields / sizeof *fields };

static bool config_valid(const struct kat_config *c, struct error *err) {
    for (int i = 0; i < FIELD_COUNT; i++) {
        const int value = *(const int *)((const char *)c + fields[i].offset);
        if (value < 1 || value > fields[i].most)
            return error_set(err, "%s is %d: it must be 1 to %d", fields[i].name, value, fields[i].most);
    }
    if (!(c->pixel_max > 0 && isfinite(c->pixel_max))) return error_set(err, "pixel_max must be above 0");
    if (c->image % c->patch)
        return error_set(err, "image (%d) does not divide into patches of %d", c->image, c->patch);
    if (c->dim % c->heads) return error_set(err, "dim (%d) does not divide into %d heads", c->dim, c->heads);
    if (c->dim % c->groups)
        return error_set(err, "dim (%d) does not divide into %d groups", c->dim, c->groups);
    return true;
}

static bool field_read(const cJSON *item, struct kat_config *c, struct error *err) {
    if (strcmp(item->string, "act_init") == 0) {
        if (cJSON_IsString(item) && strcmp(item->valuestring, "swish") == 0) return true;
        return error_set(err, "act_init: only \"swish\" is known");
    }
    if (strcmp(item->string, "pixel_max") == 0) {
        if (!cJSON_IsNumber(item)) return error_set(err, "pixel_max is no number");
        c->pixel_max = item->valuedouble;
        return true;
    }
    for (int i = 0; i < FIELD_COUNT; i++) {
        if (strcmp(fields[i].name, item->string) != 0) continue;
        if (!cJSON_IsNumber(item) || item->valuedouble != item->valueint)
            return error_set(err, "%s is no whole number", item->string);
        *(int *)((char *)c + fields[i].offset) = item->valueint;
        return true;
    }
    return error_set(err, "\"%s\" is no key of a model", item->string);
}

bool config_read(const char *path, struct kat_config *c, struct error *err) {
    size_t size;
    char *const text = file_read(path, &size, err);
    if (!text) return false;
    cJSON *const o = cJSON_ParseWithOpts(text, NULL, true);
    free(text);
    *c = (struct kat_config){.channels = 1, .mlp_ratio = 4, .groups = 8, .pixel_max = 255};
    bool ok = cJSON_IsObject(o) || error_set(err, "is no JSON object");
    for (const cJSON *item = ok ? o->child : NULL; ok && item; item = item->next)
        ok = field_read(item, c, err);
    ok = (ok && config_valid(c, err)) || error_prefix(err, "%s", path);
    cJSON_Delete(o);
    return ok;
}
