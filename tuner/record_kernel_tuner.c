/* Kernel Tuner's cache files: one kernel, one problem, a JSON object with an entry for each configuration;
   times in milliseconds. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "record.h"

static const struct {
    enum record_status status;
    const char *error;
} errors[] = {
    {RECORD_COMPILE, "CompilationFailedConfig"},
    {RECORD_RUNTIME, "RuntimeFailedConfig"},
    {RECORD_CONSTRAINT, "InvalidConfig"},
    /* Kernel Tuner has no words of its own for these. */
    {RECORD_WRONG, "RuntimeFailedConfig"},
    {RECORD_TIMEOUT, "RuntimeFailedConfig"},
};
enum { ERROR_COUNT = sizeof errors / sizeof *errors };

bool kernel_tuner_is(const cJSON *root) {
    return cJSON_GetObjectItemCaseSensitive(root, "cache") != NULL;
}

static void text_read(const cJSON *root, const char *name, char *to, size_t size) {
    const cJSON *const o = cJSON_GetObjectItemCaseSensitive(root, name);
    if (cJSON_IsString(o)) snprintf(to, size, "%s", o->valuestring);
    /* problem_size is a number, a list or a text */
    if (cJSON_IsNumber(o)) snprintf(to, size, "%.15g", o->valuedouble);
    if (!cJSON_IsArray(o)) return;
    size_t used = 0;
    for (const cJSON *c = o->child; c && used < size; c = c->next) {
        const char *const comma = c == o->child ? "" : ",";
        if (cJSON_IsNumber(c))
            used += (size_t)snprintf(to + used, size - used, "%s%.15g", comma, c->valuedouble);
        else if (cJSON_IsString(c))
            used += (size_t)snprintf(to + used, size - used, "%s%s", comma, c->valuestring);
    }
}

static double milliseconds(const cJSON *o, const char *name) {
    const cJSON *const found = cJSON_GetObjectItemCaseSensitive(o, name);
    return cJSON_IsNumber(found) && found->valuedouble > 0 ? 1e-3 * found->valuedouble : 0;
}

static bool times_read(const cJSON *list, struct record_row *row, struct error *err) {
    const int count = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
    if (!count) return true;
    row->times = malloc((size_t)count * sizeof *row->times);
    if (!row->times) return error_set(err, "out of memory");
    for (const cJSON *c = list->child; c; c = c->next)
        if (cJSON_IsNumber(c)) row->times[row->time_count++] = 1e-3 * c->valuedouble;
    return true;
}

static enum record_status error_read(const char *text) {
    for (int i = 0; i < ERROR_COUNT; i++)
        if (strcmp(errors[i].error, text) == 0) return errors[i].status;
    return RECORD_RUNTIME;
}

static void pressure_read(const cJSON *o, struct record_row *row) {
    const cJSON *const pressure = cJSON_GetObjectItemCaseSensitive(o, "pressure");
    for (int r = 0; r < RESOURCE_COUNT; r++) {
        const cJSON *const found =
            cJSON_GetObjectItemCaseSensitive(pressure, resource_name((enum resource)r));
        if (cJSON_IsNumber(found)) row->pressure[r] = found->valuedouble;
    }
}

static bool outcome_read(const cJSON *entry, struct record_row *row, struct error *err) {
    const cJSON *const failed = cJSON_GetObjectItemCaseSensitive(entry, "__error__"),
                       *const time = cJSON_GetObjectItemCaseSensitive(entry, "time"),
                       *const samples = cJSON_GetObjectItemCaseSensitive(entry, "samples"),
                       *const stamp = cJSON_GetObjectItemCaseSensitive(entry, "timestamp");
    if (cJSON_IsString(failed)) {
        row->status = error_read(failed->valuestring);
    } else if (cJSON_IsString(time)) { /* older files */
        row->status = error_read(time->valuestring);
    } else if (cJSON_IsNumber(time)) {
        if (!(time->valuedouble > 0 && time->valuedouble < 1e12))
            return error_set(err, "time is %g: it must be above 0", time->valuedouble);
        row->seconds = 1e-3 * time->valuedouble;
    } else {
        return error_set(err, "has neither time nor __error__");
    }
    row->lo = milliseconds(entry, "time_lo"), row->hi = milliseconds(entry, "time_hi");
    if (cJSON_IsNumber(samples) && samples->valuedouble >= 1) row->samples = samples->valueint;
    row->compile = milliseconds(entry, "compile_time"),
    row->verify = milliseconds(entry, "verification_time");
    row->benchmark = milliseconds(entry, "benchmark_time");
    row->strategy = milliseconds(entry, "strategy_time");
    row->framework = milliseconds(entry, "framework_time");
    if (cJSON_IsString(stamp)) snprintf(row->timestamp, sizeof row->timestamp, "%.39s", stamp->valuestring);
    pressure_read(entry, row);
    return times_read(cJSON_GetObjectItemCaseSensitive(entry, "times"), row, err);
}

static bool entry_read(struct record_builder *b, const cJSON *keys, const cJSON *entry, struct error *err) {
    record_row_begin(b);
    if (!cJSON_IsObject(entry)) return error_set(err, "is no object");
    for (const cJSON *key = keys->child; key; key = key->next) {
        const cJSON *const found = cJSON_GetObjectItemCaseSensitive(entry, key->valuestring);
        if (!cJSON_IsNumber(found) && !cJSON_IsString(found) && !cJSON_IsBool(found))
            return error_set(err, "%s is missing, or neither number, text nor bool", key->valuestring);
        const struct space_value value = value_of_json(found);
        if (!record_row_set(b, key->valuestring, &value, err)) return false;
    }
    return outcome_read(entry, &b->row, err) && record_row_end(b, err);
}

