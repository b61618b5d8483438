/* Google Benchmark's JSON. A benchmark's name is cut at its slashes: NAME=value is a parameter, the other
   parts together are the kernel. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

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

/* Names carry no spaces: readers split at them. */
static void name_write(const struct record *r, int64_t row, FILE *to) {
    char *text = NULL;
    size_t size = 0;
    FILE *const memory = open_memstream(&text, &size);
    if (!memory) return;
    fprintf(memory, "%s/%s/", r->kernel, r->problem);
    row_name(r, row, '/', memory);
    fclose(memory);
    for (char *at = text; (at = strpbrk(at, " ,"));) *at = '/';
    text_write(text, to);
    free(text);
}

void gbench_write(const struct record *const *records, int count, FILE *to) {
    const struct record *const first = records[0];
    int index = 0;
    fputs("{\"context\": {\"date\": ", to);
    text_write(first->count ? first->rows[0].timestamp : "", to);
    fputs(", \"host_name\": ", to);
    text_write(first->device, to);
    fputs(", \"executable\": \"katune\", \"num_cpus\": 1, \"mhz_per_cpu\": 0, \"caches\": [], \"load_avg\": "
          "[], "
          "\"library_version\": \"katune " KATUNE_VERSION
          "\", \"library_build_type\": \"release\", \"json_schema_version\": 1},\n\"benchmarks\": [",
          to);
    for (int i = 0; i < count; i++)
        for (int64_t j = 0; j < records[i]->count; j++) {
            const struct record_row *const row = &records[i]->rows[j];
            const double us = row->status == RECORD_CORRECT ? 1e6 * row->seconds : 0;
            fputs(index ? ",\n  {\"name\": " : "\n  {\"name\": ", to);
            name_write(records[i], j, to);
            fprintf(to, ", \"family_index\": %d, \"per_family_instance_index\": 0, \"run_name\": ", index++);
            name_write(records[i], j, to);
            fprintf(
                to,
                ", \"run_type\": \"iteration\", \"repetitions\": 1, \"repetition_index\": 0, \"threads\": 1, "
                "\"iterations\": %d, \"real_time\": %.7g, \"cpu_time\": %.7g, \"time_unit\": \"us\"",
                row->samples ? row->samples : 1, us, us);
            if (row->status != RECORD_CORRECT)
                fputs(", \"error_occurred\": true, \"error_message\": \"the configuration failed\"", to);
            putc('}', to);
        }
    fputs("\n]}\n", to);
}
