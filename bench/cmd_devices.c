/* katune devices: lists the devices of this machine with their cores, instruction sets and caches. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "device/cuda.h"
#include "device/device.h"
#include "options.h"

static const char *const names[] = {"cpu"};
enum { NAME_COUNT = sizeof names / sizeof *names };

static void device_print(const char *name, const struct device_info *info) {
    printf("%s: %s\n    %d cores, %d NUMA node%s, %.1f GiB of memory;", name, info->name, info->units,
           info->numa_nodes, info->numa_nodes == 1 ? "" : "s", (double)info->memory / (1 << 30));
    for (int b = 0; b < BACKEND_COUNT; b++)
        if (info->isa >> b & 1) printf(" %s", backend_name((enum backend)b));
    printf("\n   ");
    for (int i = 0; i < info->cache_count; i++)
        printf(" L%d %d x %zu KiB%s", info->caches[i].level, info->caches[i].instances,
               info->caches[i].bytes >> 10, i + 1 < info->cache_count ? "," : "");
    printf("\n    tables: results/%s\n", info->slug);
}

static cJSON *device_json(const char *name, const struct device_info *info) {
    cJSON *const o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "device", name);
    cJSON_AddStringToObject(o, "name", info->name);
    cJSON_AddStringToObject(o, "slug", info->slug);
    cJSON_AddStringToObject(o, "backend", info->backend);
    cJSON_AddStringToObject(o, "arch", info->arch);
    cJSON_AddStringToObject(o, "fingerprint", info->fingerprint);
    cJSON_AddNumberToObject(o, "units", info->units);
    cJSON_AddNumberToObject(o, "numa_nodes", info->numa_nodes);
    cJSON_AddNumberToObject(o, "memory_bytes", (double)info->memory);
    cJSON *const isa = cJSON_AddArrayToObject(o, "isa");
    for (int b = 0; b < BACKEND_COUNT; b++)
        if (info->isa >> b & 1) cJSON_AddItemToArray(isa, cJSON_CreateString(backend_name((enum backend)b)));
    cJSON *const caches = cJSON_AddArrayToObject(o, "caches");
    for (int i = 0; i < info->cache_count; i++) {
        cJSON *const cache = cJSON_CreateObject();
        cJSON_AddNumberToObject(cache, "level", info->caches[i].level);
        cJSON_AddNumberToObject(cache, "bytes", (double)info->caches[i].bytes);
        cJSON_AddNumberToObject(cache, "instances", info->caches[i].instances);
        cJSON_AddNumberToObject(cache, "line", info->caches[i].line);
        cJSON_AddItemToArray(caches, cache);
    }
    return o;
}

/* The virtual GPU's profiles, a line each: they describe no part of this machine. */
static void profiles_list(cJSON *all) {
    const char *about = NULL, *name;
    for (unsigned i = 0; (name = vgpu_profile(i, &about)); i++) {
        char device[64];
        snprintf(device, sizeof device, "vgpu:%s", name);
        if (!all) {
            printf("%s: %s\n", device, about);
            continue;
        }
        cJSON *const o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "device", device);
        cJSON_AddStringToObject(o, "name", about);
        cJSON_AddStringToObject(o, "backend", "vgpu");
        cJSON_AddItemToArray(all, o);
    }
}

int cmd_devices(int argc, char **argv) {
    static const struct command_usage usage = {
        "devices", "Lists the devices that katune can use here, as hwloc and CPUID describe them.",
        OPT_JSON_FLAG,
        "The environment variable KATUNE_ISA (scalar, avx2, avx512) limits the instruction set."};
    struct options o;
    const int leave = options_parse(&o, &usage, argc, argv);
    if (leave >= 0) return leave;
    cJSON *const all = o.json_flag ? cJSON_CreateArray() : NULL;
    int exit_code = EXIT_OK;
    for (int i = 0; i < NAME_COUNT; i++) {
        struct error err;
        struct device *const d = device_open(names[i], false, &err);
        if (!d) {
            fprintf(stderr, "katune devices: %s\n", err.text);
            exit_code = EXIT_USAGE;
            continue;
        }
        if (all)
            cJSON_AddItemToArray(all, device_json(names[i], d->info(d)));
        else
            device_print(names[i], d->info(d));
        d->close(d);
    }
    profiles_list(all);
    if (all) {
        char *const text = cJSON_Print(all);
        puts(text ? text : "[]");
        free(text);
        cJSON_Delete(all);
    }
    return exit_code;
}