static bool keys_check(const cJSON *keys, struct error *err) {
    if (!cJSON_IsArray(keys)) return error_set(err, "tune_params_keys is missing, or no array");
    for (const cJSON *key = keys->child; key; key = key->next)
        if (!cJSON_IsString(key)) return error_set(err, "tune_params_keys holds what is no text");
    return true;
}

bool kernel_tuner_read(struct record *r, const cJSON *root, struct error *err) {
    const cJSON *const keys = cJSON_GetObjectItemCaseSensitive(root, "tune_params_keys"),
                       *const cache = cJSON_GetObjectItemCaseSensitive(root, "cache");
    struct record_builder b;
    if (!keys_check(keys, err)) return false;
    if (!cJSON_IsObject(cache)) return error_set(err, "cache is no object");
    if (!record_begin(&b, r, err)) return false;
    text_read(root, "device_name", r->device, sizeof r->device);
    text_read(root, "kernel_name", r->kernel, sizeof r->kernel);
    text_read(root, "problem_size", r->problem, sizeof r->problem);
    for (const cJSON *entry = cache->child; entry; entry = entry->next) {
        if (entry_read(&b, keys, entry, err)) continue;
        free(b.row.times);
        record_free(r);
        return error_prefix(err, "cache[\"%.60s\"]", entry->string);
    }
    return record_end(&b, err);
}

static void params_write(const struct space *s, FILE *to) {
    fputs("\"tune_params_keys\": [", to);
    for (int i = 0; i < space_param_count(s); i++) {
        if (i) fputs(", ", to);
        text_write(space_param_at(s, i)->name, to);
    }
    fputs("],\n\"tune_params\": {", to);
    for (int i = 0; i < space_param_count(s); i++) {
        const struct space_param *const p = space_param_at(s, i);
        fputs(i ? ",\n  " : "\n  ", to);
        text_write(p->name, to);
        fputs(": [", to);
        for (int j = 0; j < p->count; j++) {
            if (j) fputs(", ", to);
            value_write(&p->values[j], to);
        }
        putc(']', to);
    }
    fputs("},\n", to);
}

static void key_write(const struct record *r, int64_t row, FILE *to) {
    char *text = NULL;
    size_t size = 0;
    FILE *const memory = open_memstream(&text, &size);
    for (int i = 0; memory && i < space_param_count(r->space); i++) {
        const struct space_value *const v = &space_param_at(r->space, i)->values[r->rows[row].config.at[i]];
        if (i) putc(',', memory);
        if (v->kind == VALUE_TEXT)
            fputs(v->text, memory);
        else if (v->kind == VALUE_BOOL)
            fputs(v->number != 0 ? "True" : "False", memory); /* as Python prints them */
        else
            value_write(v, memory);
    }
    if (memory) fclose(memory);
    text_write(text ? text : "", to);
    free(text);
}

static void row_write(const struct record *r, int64_t i, FILE *to) {
    const struct record_row *const row = &r->rows[i];
    key_write(r, i, to);
    fputs(": {", to);
    for (int p = 0; p < space_param_count(r->space); p++) {
        const struct space_param *const param = space_param_at(r->space, p);
        text_write(param->name, to);
        fputs(": ", to);
        value_write(&param->values[row->config.at[p]], to);
        fputs(", ", to);
    }
    if (row->status == RECORD_CORRECT) {
        fprintf(to, "\"time\": %.7g, \"times\": [", 1e3 * row->seconds);
        for (int t = 0; t < row->time_count; t++) fprintf(to, "%s%.7g", t ? ", " : "", 1e3 * row->times[t]);
        fputs("], ", to);
        if (row->samples)
            fprintf(to, "\"time_lo\": %.7g, \"time_hi\": %.7g, \"samples\": %d, ", 1e3 * row->lo,
                    1e3 * row->hi, row->samples);
    } else {
        const char *error = "RuntimeFailedConfig";
        for (int e = 0; e < ERROR_COUNT; e++)
            if (errors[e].status == row->status) error = errors[e].error;
        fprintf(to, "\"time\": \"%s\", \"__error__\": \"%s\", ", error, error);
    }
    bool any = false;
    for (int p = 0; p < RESOURCE_COUNT; p++) {
        if (isnan(row->pressure[p])) continue;
        fprintf(to, "%s\"%s\": %.4g", any ? ", " : "\"pressure\": {", resource_name((enum resource)p),
                row->pressure[p]);
        any = true;
    }
    if (any) fputs("}, ", to);
    fprintf(to,
            "\"compile_time\": %.5g, \"verification_time\": %.5g, \"benchmark_time\": %.5g, "
            "\"strategy_time\": %.5g, \"framework_time\": %.5g, \"timestamp\": ",
            1e3 * row->compile, 1e3 * row->verify, 1e3 * row->benchmark, 1e3 * row->strategy,
            1e3 * row->framework);
    text_write(row->timestamp, to);
    putc('}', to);
}

void kernel_tuner_write(const struct record *r, FILE *to) {
    fputs("{\"device_name\": ", to);
    text_write(r->device, to);
    fputs(",\n\"kernel_name\": ", to);
    text_write(r->kernel, to);
    fputs(",\n\"problem_size\": ", to);
    text_write(r->problem, to);
    fputs(",\n", to);
    params_write(r->space, to);
    fputs("\"objective\": \"time\",\n\"cache\": {\n", to);
    for (int64_t i = 0; i < r->count; i++) {
        row_write(r, i, to);
        fputs(i + 1 < r->count ? ",\n" : "\n", to);
    }
    fputs("}\n}\n", to); /* as Kernel Tuner closes them: it looks at the last three characters */
}
