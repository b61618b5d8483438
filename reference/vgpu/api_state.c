/* api_state: initialisation and the environment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api.h"

struct driver driver = {.lock = PTHREAD_MUTEX_INITIALIZER};

void driver_set_error(const char *text) {
    snprintf(driver.error, sizeof driver.error, "%s", text);
}

struct device *driver_device(CUdevice ordinal) {
    return ordinal >= 0 && ordinal < driver.device_count ? &driver.devices[ordinal] : NULL;
}

/* ---- the environment ---- */

static CUresult refuse(const char *name, const char *value, const char *expected) {
    char text[512];
    snprintf(text, sizeof text, "%s=%s: expected %s", name, value, expected);
    fprintf(stderr, "vgpu: %s\n", text);
    driver_set_error(text);
    return CUDA_ERROR_INVALID_DEVICE;
}

static CUresult read_devices(void) {
    const char *value = getenv("VGPU_DEVICE");
    value = value && *value ? value : profile_at(0)->name;
    driver.device_count = 0;
    for (const char *at = value; *at;) {
        const size_t length = strcspn(at, ",");
        const struct profile *profile = profile_find(at, (unsigned)length);
        if (!profile || driver.device_count == MAX_DEVICES) {
            char expected[192];
            size_t used = (size_t)snprintf(expected, sizeof expected, "up to %u of ", MAX_DEVICES);
            for (unsigned i = 0; profile_at(i) && used < sizeof expected; i++) {
                used += (size_t)snprintf(expected + used, sizeof expected - used, "%s%s", i ? ", " : "",
                                         profile_at(i)->name);
            }
            return refuse("VGPU_DEVICE", value, expected);
        }
        driver.devices[driver.device_count] =
            (struct device){.profile = profile, .ordinal = driver.device_count};
        driver.device_count++;
        at += length + (at[length] == ',');
    }
    return CUDA_SUCCESS;
}

static CUresult read_checks(void) {
    static const struct {
        const char *name;
        unsigned flags;
    } checks[] = {{"all", CHECK_ALL},   {"none", 0},          {"init", CHECK_INIT},
                  {"race", CHECK_RACE}, {"sync", CHECK_SYNC}, {"leak", CHECK_LEAK}};
    const char *value = getenv("VGPU_CHECK");
    driver.checks = value && *value ? 0 : CHECK_ALL;
    for (const char *at = value ? value : ""; *at;) {
        const size_t length = strcspn(at, ",");
        size_t i = 0;
        while (i < 6 && (strlen(checks[i].name) != length || memcmp(checks[i].name, at, length) != 0)) {
            i++;
        }
        if (i == 6) {
            return refuse("VGPU_CHECK", value, "all, none, or a list of init, race, sync, leak");
        }
        driver.checks |= checks[i].flags;
        at += length + (at[length] == ',');
    }
    return CUDA_SUCCESS;
}

static CUresult read_number(const char *name, uint64_t *number, uint64_t least, uint64_t most) {
    const char *value = getenv(name);
    if (!value || !*value) {
        return CUDA_SUCCESS;
    }
    char *end;
    const unsigned long long n = strtoull(value, &end, 10);
    if (*end || value[0] == '-' || n < least || n > most) {
        char expected[80];
        snprintf(expected, sizeof expected, "a number from %llu to %llu", (unsigned long long)least,
                 (unsigned long long)most);
        return refuse(name, value, expected);
    }
    *number = n;
    return CUDA_SUCCESS;
}

static CUresult read_environment(void) {
    uint64_t threads = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN), exit_code = 0;
    driver.limit = (uint64_t)1 << 36;
    CUresult code = read_devices();
    code = code ? code : read_checks();
    code = code ? code : read_number("VGPU_THREADS", &threads, 1, 1024);
    code = code ? code : read_number("VGPU_LIMIT", &driver.limit, 1, UINT64_MAX / 2);
    code = code ? code : read_number("VGPU_ERROR_EXITCODE", &exit_code, 1, 255);
    const char *order = getenv("VGPU_ORDER");
    if (!code && order && *order) {
        driver.relaxed = strcmp(order, "relaxed") == 0;
        if (!driver.relaxed && strcmp(order, "strict") != 0) {
            code = refuse("VGPU_ORDER", order, "strict or relaxed");
        }
    }
    driver.host_threads = (unsigned)threads;
    driver.exit_code = (int)exit_code;
    return code;
}

/* As with a driver of NVIDIA's: what a process initialised is of no use to those that it forks. */
static void after_fork(void) {
    pthread_mutex_init(&driver.lock, NULL); /* another thread may have held it */
    driver.ready = false;
    driver.forked = true;
}

DRIVER(cuInit, unsigned flags) {
    LOCKED;
    if (flags) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (driver.forked) {
        return CUDA_ERROR_NOT_INITIALIZED;
    }
    if (driver.ready) {
        return CUDA_SUCCESS;
    }
    const CUresult code = read_environment();
    if (!code) {
        driver_report_open(getenv("VGPU_REPORT"));
        driver.ready = true;
        pthread_atfork(NULL, NULL, after_fork);
        atexit(driver_at_exit);
    }
    return code;
}

DRIVER(cuDriverGetVersion, int *version) {
    if (!version) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *version = 13000;
    return CUDA_SUCCESS;
}
