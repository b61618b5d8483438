#include "report.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <time.h>

#include "device/clock.h"
#include "device/cuda.h"
#include "json.h"

static bool figure_find(const struct probe_case *c, int profile, double *value) {
    return profile >= 0 && c->figure && vgpu_figure((unsigned)profile, c->figure, value);
}

void probe_report_head(const struct probe *p, const char *device, int profile) {
    const char *about = "";
    const struct device_info *const info = p->info;
    printf("katune probe --device %s\n\n%s, %s, %d multiprocessors; driver of CUDA %s; %s%s\n", device,
           info->name, info->arch, info->units, info->driver, info->compiler,
           info->modeled ? "; times are modeled" : "");
    printf("\n%-10s %-58s %12s  %-15s %10s\n", "group", "case", "measured", "",
           profile >= 0 ? vgpu_profile((unsigned)profile, &about) : "");
}

void probe_report_case(const struct probe_case *c, int profile) {
    double figure;
    if (!c->done) {
        printf("%-10s %-58s failed: %s\n", probe_group(c), c->name, c->failure.text);
    } else if (figure_find(c, profile, &figure)) {
        printf("%-10s %-58s %12.5g  %-15s %10.5g  x %.2f\n", probe_group(c), c->name, c->value, c->unit,
               figure, c->value / figure);
    } else {
        printf("%-10s %-58s %12.5g  %s\n", probe_group(c), c->name, c->value, c->unit);
    }
    fflush(stdout); /* what comes after it may end the process */
}

static void pair_add(cJSON *o, const char *name, const double pair[2], const struct probe_case *c) {
    cJSON_AddItemToObject(o, name, cJSON_CreateDoubleArray(pair, c->kind == PROBE_ALONE ? 1 : 2));
}

static cJSON *case_json(const struct probe_case *c, int profile) {
    double figure;
    cJSON *const o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "group", probe_group(c));
    cJSON_AddStringToObject(o, "case", c->name);
    cJSON_AddStringToObject(o, "unit", c->unit);
    if (c->done)
        cJSON_AddNumberToObject(o, "value", c->value);
    else
        cJSON_AddStringToObject(o, "failure", c->failure.text);
    if (c->figure) cJSON_AddStringToObject(o, "figure", c->figure);
    if (figure_find(c, profile, &figure)) cJSON_AddNumberToObject(o, "profile", figure);
    cJSON_AddNumberToObject(o, "work", c->work);
    cJSON_AddNumberToObject(o, "blocks", c->blocks);
    cJSON_AddNumberToObject(o, "threads", c->threads);
    cJSON_AddItemToObject(o, "arguments", cJSON_CreateIntArray(c->argument, PROBE_ARGUMENTS));
    if (!c->repeats) return o;
    cJSON_AddNumberToObject(o, "rounds", c->n);
    cJSON_AddNumberToObject(o, "repeats", c->repeats);
    pair_add(o, "seconds", c->seconds, c);
    if (c->cycles[0] > 0) {
        pair_add(o, "cycles", c->cycles, c);
        pair_add(o, "nanoseconds", c->nanoseconds, c);
    }
    cJSON_AddNumberToObject(o, "clock_hz", c->clock);
    if (c->kind != PROBE_ALONE)
        cJSON_AddNumberToObject(o, "round_seconds", (c->seconds[1] - c->seconds[0]) / c->n);
    return o;
}

bool probe_report_write(const struct probe *p, int profile, const char *path, struct error *err) {
    char date[CLOCK_DATE];
    const char *about;
    clock_date(time(NULL), date);
    cJSON *const o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "schema", "katune-probe/1");
    cJSON_AddItemToObject(o, "device", json_device(p->info));
    cJSON_AddBoolToObject(o, "modeled", p->info->modeled);
    cJSON_AddStringToObject(o, "driver", p->info->driver);
    cJSON_AddStringToObject(o, "compiler", p->info->compiler);
    cJSON_AddStringToObject(o, "date", date);
    cJSON_AddStringToObject(o, "katune", KATUNE_VERSION);
    cJSON_AddNumberToObject(o, "nominal_clock_hz", p->info->clock);
    cJSON_AddNumberToObject(o, "l2_bytes", (double)device_last_level_bytes(p->info));
    cJSON_AddNumberToObject(o, "warps", p->info->warps);
    if (profile >= 0) cJSON_AddStringToObject(o, "beside", vgpu_profile((unsigned)profile, &about));
    cJSON *const cases = cJSON_AddArrayToObject(o, "cases");
    for (int i = 0; i < p->count; i++)
        if (p->cases[i].done || *p->cases[i].failure.text)
            cJSON_AddItemToArray(cases, case_json(&p->cases[i], profile));
    const bool ok = json_write(o, path, err);
    cJSON_Delete(o);
    return ok;
}
