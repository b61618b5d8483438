/* api_function: attributes of functions, and how many blocks of one fit on a multiprocessor. */
#include "api.h"

bool driver_function_known(const struct CUctx_st *context, const struct CUfunc_st *function) {
    for (const struct CUmod_st *m = context->modules; m; m = m->next) {
        for (const struct CUfunc_st *f = m->functions; f; f = f->next) {
            if (f == function) {
                return true;
            }
        }
    }
    return false;
}

DRIVER(cuFuncGetAttribute, int *value, CUfunction_attribute attribute, CUfunction function) {
    ENTER;
    if (!value || !driver_function_known(context, function)) {
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
    if (!driver_function_known(context, function)) {
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

DRIVER(cuFuncSetCacheConfig, CUfunction function, CUfunc_cache config) {
    ENTER;
    (void)config;
    return driver_function_known(context, function) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

DRIVER(cuFuncGetModule, CUmodule *module, CUfunction function) {
    ENTER;
    if (!module || !driver_function_known(context, function)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *module = function->module;
    return CUDA_SUCCESS;
}

DRIVER(cuFuncGetName, const char **name, CUfunction function) {
    ENTER;
    if (!name || !driver_function_known(context, function)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *name = function->kernel->name;
    return CUDA_SUCCESS;
}

DRIVER(cuFuncGetParamInfo, CUfunction function, size_t index, size_t *offset, size_t *bytes) {
    ENTER;
    if (!driver_function_known(context, function) || index >= function->kernel->param_count) {
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

DRIVER(cuKernelSetCacheConfig, CUkernel kernel, CUfunc_cache config, CUdevice device) {
    (void)device;
    return cuFuncSetCacheConfig((CUfunction)kernel, config);
}

DRIVER(cuKernelGetName, const char **name, CUkernel kernel) {
    return cuFuncGetName(name, (CUfunction)kernel);
}

DRIVER(cuKernelGetParamInfo, CUkernel kernel, size_t index, size_t *offset, size_t *bytes) {
    return cuFuncGetParamInfo((CUfunction)kernel, index, offset, bytes);
}

DRIVER(cuKernelGetLibrary, CUlibrary *library, CUkernel kernel) {
    return cuFuncGetModule((CUmodule *)library, (CUfunction)kernel);
}

/* Functions are decoded when their module is loaded. */
DRIVER(cuFuncIsLoaded, CUfunctionLoadingState *state, CUfunction function) {
    ENTER;
    if (!state || !driver_function_known(context, function)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *state = CU_FUNCTION_LOADING_STATE_LOADED;
    return CUDA_SUCCESS;
}

DRIVER(cuFuncLoad, CUfunction function) {
    ENTER;
    return driver_function_known(context, function) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

/* ---- occupancy ---- */

DRIVER(cuOccupancyMaxActiveBlocksPerMultiprocessor, int *blocks, CUfunction f, int threads, size_t dynamic) {
    ENTER;
    if (!blocks || threads < 1 || !driver_function_known(context, f)) {
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
    if (!grid || !block || !driver_function_known(context, f)) {
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

DRIVER(cuOccupancyMaxPotentialBlockSizeWithFlags, int *grid, int *block, CUfunction f,
       CUoccupancyB2DSize size_of, size_t dynamic, int limit, unsigned flags) {
    (void)flags;
    return cuOccupancyMaxPotentialBlockSize(grid, block, f, size_of, dynamic, limit);
}

DRIVER(cuOccupancyAvailableDynamicSMemPerBlock, size_t *bytes, CUfunction f, int blocks, int threads) {
    ENTER;
    if (!bytes || blocks < 1 || threads < 1 || !driver_function_known(context, f)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    const struct profile *p = context->device->profile;
    size_t low = 0, high = p->shared_block_bytes - f->kernel->dynamic_offset + 1u;
    while (low + 1 < high) { /* as much as leaves room for that many blocks */
        const size_t middle = (low + high) / 2;
        const uint32_t fit =
            launch_occupancy(f->kernel, p, (uint32_t)threads, f->kernel->dynamic_offset + (uint32_t)middle);
        *(fit >= (uint32_t)blocks ? &low : &high) = middle;
    }
    *bytes = low;
    return CUDA_SUCCESS;
}
