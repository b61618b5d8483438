/* Google Benchmark's JSON. A benchmark's name is cut at its slashes: NAME=value is a parameter, the other
   parts together are the kernel. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gbench.h"
#include "record.h"

bool gbench_is(const cJSON *root) {
    return cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(root, "benchmarks"));
}

static bool time_read(const cJSON *o, struct record_row *row, struct error *err) {
    static const struct {
        const char *name;
        double seconds;
    } units[] = {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}};
    const cJSON *const unit = cJSON_GetObjectItemCaseSensitive(o, "time_unit"),
                       *const time = cJSON_GetObjectItemCaseSensitive(o, "real_time");
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "error_occurred"))) {
        row->status = RECORD_RUNTIME;
        return true;
    }
    if (!cJSON_IsNumber(time) || !(time->valuedouble > 0 && time->valuedouble < 1e18))
        return error_set(err, "real_time is no number above 0");
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(cJSON_IsString(unit) ? unit->valuestring : "ns", units[i].name) == 0)
            row->seconds = time->valuedouble * units[i].seconds;
    return isfinite(row->seconds) || error_set(err, "time_unit is unknown");
}

/* The parts of a name: parameters are set, what is none becomes the parameter "kernel". */
static bool name_read(struct record_builder *b, char *name, struct error *err) {
    char kernel[256] = "";
    char *rest = name;
    for (char *part; (part = strtok_r(rest, "/", &rest));) {
        char *const equals = strchr(part, '=');
        if (!equals || equals == part) {
            const size_t used = strlen(kernel);
            snprintf(kernel + used, sizeof kernel - used, "%s%s", used ? "/" : "", part);
            continue;
        }
        *equals = 0;
        const struct space_value value = value_of_text(equals + 1);
        if (!record_row_set(b, part, &value, err)) return false;
    }
    const struct space_value value = {.kind = VALUE_TEXT, .text = kernel};
    return record_row_set(b, "kernel", &value, err);
}

static bool benchmark_read(struct record_builder *b, const cJSON *o, struct error *err) {
    const cJSON *const name = cJSON_GetObjectItemCaseSensitive(o, "name"),
                       *const kind = cJSON_GetObjectItemCaseSensitive(o, "run_type");
    if (cJSON_IsString(kind) && strcmp(kind->valuestring, "iteration") != 0) return true; /* an aggregate */
    record_row_begin(b);
    if (!cJSON_IsString(name)) return error_set(err, "has no name");
    return name_read(b, name->valuestring, err) && time_read(o, &b->row, err) && record_row_end(b, err);
}

bool gbench_read(struct record *r, const cJSON *root, struct error *err) {
    const cJSON *const context = cJSON_GetObjectItemCaseSensitive(root, "context"),
                       *const host = cJSON_GetObjectItemCaseSensitive(context, "host_name"), *o;
    struct record_builder b;
    if (!record_begin(&b, r, err)) return false;
    if (cJSON_IsString(host)) snprintf(r->device, sizeof r->device, "%.127s", host->valuestring);
    int i = 0;
    cJSON_ArrayForEach(o, cJSON_GetObjectItemCaseSensitive(root, "benchmarks")) {
        if (!benchmark_read(&b, o, err)) {
            record_free(r);
            return error_prefix(err, "benchmarks[%d]", i);
        }
        i++;
    }
    return record_end(&b, err);
}

static char *name_make(const struct record *r, int64_t row) {
    char *text = NULL;
    size_t size = 0;
    FILE *const memory = open_memstream(&text, &size);
    if (!memory) return NULL;
    fprintf(memory, "%s/%s/", r->kernel, r->problem);
    row_name(r, row, '/', memory);
    fclose(memory);
    return text;
}

void gbench_write(const struct record *const *records, int count, FILE *to) {
    const struct record *const first = records[0];
    struct gbench *const g = gbench_new(first->count ? first->rows[0].timestamp : "", first->device, NULL);
    for (int i = 0; g && i < count; i++)
        for (int64_t j = 0; j < records[i]->count; j++) {
            const struct record_row *const row = &records[i]->rows[j];
            char *const name = name_make(records[i], j);
            gbench_add(g, &(struct gbench_run){
                              .name = name ? name : "",
                              .error = row->status == RECORD_CORRECT ? NULL : "the configuration failed",
                              .threads = 1,
                              .iterations = row->samples ? row->samples : 1,
                              .seconds = row->seconds});
            free(name);
        }
    char *const text = g ? gbench_text(g) : NULL;
    if (text) fprintf(to, "%s\n", text);
    free(text);
    gbench_free(g);
}
