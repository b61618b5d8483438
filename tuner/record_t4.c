/* T4 results, version 1.1.0 of the auto-tuning community's exchange format: a list of configurations, each
   with its validity, the times that went into it, and measurements. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"

static const char *const invalidities[RECORD_STATUS_COUNT] = {
    [RECORD_CORRECT] = "correct",   [RECORD_COMPILE] = "compile",        [RECORD_RUNTIME] = "runtime",
    [RECORD_WRONG] = "correctness", [RECORD_CONSTRAINT] = "constraints", [RECORD_TIMEOUT] = "timeout"};

static const struct {
    const char *name;
    double seconds;
} units[] = {{"s", 1},     {"seconds", 1},         {"ms", 1e-3}, {"milliseconds", 1e-3},
             {"us", 1e-6}, {"microseconds", 1e-6}, {"ns", 1e-9}, {"nanoseconds", 1e-9}};

static double unit_seconds(const cJSON *o, double otherwise) {
    for (size_t i = 0; cJSON_IsString(o) && i < sizeof units / sizeof *units; i++)
        if (strcmp(units[i].name, o->valuestring) == 0) return units[i].seconds;
    return otherwise;
}

bool t4_is(const cJSON *root) {
    return cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(root, "results"));
}

/* The value of the objective among the measurements. */
static bool objective_read(const cJSON *result, double unit, struct record_row *row, struct error *err) {
    const cJSON *const objectives = cJSON_GetObjectItemCaseSensitive(result, "objectives"),
                       *const list = cJSON_GetObjectItemCaseSensitive(result, "measurements");
    const char *const wanted =
        objectives && cJSON_IsString(objectives->child) ? objectives->child->valuestring : "time";
    const cJSON *m;
    cJSON_ArrayForEach(m, list) {
        const cJSON *const name = cJSON_GetObjectItemCaseSensitive(m, "name"),
                           *const value = cJSON_GetObjectItemCaseSensitive(m, "value");
        if (!cJSON_IsString(name) || strcmp(name->valuestring, wanted) != 0 || !cJSON_IsNumber(value))
            continue;
        if (!(value->valuedouble > 0 && value->valuedouble < 1e15))
            return error_set(err, "%.30s is %g: it must be above 0", wanted, value->valuedouble);
        row->seconds = value->valuedouble * unit_seconds(cJSON_GetObjectItemCaseSensitive(m, "unit"), unit);
        return true;
    }
    return error_set(err, "is correct, but has no measurement of its objective \"%.30s\"", wanted);
}

static double member_seconds(const cJSON *times, const char *name, double unit) {
    const cJSON *const o = cJSON_GetObjectItemCaseSensitive(times, name);
    return cJSON_IsNumber(o) && o->valuedouble > 0 ? o->valuedouble * unit : 0;
}

static bool times_read(const cJSON *times, double unit, struct record_row *row, struct error *err) {
    row->compile = member_seconds(times, "compilation_time", unit);
    if (row->compile == 0) row->compile = member_seconds(times, "compilation", unit);
    row->verify = member_seconds(times, "validation", unit);
    row->benchmark = member_seconds(times, "benchmark", unit);
    row->strategy = member_seconds(times, "search_algorithm", unit);
    row->framework = member_seconds(times, "framework", unit);
    const cJSON *const runtimes = cJSON_GetObjectItemCaseSensitive(times, "runtimes");
    const int count = cJSON_IsArray(runtimes) ? cJSON_GetArraySize(runtimes) : 0;
    if (!count) return true;
    row->times = malloc((size_t)count * sizeof *row->times);
    if (!row->times) return error_set(err, "out of memory");
    for (const cJSON *c = runtimes->child; c; c = c->next)
        if (cJSON_IsNumber(c)) row->times[row->time_count++] = c->valuedouble * unit;
    return true;
}

static bool status_read(const cJSON *result, struct record_row *row, struct error *err) {
    const cJSON *const o = cJSON_GetObjectItemCaseSensitive(result, "invalidity");
    for (int i = 0; cJSON_IsString(o) && i < RECORD_STATUS_COUNT; i++) {
        if (strcmp(o->valuestring, invalidities[i]) != 0) continue;
        row->status = (enum record_status)i;
        return true;
    }
    return error_set(err,
                     "invalidity is not one of timeout, compile, runtime, correctness, constraints, correct");
}

