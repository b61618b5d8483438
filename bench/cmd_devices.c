/* katune devices: lists the devices of this machine, and what of NVIDIA's is missing for a GPU. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "device/cuda.h"
#include "device/device.h"
#include "device/nvml.h"
#include "libraries.h"
#include "options.h"

static void caches_print(const struct device_info *info) {
    printf("   ");
    for (int i = 0; i < info->cache_count; i++)
        printf(" L%d %d x %zu KiB%s", info->caches[i].level, info->caches[i].instances,
               info->caches[i].bytes >> 10, i + 1 < info->cache_count ? "," : "");
    printf("\n    tables: results/%s\n", info->slug);
}

/* Clocks and power of a GPU, or why they are not known. */
static void clocks_print(struct device *d) {
    struct error err;
    char reasons[40];
    const struct nvml *const n = cuda_nvml(d, &err);
    if (!n) {
        printf("    clocks unknown: %s\n", err.text);
        return;
    }
    const struct nvml_state s = nvml_state_read(n);
    throttle_print(s.throttle, reasons, sizeof reasons);
    printf("    clocks now %u of %u MHz, memory %u of %u MHz; %.0f of %.0f W; held back by: %s\n",
           s.units_mhz, s.units_max, s.memory_mhz, s.memory_max, s.watts, s.watts_max,
           *reasons ? reasons : "nothing");
}

static void gpu_print(const char *name, struct device *d) {
    const struct device_info *const info = d->info(d);
    printf("%s: %s\n    %d multiprocessors, %.1f GiB of memory, %s; driver of CUDA %s; %s\n", name,
           info->name, info->units, (double)info->memory / (1 << 30), info->arch, info->driver,
           *info->compiler ? info->compiler : "no NVRTC");
    if (!info->modeled) clocks_print(d);
    caches_print(info);
}

static void cpu_print(const char *name, struct device *d) {
    const struct device_info *const info = d->info(d);
    printf("%s: %s\n    %d cores, %d NUMA node%s, %.1f GiB of memory;", name, info->name, info->units,
           info->numa_nodes, info->numa_nodes == 1 ? "" : "s", (double)info->memory / (1 << 30));
    for (int b = 0; b < BACKEND_COUNT; b++)
        if (info->isa >> b & 1) printf(" %s", backend_name((enum backend)b));
    putchar('\n');
    caches_print(info);
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

/* What a GPU needs, a line each. */
static void libraries_print(void) {
    struct library_status list[LIBRARY_COUNT];
    libraries_find(list);
    puts("\nfor GPUs:");
    for (int i = 0; i < LIBRARY_COUNT; i++)
        printf("    %-7s %-24s %s%s\n", list[i].name, list[i].use,
               list[i].found ? "" : "missing: ", list[i].text);
}

/* Takes the device over. False, and one line, if there is none. */
static bool device_list(const char *name, struct device *d, const struct error *err, cJSON *all) {
    if (!d) {
        fprintf(stderr, "katune devices: %s\n", err->text);
        return false;
    }
    if (all)
        cJSON_AddItemToArray(all, device_json(name, d->info(d)));
    else if (strcmp(d->info(d)->backend, "cuda") == 0)
        gpu_print(name, d);
    else
        cpu_print(name, d);
    d->close(d);
    return true;
}

int cmd_devices(int argc, char **argv) {
    static const struct command_usage usage = {
        "devices",
        "Lists the devices that katune can use here, as hwloc, CPUID, the CUDA driver and NVML describe "
        "them, and\n"
        "what a GPU needs: where it was found, or what to do where it is missing.",
        OPT_JSON_FLAG,
        "The environment variable KATUNE_ISA (scalar, avx2, avx512) limits the instruction set."};
    struct options o;
    const int leave = options_parse(&o, &usage, argc, argv);
    if (leave >= 0) return leave;
    cJSON *const all = o.json_flag ? cJSON_CreateArray() : NULL;
    int exit_code = EXIT_OK;
    struct error err;
    if (!device_list("cpu", device_open("cpu", false, &err), &err, all)) exit_code = EXIT_USAGE;
    for (int i = 0, gpus = cuda_count(); i < gpus; i++) {
        char name[16];
        snprintf(name, sizeof name, "cuda:%d", i);
        if (!device_list(name, cuda_open(name + 5, &err), &err, all)) exit_code = EXIT_USAGE;
    }
    profiles_list(all);
    if (!all) libraries_print();
    if (all) {
        char *const text = cJSON_Print(all);
        puts(text ? text : "[]");
        free(text);
        cJSON_Delete(all);
    }
    return exit_code;
}
