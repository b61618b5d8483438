/* api_launch: functions, launches, occupancy, streams and events. */
#include <stdlib.h>
#include <string.h>

#include "api.h"

static const CUresult fault_codes[] = {
    [FAULT_NONE] = CUDA_SUCCESS,
    [FAULT_ADDRESS] = CUDA_ERROR_ILLEGAL_ADDRESS,
    [FAULT_MISALIGNED] = CUDA_ERROR_MISALIGNED_ADDRESS,
    [FAULT_TRAP] = CUDA_ERROR_LAUNCH_FAILED,
    [FAULT_ASSERT] = CUDA_ERROR_ASSERT,
    [FAULT_DEADLOCK] = CUDA_ERROR_LAUNCH_TIMEOUT,
    [FAULT_RUNAWAY] = CUDA_ERROR_LAUNCH_TIMEOUT,
    [FAULT_INTERNAL] = CUDA_ERROR_UNKNOWN,
};

static bool known(const struct CUctx_st *context, const struct CUfunc_st *function) {
    for (const struct CUmod_st *m = context->modules; m; m = m->next) {
        for (const struct CUfunc_st *f = m->functions; f; f = f->next) {
            if (f == function) {
                return true;
            }
        }
    }
    return false;
}

/* ---- attributes ---- */

