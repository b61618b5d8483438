#include "device.h"

#include <string.h>

#include "cpu.h"

static const struct {
    const char *name;
    struct device *(*open)(bool bind, struct error *err);
} devices[] = {
    {"cpu", cpu_open},
};

struct device *device_open(const char *name, bool bind, struct error *err) {
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
        if (strcmp(devices[i].name, name) == 0) return devices[i].open(bind, err);
    error_set(err, "unknown device \"%s\": this build has cpu", name);
    return NULL;
}

size_t device_last_level_bytes(const struct device_info *info) {
    return info->cache_count ? info->caches[info->cache_count - 1].bytes : (size_t)32 << 20;
}
