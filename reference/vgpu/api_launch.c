/* api_launch: launches. */
#include <stdio.h>
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

/* Says in vgpu_last_error what a launch was refused for. */
static CUresult refuse(const struct kernel *k, CUresult code, const char *what, uint64_t value,
                       uint64_t limit) {
    char text[256];
    snprintf(text, sizeof text, "launch of %.100s: %s: %llu, limit %llu", k->name, what,
             (unsigned long long)value, (unsigned long long)limit);
    driver_set_error(text);
    return code;
}

static CUresult validate_shape(const struct kernel *k, const unsigned grid[3], const unsigned block[3]) {
    static const unsigned grid_limits[] = {2147483647, 65535, 65535}, block_limits[] = {1024, 1024, 64};
    static const char *const grid_names[] = {"blocks in x", "blocks in y", "blocks in z"},
                             *const block_names[] = {"threads in x", "threads in y", "threads in z"};
    for (unsigned i = 0; i < 3; i++) {
        if (!grid[i] || grid[i] > grid_limits[i]) {
            return refuse(k, CUDA_ERROR_INVALID_VALUE, grid_names[i], grid[i], grid_limits[i]);
        }
        if (!block[i] || block[i] > block_limits[i]) {
            return refuse(k, CUDA_ERROR_INVALID_VALUE, block_names[i], block[i], block_limits[i]);
        }
    }
    const uint64_t threads = (uint64_t)block[0] * block[1] * block[2];
    if (threads > k->max_threads) {
        return refuse(k, CUDA_ERROR_INVALID_VALUE, "threads of a block", threads, k->max_threads);
    }
    if (k->required[0] && memcmp(k->required, block, sizeof k->required) != 0) {
        return refuse(k, CUDA_ERROR_INVALID_VALUE,
                      "the block is not of the shape that .reqntid requires; threads", threads,
                      k->max_threads);
    }
    return CUDA_SUCCESS;
}

static CUresult validate(const struct CUctx_st *context, const struct CUfunc_st *f, const unsigned grid[3],
                         const unsigned block[3], unsigned dynamic) {
    const struct kernel *k = f->kernel;
    const struct profile *profile = context->device->profile;
    const CUresult code = validate_shape(k, grid, block);
    if (code) {
        return code;
    }
    if ((uint64_t)k->shared_bytes + dynamic > f->dynamic_limit) {
        return refuse(k, CUDA_ERROR_INVALID_VALUE, "bytes of shared memory, static and dynamic",
                      (uint64_t)k->shared_bytes + dynamic, f->dynamic_limit);
    }
    if (dynamic && (uint64_t)k->dynamic_offset + dynamic > profile->shared_block_bytes) {
        return refuse(k, CUDA_ERROR_INVALID_VALUE, "bytes of shared memory with their alignment",
                      (uint64_t)k->dynamic_offset + dynamic, profile->shared_block_bytes);
    }
    const uint32_t threads = block[0] * block[1] * block[2];
    const uint32_t shared = dynamic ? k->dynamic_offset + dynamic : k->shared_bytes;
    return launch_occupancy(k, profile, threads, shared)
               ? CUDA_SUCCESS
               : refuse(k, CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, "registers of a block",
                        (uint64_t)launch_registers(k) * threads, profile->registers);
}

static CUresult run(struct CUctx_st *context, CUfunction f, const unsigned grid[3], const unsigned block[3],
                    unsigned dynamic, CUstream stream, void **params, void **extra) {
    if (!driver_function_known(context, f)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    double *const time = driver_stream_time(context, stream);
    if (!time) {
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
        *time += launch->counters.modeled_seconds;
        /* kernels fail asynchronously: the launch itself went well, everything after it does not */
        context->sticky = fault_codes[launch->fault];
    }
    free(values);
    free(launch);
    return code;
}

DRIVER_ON(_ptsz, cuLaunchKernel, CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx,
          unsigned by, unsigned bz, unsigned dynamic, CUstream stream, void **params, void **extra) {
    ENTER;
    return run(context, f, (const unsigned[]){gx, gy, gz}, (const unsigned[]){bx, by, bz}, dynamic, stream,
               params, extra);
}

DRIVER_ON(_ptsz, cuLaunchKernelEx, const CUlaunchConfig *config, CUfunction f, void **params, void **extra) {
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
