/* api_state: initialisation, devices and contexts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api.h"

struct driver driver = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local struct CUctx_st *stack[CONTEXT_STACK];
static _Thread_local int depth;

void driver_set_error(const char *text) {
    snprintf(driver.error, sizeof driver.error, "%s", text);
}

static struct CUctx_st *current(void) {
    struct CUctx_st *top = depth ? stack[depth - 1] : NULL;
    /* another thread may have destroyed it */
    for (struct CUctx_st *c = driver.contexts; c; c = c->next) {
        if (c == top) {
            return top;
        }
    }
    return NULL;
}

CUresult driver_context(struct CUctx_st **context) {
    if (!driver.ready) {
        return CUDA_ERROR_NOT_INITIALIZED;
    }
    *context = current();
    return *context ? (*context)->sticky : CUDA_ERROR_INVALID_CONTEXT;
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
            return refuse("VGPU_DEVICE", value,
                          "up to 8 of h100-sxm, a100-sxm, l4, rtx-4090, b200, t4, separated by commas");
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

DRIVER(cuInit, unsigned flags) {
    LOCKED;
    if (flags) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (driver.ready) {
        return CUDA_SUCCESS;
    }
    const CUresult code = read_environment();
    if (!code) {
        driver_report_open(getenv("VGPU_REPORT"));
        driver.ready = true;
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

/* ---- devices ---- */

#define DEVICE(argument)                                                                                     \
    LOCKED;                                                                                                  \
    if (!driver.ready) {                                                                                     \
        return CUDA_ERROR_NOT_INITIALIZED;                                                                   \
    }                                                                                                        \
    struct device *const device_of = driver_device(argument);                                                \
    if (!device_of) {                                                                                        \
        return CUDA_ERROR_INVALID_DEVICE;                                                                    \
    }

DRIVER(cuDeviceGetCount, int *count) {
    LOCKED;
    if (!driver.ready) {
        return CUDA_ERROR_NOT_INITIALIZED;
    }
    if (!count) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *count = driver.device_count;
    return CUDA_SUCCESS;
}

DRIVER(cuDeviceGet, CUdevice *device, int ordinal) {
    DEVICE(ordinal);
    if (!device) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *device = ordinal;
    return CUDA_SUCCESS;
}

DRIVER(cuDeviceGetName, char *name, int length, CUdevice device) {
    DEVICE(device);
    if (!name || length < 1) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    snprintf(name, (size_t)length, "%s (vgpu)", device_of->profile->label);
    return CUDA_SUCCESS;
}

DRIVER(cuDeviceTotalMem_v2, size_t *bytes, CUdevice device) {
    DEVICE(device);
    if (!bytes) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *bytes = device_of->has_memory ? device_of->memory.capacity : device_of->profile->memory_bytes;
    return CUDA_SUCCESS;
}

static CUresult get_uuid(CUuuid *uuid, CUdevice device) {
    DEVICE(device);
    if (!uuid) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    memset(uuid, 0, sizeof *uuid);
    memcpy(uuid->bytes, "vgpu", 4);
    uuid->bytes[4] = (char)device;
    const size_t length = strlen(device_of->profile->name);
    memcpy(uuid->bytes + 5, device_of->profile->name, length < 11 ? length : 11);
    return CUDA_SUCCESS;
}

DRIVER(cuDeviceGetUuid, CUuuid *uuid, CUdevice device) {
    return get_uuid(uuid, device);
}

DRIVER(cuDeviceGetUuid_v2, CUuuid *uuid, CUdevice device) {
    return get_uuid(uuid, device);
}

DRIVER(cuDeviceGetAttribute, int *value, CUdevice_attribute attribute, CUdevice device) {
    DEVICE(device);
    if (!value) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    const struct profile *p = device_of->profile;
    const struct {
        int attribute;
        double value;
    } table[] = {
        {CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK, 1024},
        {CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X, 1024},
        {CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y, 1024},
        {CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z, 64},
        {CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X, 2147483647},
        {CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y, 65535},
        {CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z, 65535},
        {CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK, 49152},
        {CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY, 65536},
        {CU_DEVICE_ATTRIBUTE_WARP_SIZE, 32},
        {CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK, p->registers},
        {CU_DEVICE_ATTRIBUTE_CLOCK_RATE, p->clock_hz / 1000},
        {CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, p->multiprocessors},
        {CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS, 0},
        {CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE, p->memory_clock_hz / 1000},
        {CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH, p->bus_bits},
        {CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE, (double)p->l2_bytes},
        {CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR, 32 * p->warps},
        {CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING, 1},
        {CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, p->major},
        {CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, p->minor},
        {CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR, p->shared_bytes},
        {CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR, p->registers},
        {CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, p->shared_block_bytes},
        {CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR, p->blocks},
        {CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK, p->major >= 8 ? 1024 : 0},
    };
    if ((int)attribute < 1 || (int)attribute > 200) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *value = 0; /* a feature that is not there */
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (table[i].attribute == (int)attribute) {
            *value = (int)table[i].value;
        }
    }
    return CUDA_SUCCESS;
}

/* ---- contexts ---- */

static CUresult context_new(struct device *device, struct CUctx_st **out) {
    for (uint64_t bytes = device->profile->memory_bytes; !device->has_memory && bytes >= (uint64_t)64 << 20;
         bytes /= 2) {
        device->has_memory = memory_open(&device->memory, bytes);
    }
    struct CUctx_st *c = calloc(1, sizeof *c);
    if (!device->has_memory || !c) {
        free(c);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    c->device = device;
    c->next = driver.contexts;
    driver.contexts = c;
    *out = c;
    return CUDA_SUCCESS;
}

static void context_free(struct CUctx_st *context) {
    struct CUctx_st **link = &driver.contexts;
    while (*link != context) {
        link = &(*link)->next;
    }
    *link = context->next;
    while (context->modules) {
        driver_module_free(context->modules);
    }
    while (context->streams) {
        struct CUstream_st *next = context->streams->next;
        free(context->streams);
        context->streams = next;
    }
    for (size_t i = 0; i < context->owned_count; i++) {
        memory_free(&context->device->memory, context->owned[i].address);
    }
    free(context->owned);
    if (context->device->primary == context) {
        context->device->primary = NULL;
        context->device->retained = 0;
    }
    free(context);
}

CUresult driver_own(struct CUctx_st *context, uint64_t address) {
    if (context->owned_count == context->owned_room) {
        const size_t room = context->owned_room ? 2 * context->owned_room : 64;
        struct owned *bigger = realloc(context->owned, room * sizeof *bigger);
        if (!bigger) {
            return CUDA_ERROR_OUT_OF_MEMORY;
        }
        context->owned = bigger;
        context->owned_room = room;
    }
    context->owned[context->owned_count++] = (struct owned){address};
    return CUDA_SUCCESS;
}

static CUresult push(struct CUctx_st *context) {
    if (depth == CONTEXT_STACK) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    stack[depth++] = context;
    return CUDA_SUCCESS;
}

static CUresult create(CUcontext *context, CUdevice device) {
    DEVICE(device);
    if (!context) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    const CUresult code = context_new(device_of, context);
    return code ? code : push(*context);
}

DRIVER(cuCtxCreate_v2, CUcontext *context, unsigned flags, CUdevice device) {
    (void)flags;
    return create(context, device);
}

DRIVER(cuCtxCreate_v4, CUcontext *context, void *params, unsigned flags, CUdevice device) {
    (void)flags;
    return params ? CUDA_ERROR_NOT_SUPPORTED : create(context, device);
}

DRIVER(cuCtxDestroy_v2, CUcontext context) {
    LOCKED;
    for (struct CUctx_st *c = driver.contexts; c; c = c->next) {
        if (c == context && c != c->device->primary) {
            if (depth && stack[depth - 1] == context) {
                depth--;
            }
            context_free(context);
            return CUDA_SUCCESS;
        }
    }
    return CUDA_ERROR_INVALID_CONTEXT;
}

DRIVER(cuDevicePrimaryCtxRetain, CUcontext *context, CUdevice device) {
    DEVICE(device);
    if (!context) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    const CUresult code = device_of->primary ? CUDA_SUCCESS : context_new(device_of, &device_of->primary);
    device_of->retained += !code;
    *context = device_of->primary;
    return code;
}

DRIVER(cuDevicePrimaryCtxRelease_v2, CUdevice device) {
    DEVICE(device);
    if (!device_of->primary) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    if (--device_of->retained == 0) {
        context_free(device_of->primary);
    }
    return CUDA_SUCCESS;
}

DRIVER(cuDevicePrimaryCtxReset_v2, CUdevice device) {
    DEVICE(device);
    if (device_of->primary) {
        context_free(device_of->primary);
    }
    return CUDA_SUCCESS;
}

DRIVER(cuDevicePrimaryCtxSetFlags_v2, CUdevice device, unsigned flags) {
    DEVICE(device);
    (void)flags;
    return CUDA_SUCCESS;
}

DRIVER(cuDevicePrimaryCtxGetState, CUdevice device, unsigned *flags, int *active) {
    DEVICE(device);
    if (!flags || !active) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *flags = 0;
    *active = device_of->primary != NULL;
    return CUDA_SUCCESS;
}

DRIVER(cuCtxGetCurrent, CUcontext *context) {
    LOCKED;
    if (!driver.ready || !context) {
        return driver.ready ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_NOT_INITIALIZED;
    }
    *context = current();
    return CUDA_SUCCESS;
}

DRIVER(cuCtxSetCurrent, CUcontext context) {
    LOCKED;
    if (!driver.ready) {
        return CUDA_ERROR_NOT_INITIALIZED;
    }
    depth -= depth > 0;
    return context ? push(context) : CUDA_SUCCESS;
}

DRIVER(cuCtxPushCurrent_v2, CUcontext context) {
    LOCKED;
    return context ? push(context) : CUDA_ERROR_INVALID_CONTEXT;
}

DRIVER(cuCtxPopCurrent_v2, CUcontext *context) {
    LOCKED;
    if (!depth) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    depth--;
    if (context) {
        *context = stack[depth];
    }
    return CUDA_SUCCESS;
}

DRIVER(cuCtxGetDevice, CUdevice *device) {
    ENTER;
    if (!device) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *device = context->device->ordinal;
    return CUDA_SUCCESS;
}

DRIVER(cuCtxSynchronize, void) {
    ENTER; /* everything has run when its call returned */
    return CUDA_SUCCESS;
}

DRIVER(cuCtxGetStreamPriorityRange, int *least, int *greatest) {
    ENTER;
    if (least) {
        *least = 0;
    }
    if (greatest) {
        *greatest = 0;
    }
    return CUDA_SUCCESS;
}
