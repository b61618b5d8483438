#include "nvml.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "library.h"

static const struct library_function functions[] = {
#define ENTRY(name, parameters) {#name, offsetof(struct nvml, name)},
    NVML_FUNCTIONS(ENTRY)
#undef ENTRY
};
enum { FUNCTION_COUNT = sizeof functions / sizeof *functions };

/* All but the last, and the last under either name. */
static const char *functions_bind(struct nvml *n) {
    const char *const missing = library_bind(n->library, n, functions, FUNCTION_COUNT - 1);
    const struct library_function *const last = &functions[FUNCTION_COUNT - 1];
    const struct library_function old = {NVML_REASONS_OLD, last->offset};
    if (missing) return missing;
    return library_bind(n->library, n, last, 1) ? library_bind(n->library, n, &old, 1) : NULL;
}

bool nvml_load(struct nvml *n, struct error *err) {
    const char *const named = getenv("KATUNE_LIBNVML");
    const bool asked = named && *named;
    *n = (struct nvml){.library = NULL};
    snprintf(n->path, sizeof n->path, "%s", asked ? named : "libnvidia-ml.so.1");
    n->library = dlopen(n->path, RTLD_NOW | RTLD_LOCAL);
    if (!n->library && asked)
        return error_set(err, "KATUNE_LIBNVML=%s cannot be loaded: %s", n->path, dlerror());
    if (!n->library)
        return error_set(
            err, "NVML was not found: libnvidia-ml.so.1 comes with NVIDIA's driver, or set KATUNE_LIBNVML "
                 "to it; without it clocks are not watched");
    const char *const missing = functions_bind(n);
    if (!missing) {
        library_path(n->library, n->path, sizeof n->path);
        return true;
    }
    error_set(err, "%s has no %s: the driver is too old, or it is no NVML", n->path, missing);
    nvml_close(n);
    return false;
}

static bool device_find(struct nvml *n, int domain, int bus, int device, struct error *err) {
    char address[32];
    nvmlReturn_t code = n->nvmlInit_v2();
    if (code != NVML_OK) return error_set(err, "%s: nvmlInit_v2: error %u", n->path, (unsigned)code);
    n->started = true;
    snprintf(address, sizeof address, "%08x:%02x:%02x.0", (unsigned)domain, (unsigned)bus, (unsigned)device);
    code = n->nvmlDeviceGetHandleByPciBusId_v2(address, &n->device);
    return code == NVML_OK ||
           error_set(err, "%s: it knows no GPU at %s: error %u", n->path, address, (unsigned)code);
}

bool nvml_open(struct nvml *n, int domain, int bus, int device, struct error *err) {
    if (!nvml_load(n, err)) return false;
    if (device_find(n, domain, bus, device, err)) return true;
    nvml_close(n);
    return false;
}

void nvml_close(struct nvml *n) {
    if (n->started) n->nvmlShutdown();
    if (n->library) dlclose(n->library);
    n->library = NULL;
    n->started = false;
}

static unsigned throttle_read(const struct nvml *n) {
    static const struct {
        unsigned reasons, throttle;
    } kinds[] = {{NVML_POWER_CAP | NVML_POWER_BRAKE, THROTTLE_POWER},
                 {NVML_THERMAL_SOFTWARE | NVML_THERMAL_HARDWARE, THROTTLE_THERMAL},
                 {NVML_SLOWDOWN, THROTTLE_HARDWARE}};
    unsigned long long reasons = 0;
    unsigned throttle = 0;
    if (n->nvmlDeviceGetCurrentClocksEventReasons(n->device, &reasons) != NVML_OK) return 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (reasons & kinds[i].reasons) throttle |= kinds[i].throttle;
    return throttle;
}

struct device_clock nvml_clock(const struct nvml *n) {
    unsigned mhz = 0;
    if (n->nvmlDeviceGetClockInfo(n->device, NVML_CLOCK_OF_UNITS, &mhz) != NVML_OK) mhz = 0;
    return (struct device_clock){.ghz = 1e-3 * mhz, .throttle = throttle_read(n)};
}

typedef nvmlReturn_t number_getter(nvmlDevice_t, unsigned *);
typedef nvmlReturn_t clock_getter(nvmlDevice_t, nvmlClockType_t, unsigned *);

static unsigned number_read(const struct nvml *n, number_getter *get) {
    unsigned value = 0;
    return get(n->device, &value) == NVML_OK ? value : 0;
}

static unsigned clock_read(const struct nvml *n, clock_getter *get, enum nvml_number which) {
    unsigned value = 0;
    return get(n->device, (nvmlClockType_t)which, &value) == NVML_OK ? value : 0;
}

struct nvml_state nvml_state_read(const struct nvml *n) {
    struct nvml_state s = {.units_mhz = clock_read(n, n->nvmlDeviceGetClockInfo, NVML_CLOCK_OF_UNITS),
                           .units_max = clock_read(n, n->nvmlDeviceGetMaxClockInfo, NVML_CLOCK_OF_UNITS),
                           .memory_mhz = clock_read(n, n->nvmlDeviceGetClockInfo, NVML_CLOCK_OF_MEMORY),
                           .memory_max = clock_read(n, n->nvmlDeviceGetMaxClockInfo, NVML_CLOCK_OF_MEMORY),
                           .watts = 1e-3 * number_read(n, n->nvmlDeviceGetPowerUsage),
                           .watts_max = 1e-3 * number_read(n, n->nvmlDeviceGetEnforcedPowerLimit),
                           .throttle = throttle_read(n)};
    if (n->nvmlSystemGetDriverVersion(s.driver, sizeof s.driver) != NVML_OK) *s.driver = 0;
    return s;
}
