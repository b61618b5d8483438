#include "json_results.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "device/clock.h"
#include "json.h"

struct json_results {
    cJSON *root, *results;
    bool modeled; /* the device's times */
};

struct json_results *json_results_new(const char *command, const struct device_info *info, uint64_t seed) {
    struct json_results *const r = malloc(sizeof *r);
    if (!r) return NULL;
    char date[CLOCK_DATE], text[24];
    clock_date(time(NULL), date);
    snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    r->root = cJSON_CreateObject();
    cJSON_AddStringToObject(r->root, "schema", "katune-results/1");
    cJSON_AddStringToObject(r->root, "command", command);
    cJSON_AddItemToObject(r->root, "device", json_device(info));
    cJSON *const environment = cJSON_AddObjectToObject(r->root, "environment");
    cJSON_AddStringToObject(environment, "date", date);
    cJSON_AddStringToObject(environment, "katune", KATUNE_VERSION);
    cJSON_AddStringToObject(environment, "compiler", __VERSION__);
    cJSON_AddStringToObject(environment, "sources_hash", registry_sources_hash());
    cJSON_AddStringToObject(r->root, "seed", text); /* a string: JSON numbers hold 53 bits */
    r->results = cJSON_AddArrayToObject(r->root, "results");
    r->modeled = info->modeled;
    return r;
}

static cJSON *result_json(const struct variant *v, const struct point *pt, const struct problem *p,
                          struct distribution d, const struct verdict *verdict) {
    static const char *const status[] = {"passed", "failed", "skipped"};
    char name[16];
    distribution_print(d, name);
    cJSON *const o = cJSON_CreateObject();
    cJSON_AddItemToObject(o, "problem", json_problem(p));
    cJSON_AddStringToObject(o, "variant", v->name);
    cJSON_AddItemToObject(o, "params", json_point(v, pt));
    cJSON_AddStringToObject(o, "distribution", name);
    cJSON *const check = cJSON_AddObjectToObject(o, "check");
    cJSON_AddStringToObject(check, "status", status[verdict->status]);
    if (verdict->status != CHECK_PASSED) cJSON_AddStringToObject(check, "reason", verdict->text);
    if (verdict->status == CHECK_PASSED && verdict->worst > 0) {
        cJSON_AddNumberToObject(check, "worst", verdict->worst);
        cJSON_AddNumberToObject(check, "error", verdict->error);
        cJSON_AddNumberToObject(check, "allowed", verdict->allowed);
        cJSON_AddStringToObject(check, "tensor", tensor_name(verdict->tensor));
        cJSON_AddNumberToObject(check, "index", (double)verdict->index);
    }
    return o;
}

void json_check_add(struct json_results *r, const struct variant *v, const struct point *pt,
                    const struct problem *p, struct distribution d, const struct verdict *verdict) {
    cJSON_AddItemToArray(r->results, result_json(v, pt, p, d, verdict));
}

void json_bench_add(struct json_results *r, const struct contender *c, struct distribution d, bool warm,
                    int threads, const struct ceilings *ceilings) {
    cJSON *const o = result_json(c->variant, &c->point, &c->problem, d, &c->verdict);
    cJSON_AddItemToArray(r->results, o);
    if (!c->seconds.n) return;
    cJSON_AddBoolToObject(o, "cold", !warm);
    cJSON_AddNumberToObject(o, "threads", threads);
    cJSON *const time = cJSON_AddObjectToObject(o, "time_us");
    cJSON_AddNumberToObject(time, "median", 1e6 * c->seconds.median);
    cJSON_AddNumberToObject(time, "lo", 1e6 * c->seconds.lo);
    cJSON_AddNumberToObject(time, "hi", 1e6 * c->seconds.hi);
    cJSON_AddNumberToObject(time, "n", c->seconds.n);
    cJSON_AddNumberToObject(time, "batch", c->batch);
    cJSON_AddBoolToObject(o, "settled", c->settled);
    json_throttle(o, c->throttled, c->throttle);
    if (c->clock_ghz > 0) cJSON_AddNumberToObject(o, "clock_ghz", c->clock_ghz);
    if (r->modeled) cJSON_AddStringToObject(o, "source", "modeled");
    cJSON *const counters = c->counter_count ? cJSON_AddObjectToObject(o, "counters") : NULL;
    for (int i = 0; i < c->counter_count; i++)
        cJSON_AddNumberToObject(counters, c->counters[i].name, c->counters[i].value);
    if (!(ceilings->bandwidth > 0)) return;
    const struct roofline roofline = roofline_of(&c->problem, ceilings, c->seconds.median);
    cJSON *const roof = cJSON_AddObjectToObject(o, "roofline");
    cJSON_AddStringToObject(roof, "bound", roofline.bound);
    cJSON_AddNumberToObject(roof, "fraction", roofline.fraction);
    cJSON_AddNumberToObject(roof, "copy_gbs", 1e-9 * ceilings->bandwidth);
    cJSON_AddNumberToObject(roof, "fma_gflops", 1e-9 * ceilings->flops);
}

bool json_results_write(const struct json_results *r, const char *path, struct error *err) {
    if (!r) return error_set(err, "%s: out of memory", path);
    return json_write(r->root, path, err);
}

void json_results_free(struct json_results *r) {
    if (!r) return;
    cJSON_Delete(r->root);
    free(r);
}