DRIVER(cuFuncGetAttribute, int *value, CUfunction_attribute attribute, CUfunction function) {
    ENTER;
    if (!value || !known(context, function)) {
        return value ? CUDA_ERROR_INVALID_HANDLE : CUDA_ERROR_INVALID_VALUE;
    }
    const struct kernel *k = function->kernel;
    const struct profile *p = context->device->profile;
    const int values[] = {
        [CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK] = (int)k->max_threads,
        [CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES] = (int)k->shared_bytes,
        [CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES] = 0,
        [CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES] = (int)k->local_bytes,
        [CU_FUNC_ATTRIBUTE_NUM_REGS] = (int)launch_registers(k),
        [CU_FUNC_ATTRIBUTE_PTX_VERSION] = (int)k->module->sm,
        [CU_FUNC_ATTRIBUTE_BINARY_VERSION] = (int)(10 * p->major + p->minor),
        [CU_FUNC_ATTRIBUTE_CACHE_MODE_CA] = 0,
        [CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES] = (int)(function->dynamic_limit - k->shared_bytes),
        [CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT] = -1,
    };
    if ((int)attribute < 0 || (int)attribute >= (int)(sizeof values / sizeof *values)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *value = values[attribute];
    return CUDA_SUCCESS;
}

DRIVER(cuFuncSetAttribute, CUfunction function, CUfunction_attribute attribute, int value) {
    ENTER;
    if (!known(context, function)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    if (attribute == CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT) {
        return value < -1 || value > 100 ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
    }
    const int64_t most =
        (int64_t)context->device->profile->shared_block_bytes - function->kernel->shared_bytes;
    if (attribute != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES || value < 0 || value > most) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    function->dynamic_limit = (uint32_t)value + function->kernel->shared_bytes;
    return CUDA_SUCCESS;
}

DRIVER(cuFuncSetCacheConfig, CUfunction function, int config) {
    ENTER;
    (void)config;
    return known(context, function) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

DRIVER(cuFuncGetModule, CUmodule *module, CUfunction function) {
    ENTER;
    if (!module || !known(context, function)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *module = function->module;
    return CUDA_SUCCESS;
}

DRIVER(cuFuncGetName, const char **name, CUfunction function) {
    ENTER;
    if (!name || !known(context, function)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *name = function->kernel->name;
    return CUDA_SUCCESS;
}

DRIVER(cuFuncGetParamInfo, CUfunction function, size_t index, size_t *offset, size_t *bytes) {
    ENTER;
    if (!known(context, function) || index >= function->kernel->param_count) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (offset) {
        *offset = function->kernel->params[index].offset;
    }
    if (bytes) {
        *bytes = function->kernel->params[index].bytes;
    }
    return CUDA_SUCCESS;
}

DRIVER(cuKernelGetAttribute, int *value, CUfunction_attribute attribute, CUkernel kernel, CUdevice device) {
    (void)device;
    return cuFuncGetAttribute(value, attribute, (CUfunction)kernel);
}

DRIVER(cuKernelSetAttribute, CUfunction_attribute attribute, int value, CUkernel kernel, CUdevice device) {
    (void)device;
    return cuFuncSetAttribute((CUfunction)kernel, attribute, value);
}

/* ---- launches ---- */

static CUresult gather_params(const struct kernel *k, void **params, void **extra, uint8_t *to) {
    if (params) {
        for (uint32_t i = 0; i < k->param_count; i++) {
            if (!params[i]) {
                return CUDA_ERROR_INVALID_VALUE;
            }
            memcpy(to + k->params[i].offset, params[i], k->params[i].bytes);
        }
        return extra ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
    }
    const void *buffer = NULL;
    size_t bytes = 0;
    for (void **at = extra; at && *at != CU_LAUNCH_PARAM_END; at += 2) {
        if (*at == CU_LAUNCH_PARAM_BUFFER_POINTER) {
            buffer = at[1];
        } else if (*at == CU_LAUNCH_PARAM_BUFFER_SIZE) {
            bytes = *(const size_t *)at[1];
        } else {
            return CUDA_ERROR_INVALID_VALUE;
        }
    }
    if (k->param_bytes && (!buffer || bytes < k->param_bytes)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (k->param_bytes) {
        memcpy(to, buffer, k->param_bytes);
    }
    return CUDA_SUCCESS;
}

static CUresult validate(const struct CUctx_st *context, const struct CUfunc_st *f, const unsigned grid[3],
                         const unsigned block[3], unsigned dynamic) {
    const struct kernel *k = f->kernel;
    static const unsigned grid_limits[] = {2147483647, 65535, 65535}, block_limits[] = {1024, 1024, 64};
    for (unsigned i = 0; i < 3; i++) {
        if (!grid[i] || !block[i] || grid[i] > grid_limits[i] || block[i] > block_limits[i]) {
            return CUDA_ERROR_INVALID_VALUE;
        }
    }
    const uint64_t threads = (uint64_t)block[0] * block[1] * block[2];
    if (threads > 1024 || threads > k->max_threads ||
        (k->required[0] && memcmp(k->required, block, sizeof k->required) != 0)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if ((uint64_t)k->shared_bytes + dynamic > f->dynamic_limit ||
        (uint64_t)k->dynamic_offset + dynamic > context->device->profile->shared_block_bytes) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    const uint32_t shared = dynamic ? k->dynamic_offset + dynamic : k->shared_bytes;
    return launch_occupancy(k, context->device->profile, (uint32_t)threads, shared)
               ? CUDA_SUCCESS
               : CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
}

static CUresult run(struct CUctx_st *context, CUfunction f, const unsigned grid[3], const unsigned block[3],
                    unsigned dynamic, CUstream stream, void **params, void **extra) {
    if (!known(context, f)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    CUresult code = validate(context, f, grid, block, dynamic);
    if (code) {
        return code;
    }
    uint8_t *values = calloc(1, f->kernel->param_bytes + 16u);
    struct launch *launch = calloc(1, sizeof *launch);
    code = values && launch ? gather_params(f->kernel, params, extra, values) : CUDA_ERROR_OUT_OF_MEMORY;
    if (!code) {
        *launch = (struct launch){
            .kernel = f->kernel,
            .profile = context->device->profile,
            .memory = &context->device->memory,
            .grid = {grid[0], grid[1], grid[2]},
            .block = {block[0], block[1], block[2]},
            .shared_bytes = dynamic ? f->kernel->dynamic_offset + dynamic : f->kernel->shared_bytes,
            .dynamic_bytes = dynamic,
            .threads = block[0] * block[1] * block[2],
            .params = values,
            /* other blocks' part of a sampled result was never written */
            .checks = driver.checks & ~(driver.sampling ? (unsigned)CHECK_INIT : 0),
            .host_threads = driver.host_threads,
            .relaxed = driver.relaxed,
            .limit = driver.limit,
            .number = ++driver.launches,
            .sampling = driver.sampling,
        };
        code = launch_run(launch) ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
    }
    if (!code) {
        driver.counters = launch->counters;
        *driver_stream_time(context, stream) += launch->counters.modeled_seconds;
        /* kernels fail asynchronously: the launch itself went well, everything after it does not */
        context->sticky = fault_codes[launch->fault];
    }
    free(values);
    free(launch);
    return code;
}

DRIVER(cuLaunchKernel, CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
       unsigned bz, unsigned dynamic, CUstream stream, void **params, void **extra) {
    ENTER;
    return run(context, f, (const unsigned[]){gx, gy, gz}, (const unsigned[]){bx, by, bz}, dynamic, stream,
               params, extra);
}

DRIVER(cuLaunchKernelEx, const CUlaunchConfig *config, CUfunction f, void **params, void **extra) {
    ENTER;
    if (!config || (config->numAttrs && !config->attrs)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (unsigned i = 0; i < config->numAttrs; i++) {
        const CUlaunchAttribute *a = &config->attrs[i];
        const bool cluster =
            a->id == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION &&
            (a->value.clusterDim.x != 1 || a->value.clusterDim.y != 1 || a->value.clusterDim.z != 1);
        if (cluster || (a->id == CU_LAUNCH_ATTRIBUTE_COOPERATIVE && a->value.cooperative)) {
            return CUDA_ERROR_NOT_SUPPORTED;
        }
    }
    return run(context, f, (const unsigned[]){config->gridDimX, config->gridDimY, config->gridDimZ},
               (const unsigned[]){config->blockDimX, config->blockDimY, config->blockDimZ},
               config->sharedMemBytes, config->hStream, params, extra);
}

DRIVER(cuLaunchHostFunc, CUstream stream, CUhostFn function, void *data) {
    (void)stream;
    if (!function) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    function(data); /* without the lock: it may not call the driver, but it may take its time */
    return CUDA_SUCCESS;
}

/* ---- occupancy ---- */

DRIVER(cuOccupancyMaxActiveBlocksPerMultiprocessor, int *blocks, CUfunction f, int threads, size_t dynamic) {
    ENTER;
    if (!blocks || threads < 1 || !known(context, f)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    const uint32_t shared = dynamic ? f->kernel->dynamic_offset + (uint32_t)dynamic : f->kernel->shared_bytes;
    *blocks = (int)launch_occupancy(f->kernel, context->device->profile, (uint32_t)threads, shared);
    return CUDA_SUCCESS;
}

DRIVER(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags, int *blocks, CUfunction f, int threads,
       size_t dynamic, unsigned flags) {
    (void)flags;
    return cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, f, threads, dynamic);
}

DRIVER(cuOccupancyMaxPotentialBlockSize, int *grid, int *block, CUfunction f, CUoccupancyB2DSize size_of,
       size_t dynamic, int limit) {
    ENTER;
    if (!grid || !block || !known(context, f)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    uint32_t best = 0;
    const uint32_t most =
        limit > 0 && (uint32_t)limit < f->kernel->max_threads ? (uint32_t)limit : f->kernel->max_threads;
    for (uint32_t threads = most; threads >= 1; threads = threads > 32 ? (threads - 1) / 32 * 32 : 0) {
        const size_t bytes = size_of ? size_of((int)threads) : dynamic;
        const uint32_t blocks = launch_occupancy(f->kernel, context->device->profile, threads,
                                                 f->kernel->dynamic_offset + (uint32_t)bytes);
        if (blocks * threads > best) {
            best = blocks * threads;
            *block = (int)threads;
            *grid = (int)(blocks * context->device->profile->multiprocessors);
        }
    }
    return best ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

/* ---- streams: modeled time ---- */

static bool is_default(CUstream stream) {
    return (uintptr_t)stream <= 2; /* NULL, CU_STREAM_LEGACY, CU_STREAM_PER_THREAD */
}

double *driver_stream_time(struct CUctx_st *context, CUstream stream) {
    if (!is_default(stream)) {
        /* the default stream holds the others up */
        stream->time = stream->time > context->default_time ? stream->time : context->default_time;
        return &stream->time;
    }
    for (const struct CUstream_st *s = context->streams; s; s = s->next) {
        context->default_time = s->time > context->default_time ? s->time : context->default_time;
    }
    return &context->default_time;
}

DRIVER(cuStreamCreateWithPriority, CUstream *stream, unsigned flags, int priority) {
    ENTER;
    (void)flags;
    (void)priority;
    if (!stream) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    struct CUstream_st *s = calloc(1, sizeof *s);
    if (!s) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    *s = (struct CUstream_st){context->streams, context, context->default_time};
    context->streams = s;
    *stream = s;
    return CUDA_SUCCESS;
}

DRIVER(cuStreamCreate, CUstream *stream, unsigned flags) {
    return cuStreamCreateWithPriority(stream, flags, 0);
}

DRIVER(cuStreamDestroy_v2, CUstream stream) {
    ENTER;
    for (struct CUstream_st **link = &context->streams; *link; link = &(*link)->next) {
        if (*link == stream) {
            *link = stream->next;
            free(stream);
            return CUDA_SUCCESS;
        }
    }
    return CUDA_ERROR_INVALID_HANDLE;
}

DRIVER(cuStreamSynchronize, CUstream stream) {
    ENTER;
    (void)stream;
    return CUDA_SUCCESS;
}

DRIVER(cuStreamQuery, CUstream stream) {
    return cuStreamSynchronize(stream);
}

DRIVER(cuStreamWaitEvent, CUstream stream, CUevent event, unsigned flags) {
    ENTER;
    (void)flags;
    if (!event) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    double *time = driver_stream_time(context, stream);
    *time = event->recorded && event->time > *time ? event->time : *time;
    return CUDA_SUCCESS;
}

/* ---- events ---- */

DRIVER(cuEventCreate, CUevent *event, unsigned flags) {
    ENTER;
    (void)flags;
    if (!event) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *event = calloc(1, sizeof **event);
    if (!*event) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    (*event)->context = context;
    return CUDA_SUCCESS;
}

DRIVER(cuEventDestroy_v2, CUevent event) {
    LOCKED;
    if (!event) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    free(event);
    return CUDA_SUCCESS;
}

DRIVER(cuEventRecord, CUevent event, CUstream stream) {
    ENTER;
    if (!event) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    event->time = *driver_stream_time(context, stream);
    event->recorded = true;
    return CUDA_SUCCESS;
}

DRIVER(cuEventRecordWithFlags, CUevent event, CUstream stream, unsigned flags) {
    (void)flags;
    return cuEventRecord(event, stream);
}

DRIVER(cuEventSynchronize, CUevent event) {
    ENTER;
    return event ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

DRIVER(cuEventQuery, CUevent event) {
    return cuEventSynchronize(event);
}

static CUresult elapsed(float *milliseconds, CUevent start, CUevent end) {
    ENTER;
    if (!milliseconds || !start || !end) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (!start->recorded || !end->recorded) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    *milliseconds = (float)(1e3 * (end->time - start->time));
    return CUDA_SUCCESS;
}

DRIVER(cuEventElapsedTime, float *milliseconds, CUevent start, CUevent end) {
    return elapsed(milliseconds, start, end);
}

DRIVER(cuEventElapsedTime_v2, float *milliseconds, CUevent start, CUevent end) {
    return elapsed(milliseconds, start, end);
}
