/* A libnvidia-ml.so for tests on machines without a GPU: one GPU at FAKE_NVML_ADDRESS (00000000:3b:00.0),
   which runs at the clocks, and is held back for the reasons, that FAKE_NVML_CLOCKS lists ("1980:0 1200:32",
   MHz and NVML's bits), one for each time that reasons are read, the last one from then on. FAKE_NVML_INIT is
   what nvmlInit_v2 returns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/nvml.h"

static unsigned mhz, reasons, position;

/* Goes to the next entry of the list, unless it is the last. */
static void entry_next(void) {
    const char *at = getenv("FAKE_NVML_CLOCKS");
    for (unsigned i = 0; at && i < position && strchr(at, ' '); i++) at = strchr(at, ' ') + 1;
    if (at && sscanf(at, "%u:%u", &mhz, &reasons) == 2) position++;
}

#define EXPORT __attribute__((visibility("default")))
#define PROTOTYPE(name, parameters) EXPORT nvmlReturn_t name parameters;
NVML_FUNCTIONS(PROTOTYPE)
#undef PROTOTYPE

nvmlReturn_t nvmlInit_v2(void) {
    const char *const code = getenv("FAKE_NVML_INIT");
    position = 0;
    entry_next();
    return code ? (nvmlReturn_t)atoi(code) : NVML_OK;
}

nvmlReturn_t nvmlShutdown(void) {
    return NVML_OK;
}

nvmlReturn_t nvmlSystemGetDriverVersion(char *version, unsigned length) {
    snprintf(version, length, "580.00");
    return NVML_OK;
}

nvmlReturn_t nvmlDeviceGetHandleByPciBusId_v2(const char *address, nvmlDevice_t *device) {
    *device = (nvmlDevice_t)&mhz;
    const char *const mine = getenv("FAKE_NVML_ADDRESS");
    return strcmp(address, mine ? mine : "00000000:3b:00.0") == 0 ? NVML_OK : (nvmlReturn_t)6;
}

nvmlReturn_t nvmlDeviceGetClockInfo(nvmlDevice_t device, nvmlClockType_t type, unsigned *value) {
    (void)device;
    *value = type == (nvmlClockType_t)NVML_CLOCK_OF_UNITS ? mhz : 2619;
    return NVML_OK;
}

nvmlReturn_t nvmlDeviceGetMaxClockInfo(nvmlDevice_t device, nvmlClockType_t type, unsigned *value) {
    (void)device;
    *value = type == (nvmlClockType_t)NVML_CLOCK_OF_UNITS ? 1980 : 2619;
    return NVML_OK;
}

nvmlReturn_t nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned *milliwatts) {
    (void)device;
    *milliwatts = 650000;
    return NVML_OK;
}

nvmlReturn_t nvmlDeviceGetEnforcedPowerLimit(nvmlDevice_t device, unsigned *milliwatts) {
    (void)device, (void)milliwatts;
    return (nvmlReturn_t)3; /* not supported, as on laptops */
}

nvmlReturn_t nvmlDeviceGetCurrentClocksEventReasons(nvmlDevice_t device, unsigned long long *set) {
    (void)device;
    *set = reasons;
    entry_next();
    return NVML_OK;
}
