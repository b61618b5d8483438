#include "json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

cJSON *json_problem(const struct problem *p) {
    cJSON *const o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "op", op_name(p->op));
    cJSON_AddStringToObject(o, "dtype", dtype_name(p->dtype));
    for (int i = 0; attr_at(i); i++) {
        const struct attr *const attr = attr_at(i);
        if (!attr_of(attr, p->op)) continue;
        if (attr->kind == ATTR_FORM || attr->kind == ATTR_BOUNDARY) {
            char text[32];
            attr_print(attr, p, text, sizeof text);
            cJSON_AddStringToObject(o, attr->name, text);
        } else {
            cJSON_AddNumberToObject(o, attr->name, attr_get(attr, p));
        }
    }
    return o;
}

cJSON *json_point(const struct variant *v, const struct point *pt) {
    cJSON *const o = cJSON_CreateObject();
    for (int i = 0; i < param_count(v); i++) cJSON_AddNumberToObject(o, v->params[i].name, pt->value[i]);
    return o;
}

cJSON *json_device(const struct device_info *info) {
    cJSON *const o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "name", info->name);
    cJSON_AddStringToObject(o, "backend", info->backend);
    cJSON_AddStringToObject(o, "arch", info->arch);
    cJSON_AddStringToObject(o, "fingerprint", info->fingerprint);
    cJSON_AddNumberToObject(o, "units", info->units);
    return o;
}

void json_throttle(cJSON *o, bool throttled, unsigned throttle) {
    cJSON_AddBoolToObject(o, "throttled", throttled);
    cJSON *const list = throttle ? cJSON_AddArrayToObject(o, "throttle") : NULL;
    for (int i = 0; list && throttle_name(i); i++)
        if (throttle >> i & 1) cJSON_AddItemToArray(list, cJSON_CreateString(throttle_name(i)));
}

static bool member_wrong(const cJSON *found, const char *name, const char *kind, struct error *err) {
    return found ? error_set(err, "%s is no %s", name, kind) : error_set(err, "%s is missing", name);
}

bool json_number_of(const cJSON *member, double *value, struct error *err) {
    if (!cJSON_IsNumber(member) || !isfinite(member->valuedouble))
        return member_wrong(member, member->string, "number", err);
    *value = member->valuedouble;
    return true;
}

bool json_number(const cJSON *o, const char *name, double *value, struct error *err) {
    const cJSON *const found = cJSON_GetObjectItemCaseSensitive(o, name);
    return found ? json_number_of(found, value, err) : member_wrong(found, name, "number", err);
}

const char *json_text(const cJSON *o, const char *name, size_t size, struct error *err) {
    const cJSON *const found = cJSON_GetObjectItemCaseSensitive(o, name);
    if (!cJSON_IsString(found)) {
        member_wrong(found, name, "string", err);
        return NULL;
    }
    if (strlen(found->valuestring) < size) return found->valuestring;
    error_set(err, "%s is longer than %zu characters", name, size - 1);
    return NULL;
}

bool json_string(const cJSON *o, const char *name, char *text, size_t size, struct error *err) {
    const char *const found = json_text(o, name, size, err);
    if (found) strcpy(text, found);
    return found;
}

const cJSON *json_object(const cJSON *o, const char *name, struct error *err) {
    const cJSON *const found = cJSON_GetObjectItemCaseSensitive(o, name);
    if (cJSON_IsObject(found)) return found;
    member_wrong(found, name, "object", err);
    return NULL;
}

const cJSON *json_array(const cJSON *o, const char *name, struct error *err) {
    const cJSON *const found = cJSON_GetObjectItemCaseSensitive(o, name);
    if (cJSON_IsArray(found)) return found;
    member_wrong(found, name, "array", err);
    return NULL;
}

bool json_within(bool ok, const char *name, struct error *err) {
    if (ok) return true;
    char rest[sizeof err->text];
    memcpy(rest, err->text, sizeof rest);
    return error_set(err, "%s.%.400s", name, rest);
}

/* The bit of a reason; -1 if there is none of this name. */
static int throttle_find(const char *name) {
    for (int i = 0; name && throttle_name(i); i++)
        if (strcmp(name, throttle_name(i)) == 0) return i;
    return -1;
}

bool json_throttle_read(const cJSON *o, bool *throttled, unsigned *throttle, struct error *err) {
    const cJSON *const held = cJSON_GetObjectItemCaseSensitive(o, "throttled"),
                       *const list = cJSON_GetObjectItemCaseSensitive(o, "throttle");
    *throttled = cJSON_IsTrue(held), *throttle = 0;
    if (held && !cJSON_IsBool(held)) return error_set(err, "throttled is neither true nor false");
    if (list && !cJSON_IsArray(list)) return error_set(err, "throttle is no array");
    for (const cJSON *reason = list ? list->child : NULL; reason; reason = reason->next) {
        const int bit = throttle_find(cJSON_GetStringValue(reason));
        if (bit < 0) return error_set(err, "throttle[] is none of power, thermal and hardware");
        *throttle |= 1u << bit;
    }
    return true;
}

static bool attr_read(const cJSON *o, const struct attr *attr, struct problem *p, struct error *err) {
    const cJSON *const found = cJSON_GetObjectItemCaseSensitive(o, attr->name);
    if (cJSON_IsNumber(found)) return attr_set_number(attr, p, found->valuedouble, err);
    char text[32];
    if (!cJSON_IsString(found)) return member_wrong(found, attr->name, "number or string", err);
    snprintf(text, sizeof text, "%.30s", found->valuestring);
    return attr_set(attr, p, text, err);
}

bool json_problem_read(const cJSON *o, struct problem *p, struct error *err) {
    char op_text[32], dtype_text[8];
    enum op op;
    enum dtype dtype;
    if (!json_string(o, "op", op_text, sizeof op_text, err)) return false;
    if (!json_string(o, "dtype", dtype_text, sizeof dtype_text, err)) return false;
    if (!op_parse(op_text, &op)) return error_set(err, "op \"%s\" is unknown", op_text);
    if (!dtype_parse(dtype_text, &dtype)) return error_set(err, "dtype \"%s\" is unknown", dtype_text);
    *p = problem_default(op, dtype);
    for (int i = 0; attr_at(i); i++)
        if (attr_of(attr_at(i), op) && !attr_read(o, attr_at(i), p, err)) return false;
    return problem_valid(p, err);
}

bool json_point_read(const cJSON *o, const struct variant *v, struct point *pt, struct error *err) {
    *pt = (struct point){{0}};
    for (const cJSON *member = o->child; member; member = member->next)
        if (param_find(v, member->string) < 0)
            return error_set(err, "%s is no parameter of %s", member->string, v->name);
    for (int i = 0; i < param_count(v); i++) {
        double value;
        if (!json_number(o, v->params[i].name, &value, err)) return false;
        pt->value[i] = value >= 0 && value < 1e9 ? (int)value : -1;
        if (pt->value[i] != value)
            return error_set(err, "%s is %g: no value of it", v->params[i].name, value);
    }
    return point_valid(v, pt, err);
}

bool json_write(const cJSON *o, const char *path, struct error *err) {
    char *const text = cJSON_Print(o);
    if (!text) return error_set(err, "%s: out of memory", path);
    const size_t length = strlen(text);
    text[length] = '\n'; /* in place of the terminating 0: a text file ends with a newline */
    const bool ok = file_write(path, text, length + 1, err);
    free(text);
    return ok;
}
