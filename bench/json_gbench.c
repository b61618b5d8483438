#include "json_gbench.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "device/clock.h"
#include "file.h"
#include "op.h"

struct json_gbench {
    cJSON *root, *benchmarks;
    int count;
};

static void caches_add(cJSON *context, const struct device_info *info) {
    cJSON *const caches = cJSON_AddArrayToObject(context, "caches");
    for (int i = 0; i < info->cache_count; i++) {
        cJSON *const cache = cJSON_CreateObject();
        cJSON_AddStringToObject(cache, "type", info->caches[i].level == 1 ? "Data" : "Unified");
        cJSON_AddNumberToObject(cache, "level", info->caches[i].level);
        cJSON_AddNumberToObject(cache, "size", (double)info->caches[i].bytes);
        cJSON_AddNumberToObject(cache, "num_sharing",
                                (info->units + info->caches[i].instances - 1) / info->caches[i].instances);
        cJSON_AddItemToArray(caches, cache);
    }
}

struct json_gbench *json_gbench_new(const struct device_info *info) {
    struct json_gbench *const g = malloc(sizeof *g);
    if (!g) return NULL;
    char date[40], host[128] = "";
    const time_t now = time(NULL);
    struct tm tm;
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S+00:00", gmtime_r(&now, &tm));
    gethostname(host, sizeof host - 1);
    double load[3] = {0};
    const int loads = getloadavg(load, 3);
    *g = (struct json_gbench){.root = cJSON_CreateObject()};
    cJSON *const context = cJSON_AddObjectToObject(g->root, "context");
    cJSON_AddStringToObject(context, "date", date);
    cJSON_AddStringToObject(context, "host_name", host);
    cJSON_AddStringToObject(context, "executable", "katune");
    cJSON_AddNumberToObject(context, "num_cpus", info->units);
    cJSON_AddNumberToObject(context, "mhz_per_cpu", (int)(1000 * clock_ghz()));
    caches_add(context, info);
    cJSON_AddItemToObject(context, "load_avg", cJSON_CreateDoubleArray(load, loads > 0 ? loads : 0));
    cJSON_AddStringToObject(context, "library_version", "katune " KATUNE_VERSION);
    cJSON_AddStringToObject(context, "library_build_type", "release");
    cJSON_AddNumberToObject(context, "json_schema_version", 1);
    g->benchmarks = cJSON_AddArrayToObject(g->root, "benchmarks");
    return g;
}

/* Names carry no spaces: readers split at them. */
static void name_make(const struct contender *c, char *name, size_t size) {
    char key[PROBLEM_KEY_MAX], point[POINT_TEXT_MAX];
    problem_key(&c->problem, key);
    point_print(c->variant, &c->point, point);
    snprintf(name, size, "%s/%s%s%s", key, c->variant->name, *point ? "/" : "", point);
    for (char *at = name; (at = strchr(at, ' '));) *at = '/';
}

void json_gbench_add(struct json_gbench *g, const struct contender *c, int threads,
                     const struct ceilings *ceilings) {
    char name[PROBLEM_KEY_MAX + POINT_TEXT_MAX + 64];
    name_make(c, name, sizeof name);
    cJSON *const b = cJSON_CreateObject();
    cJSON_AddItemToArray(g->benchmarks, b);
    cJSON_AddStringToObject(b, "name", name);
    cJSON_AddNumberToObject(b, "family_index", g->count++);
    cJSON_AddNumberToObject(b, "per_family_instance_index", 0);
    cJSON_AddStringToObject(b, "run_name", name);
    cJSON_AddStringToObject(b, "run_type", "iteration");
    cJSON_AddNumberToObject(b, "repetitions", 1);
    cJSON_AddNumberToObject(b, "repetition_index", 0);
    cJSON_AddNumberToObject(b, "threads", threads);
    cJSON_AddNumberToObject(b, "iterations", (double)c->seconds.n * c->batch);
    cJSON_AddNumberToObject(b, "real_time", 1e6 * c->seconds.median);
    cJSON_AddNumberToObject(b, "cpu_time", 1e6 * c->seconds.median * threads);
    cJSON_AddStringToObject(b, "time_unit", "us");
    if (c->verdict.status != CHECK_PASSED) {
        cJSON_AddBoolToObject(b, "error_occurred", true);
        cJSON_AddStringToObject(b, "error_message", c->verdict.text);
        return;
    }
    cJSON_AddNumberToObject(b, "bytes_per_second", problem_bytes(&c->problem) / c->seconds.median);
    if (!(ceilings->bandwidth > 0)) return;
    cJSON_AddNumberToObject(b, "roofline_fraction",
                            roofline_of(&c->problem, ceilings, c->seconds.median).fraction);
}

bool json_gbench_write(const struct json_gbench *g, const char *path, struct error *err) {
    char *const text = g ? cJSON_Print(g->root) : NULL;
    if (!text) return error_set(err, "%s: out of memory", path);
    const bool ok = file_write(path, text, strlen(text), err);
    free(text);
    return ok;
}

void json_gbench_free(struct json_gbench *g) {
    if (!g) return;
    cJSON_Delete(g->root);
    free(g);
}
