/* api_context: contexts, and which of them is current in a thread. */
#include <stdlib.h>

#include "api.h"

static _Thread_local struct CUctx_st *stack[CONTEXT_STACK];
static _Thread_local int depth;

static bool is_live(const struct CUctx_st *context) {
    const struct CUctx_st *c = driver.contexts;
    while (c && c != context) {
        c = c->next;
    }
    return c;
}

static struct CUctx_st *current(void) {
    struct CUctx_st *top = depth ? stack[depth - 1] : NULL;
    return is_live(top) ? top : NULL; /* another thread may have destroyed it */
}

CUresult driver_context(struct CUctx_st **context) {
    if (!driver.ready) {
        return CUDA_ERROR_NOT_INITIALIZED;
    }
    *context = current();
    return *context ? (*context)->sticky : CUDA_ERROR_INVALID_CONTEXT;
}

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
    c->limits[CU_LIMIT_STACK_SIZE] = 1024;
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
    driver_streams_free(context);
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

void driver_memory_close(void) {
    for (size_t i = 0; i < MAX_DEVICES; i++) {
        struct device *device = &driver.devices[i];
        bool in_use = false;
        for (const struct CUctx_st *c = driver.contexts; c; c = c->next) {
            in_use = in_use || c->device == device;
        }
        if (device->has_memory && !in_use) {
            memory_close(&device->memory);
            device->has_memory = false;
        }
    }
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

DRIVER(cuCtxCreate_v4, CUcontext *context, CUctxCreateParams *params, unsigned flags, CUdevice device) {
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
    if (context && !is_live(context)) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    depth -= depth > 0;
    return context ? push(context) : CUDA_SUCCESS;
}

DRIVER(cuCtxPushCurrent_v2, CUcontext context) {
    LOCKED;
    if (!driver.ready) {
        return CUDA_ERROR_NOT_INITIALIZED;
    }
    return is_live(context) ? push(context) : CUDA_ERROR_INVALID_CONTEXT;
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

DRIVER(cuCtxGetDevice_v2, CUdevice *device, CUcontext of) {
    LOCKED;
    if (!device || (of && !is_live(of)) || (!of && !current())) {
        return device ? CUDA_ERROR_INVALID_CONTEXT : CUDA_ERROR_INVALID_VALUE;
    }
    *device = (of ? of : current())->device->ordinal;
    return CUDA_SUCCESS;
}

DRIVER(cuCtxSynchronize_v2, CUcontext of) {
    LOCKED;
    if (!driver.ready) {
        return CUDA_ERROR_NOT_INITIALIZED;
    }
    of = of ? of : current();
    return is_live(of) ? of->sticky : CUDA_ERROR_INVALID_CONTEXT;
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

DRIVER(cuCtxGetFlags, unsigned *flags) {
    ENTER;
    if (!flags) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *flags = 0;
    return CUDA_SUCCESS;
}

DRIVER(cuCtxGetApiVersion, CUcontext context, unsigned *version) {
    LOCKED;
    if (!version || (context && !is_live(context))) {
        return version ? CUDA_ERROR_INVALID_CONTEXT : CUDA_ERROR_INVALID_VALUE;
    }
    *version = 3020; /* of the interface with the suffix _v2 */
    return CUDA_SUCCESS;
}

/* Kernels get the local memory that they need, and none prints or allocates: limits are kept and mean
 * nothing. */
DRIVER(cuCtxGetLimit, size_t *value, CUlimit limit) {
    ENTER;
    if (!value) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if ((int)limit < 0 || (int)limit >= LIMITS) {
        return CUDA_ERROR_UNSUPPORTED_LIMIT;
    }
    *value = context->limits[limit];
    return CUDA_SUCCESS;
}

DRIVER(cuCtxSetLimit, CUlimit limit, size_t value) {
    ENTER;
    if ((int)limit < 0 || (int)limit >= LIMITS) {
        return CUDA_ERROR_UNSUPPORTED_LIMIT;
    }
    context->limits[limit] = value;
    return CUDA_SUCCESS;
}

DRIVER(cuCtxSetCacheConfig, CUfunc_cache config) {
    ENTER; /* a preference that changes nothing here */
    (void)config;
    return CUDA_SUCCESS;
}

DRIVER(cuCtxGetCacheConfig, CUfunc_cache *config) {
    ENTER;
    if (!config) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *config = CU_FUNC_CACHE_PREFER_NONE;
    return CUDA_SUCCESS;
}
