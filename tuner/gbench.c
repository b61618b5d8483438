#include "gbench.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "device/clock.h"

struct gbench {
    cJSON *root, *benchmarks;
    int count;
};

static void caches_add(cJSON *caches, const struct device_info *info) {
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

struct gbench *gbench_new(const char *date, const char *host, const struct device_info *info) {
    struct gbench *const g = malloc(sizeof *g);
    if (!g) return NULL;
    double load[3] = {0};
    const int loads = info ? getloadavg(load, 3) : 0;
    *g = (struct gbench){.root = cJSON_CreateObject()};
    cJSON *const context = cJSON_AddObjectToObject(g->root, "context");
    cJSON_AddStringToObject(context, "date", date);
    cJSON_AddStringToObject(context, "host_name", host);
    cJSON_AddStringToObject(context, "executable", "katune");
    cJSON_AddNumberToObject(context, "num_cpus", info ? info->units : 1);
    cJSON_AddNumberToObject(context, "mhz_per_cpu", info ? (int)(1000 * clock_ghz()) : 0);
    cJSON *const caches = cJSON_AddArrayToObject(context, "caches");
    if (info) caches_add(caches, info);
    cJSON_AddItemToObject(context, "load_avg", cJSON_CreateDoubleArray(load, loads > 0 ? loads : 0));
    cJSON_AddStringToObject(context, "library_version", "katune " KATUNE_VERSION);
    cJSON_AddStringToObject(context, "library_build_type", "release");
    cJSON_AddNumberToObject(context, "json_schema_version", 1);
    g->benchmarks = cJSON_AddArrayToObject(g->root, "benchmarks");
    return g;
}

static void name_add(cJSON *b, const char *member, const char *name) {
    const cJSON *const text = cJSON_AddStringToObject(b, member, name);
    for (char *at = text ? text->valuestring : NULL; at && (at = strpbrk(at, " ,"));) *at = '/';
}

void gbench_add(struct gbench *g, const struct gbench_run *run) {
    const double us = run->error ? 0 : 1e6 * run->seconds;
    cJSON *const b = cJSON_CreateObject();
    cJSON_AddItemToArray(g->benchmarks, b);
    name_add(b, "name", run->name);
    cJSON_AddNumberToObject(b, "family_index", g->count++);
    cJSON_AddNumberToObject(b, "per_family_instance_index", 0);
    name_add(b, "run_name", run->name);
    cJSON_AddStringToObject(b, "run_type", "iteration");
    cJSON_AddNumberToObject(b, "repetitions", 1);
    cJSON_AddNumberToObject(b, "repetition_index", 0);
    cJSON_AddNumberToObject(b, "threads", run->threads);
    cJSON_AddNumberToObject(b, "iterations", run->iterations);
    cJSON_AddNumberToObject(b, "real_time", us);
    cJSON_AddNumberToObject(b, "cpu_time", us * run->threads);
    cJSON_AddStringToObject(b, "time_unit", "us");
    if (run->error) {
        cJSON_AddBoolToObject(b, "error_occurred", true);
        cJSON_AddStringToObject(b, "error_message", run->error);
    }
    if (run->bytes_per_second > 0) cJSON_AddNumberToObject(b, "bytes_per_second", run->bytes_per_second);
    if (run->roofline_fraction > 0) cJSON_AddNumberToObject(b, "roofline_fraction", run->roofline_fraction);
}

char *gbench_text(const struct gbench *g) {
    return cJSON_Print(g->root);
}

void gbench_free(struct gbench *g) {
    if (!g) return;
    cJSON_Delete(g->root);
    free(g);
}