static bool result_read(struct record_builder *b, const cJSON *result, double unit, struct error *err) {
    const cJSON *const configuration = cJSON_GetObjectItemCaseSensitive(result, "configuration"),
                       *const stamp = cJSON_GetObjectItemCaseSensitive(result, "timestamp");
    record_row_begin(b);
    if (!cJSON_IsObject(configuration)) return error_set(err, "configuration is no object");
    for (const cJSON *c = configuration->child; c; c = c->next) {
        if (!cJSON_IsNumber(c) && !cJSON_IsString(c) && !cJSON_IsBool(c))
            return error_set(err, "configuration.%.40s is neither number, text nor bool", c->string);
        const struct space_value value = value_of_json(c);
        if (!record_row_set(b, c->string, &value, err)) return false;
    }
    if (cJSON_IsString(stamp))
        snprintf(b->row.timestamp, sizeof b->row.timestamp, "%.39s", stamp->valuestring);
    if (!status_read(result, &b->row, err)) return false;
    if (!times_read(cJSON_GetObjectItemCaseSensitive(result, "times"), unit, &b->row, err)) return false;
    if (b->row.status == RECORD_CORRECT && !objective_read(result, unit, &b->row, err)) return false;
    return record_row_end(b, err);
}

bool t4_read(struct record *r, const cJSON *root, struct error *err) {
    const cJSON *const metadata = cJSON_GetObjectItemCaseSensitive(root, "metadata"),
                       *const results = cJSON_GetObjectItemCaseSensitive(root, "results"),
                       *const device = cJSON_GetObjectItemCaseSensitive(metadata, "device"), *result;
    const double unit = unit_seconds(cJSON_GetObjectItemCaseSensitive(metadata, "timeunit"), 1e-3);
    struct record_builder b;
    if (!record_begin(&b, r, err)) return false;
    if (cJSON_IsString(device)) snprintf(r->device, sizeof r->device, "%.127s", device->valuestring);
    int i = 0;
    cJSON_ArrayForEach(result, results) {
        if (!result_read(&b, result, unit, err)) {
            free(b.row.times);
            record_free(r);
            return error_prefix(err, "results[%d]", i);
        }
        i++;
    }
    return record_end(&b, err);
}

static void row_write(const struct record *r, const struct record_row *row, bool more, FILE *to) {
    fputs("  {\"timestamp\": ", to);
    text_write(row->timestamp, to);
    fputs(", \"configuration\": {", to);
    /* One file holds many problems and kernels: they are part of what was configured. */
    if (more) {
        fputs("\"problem\": ", to);
        text_write(r->problem, to);
        fputs(", ", to);
    }
    for (int p = 0; p < space_param_count(r->space); p++) {
        const struct space_param *const param = space_param_at(r->space, p);
        if (p) fputs(", ", to);
        text_write(param->name, to);
        fputs(": ", to);
        value_write(&param->values[row->config.at[p]], to);
    }
    fprintf(to,
            "}, \"objectives\": [\"time\"], \"times\": {\"compilation_time\": %.5g, \"compilation\": %.5g, "
            "\"benchmark\": %.5g, \"framework\": %.5g, \"search_algorithm\": %.5g, \"validation\": %.5g, "
            "\"runtimes\": [",
            1e3 * row->compile, 1e3 * row->compile, 1e3 * row->benchmark, 1e3 * row->framework,
            1e3 * row->strategy, 1e3 * row->verify);
    for (int t = 0; t < row->time_count; t++) fprintf(to, "%s%.7g", t ? ", " : "", 1e3 * row->times[t]);
    fprintf(to, "]}, \"invalidity\": \"%s\", \"correctness\": %d, \"measurements\": [",
            invalidities[row->status], row->status == RECORD_CORRECT);
    if (row->status == RECORD_CORRECT)
        fprintf(to, "{\"name\": \"time\", \"value\": %.7g, \"unit\": \"ms\"}", 1e3 * row->seconds);
    fputs("]}", to);
}

void t4_write(const struct record *const *records, int count, FILE *to) {
    const struct record *const first = records[0];
    fputs("{\"schema_version\": \"1.1.0\",\n\"metadata\": {\"compute_api\": \"C\", \"platform\": \"katune\", "
          "\"device\": ",
          to);
    text_write(first->device, to);
    fputs(", \"autotuner\": \"katune\", \"autotuner_version\": \"" KATUNE_VERSION "\", \"timestamp\": ", to);
    text_write(first->count ? first->rows[0].timestamp : "", to);
    fputs(", \"timeunit\": \"milliseconds\"},\n\"results\": [\n", to);
    bool any = false;
    for (int i = 0; i < count; i++)
        for (int64_t j = 0; j < records[i]->count; j++) {
            if (any) fputs(",\n", to);
            row_write(records[i], &records[i]->rows[j], count > 1, to);
            any = true;
        }
    fputs("\n]}\n", to);
}
