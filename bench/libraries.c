#include "libraries.h"

#include <stdio.h>
#include <string.h>

#include "cupti.h"
#include "device/cuda_virtual.h"
#include "device/nvml.h"
#include "device/nvrtc.h"

static bool driver_find(char *text, size_t size, struct error *err) {
    struct cuda_api api;
    struct cuda_virtual virtual;
    int version = 0;
    if (!cuda_api_open(&api, NULL, err)) return false;
    cuda_virtual_bind(&virtual, &api);
    if (api.cuDriverGetVersion(&version) != CUDA_OK) version = 0;
    snprintf(text, size, "CUDA %d.%d%s, %s", version / 1000, version % 1000 / 10,
             virtual.present ? " (the virtual GPU)" : "", api.path);
    cuda_api_close(&api);
    return true;
}

static bool nvrtc_find(char *text, size_t size, struct error *err) {
    struct nvrtc n;
    if (!nvrtc_open(&n, err)) return false;
    snprintf(text, size, "%d.%d, %s, %s%s", n.major, n.minor, n.path,
             n.headers[0]
                 ? "headers in "
                 : "without CUDA's headers (no kernel here needs them; \"./katune get-nvrtc\" fetches them)",
             n.headers);
    return true;
}

static bool nvml_find(char *text, size_t size, struct error *err) {
    struct nvml n;
    if (!nvml_load(&n, err)) return false;
    snprintf(text, size, "%s", n.path);
    nvml_close(&n);
    return true;
}

static bool cupti_find(char *text, size_t size, struct error *err) {
    struct cupti *const c = cupti_open(err);
    if (!c) return false;
    snprintf(text, size, "%s", cupti_path(c));
    cupti_close(c);
    return true;
}

void libraries_find(struct library_status list[LIBRARY_COUNT]) {
    static const struct {
        const char *name, *use;
        bool (*find)(char *text, size_t size, struct error *err);
    } kinds[LIBRARY_COUNT] = {{"driver", "runs kernels on cuda:N", driver_find},
                              {"NVRTC", "compiles CUDA kernels", nvrtc_find},
                              {"NVML", "watches a GPU's clock", nvml_find},
                              {"CUPTI", "counts on a GPU", cupti_find}};
    for (int i = 0; i < LIBRARY_COUNT; i++) {
        struct error err = {""};
        list[i] = (struct library_status){.name = kinds[i].name, .use = kinds[i].use};
        list[i].found = kinds[i].find(list[i].text, sizeof list[i].text, &err);
        if (!list[i].found) snprintf(list[i].text, sizeof list[i].text, "%s", err.text);
    }
}
