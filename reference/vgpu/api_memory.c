/* api_memory: allocation, copies and fills. Copies run at once; the asynchronous forms differ in nothing
 * but the stream whose modeled time passes. */
#include <stdlib.h>
#include <string.h>

#include "api.h"

static const double copy_latency = 5e-6, link_bytes_per_second = 25e9; /* PCIe 4 x16, rounded */

static uint8_t *host_of(const struct CUctx_st *context, uint64_t address) {
    return context->device->memory.host + (address - VGPU_GLOBAL_BASE);
}

static void pass_time(struct CUctx_st *context, CUstream stream, double seconds) {
    *driver_stream_time(context, stream) += seconds;
}

static bool is_device(const struct CUctx_st *context, uint64_t address) {
    return address - VGPU_GLOBAL_BASE < context->device->memory.capacity;
}

DRIVER(cuMemAlloc_v2, CUdeviceptr *pointer, size_t bytes) {
    ENTER;
    if (!pointer || !bytes) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *pointer = memory_alloc(&context->device->memory, bytes);
    return *pointer ? driver_own(context, *pointer) : CUDA_ERROR_OUT_OF_MEMORY;
}

DRIVER(cuMemAllocPitch_v2, CUdeviceptr *pointer, size_t *pitch, size_t width, size_t height,
       unsigned element) {
    if (!pitch || !width || !height || (element != 4 && element != 8 && element != 16)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *pitch = (width + 511) / 512 * 512;
    return cuMemAlloc_v2(pointer, *pitch * height);
}

DRIVER(cuMemFree_v2, CUdeviceptr pointer) {
    ENTER;
    if (!pointer) {
        return CUDA_SUCCESS;
    }
    const struct allocation *a = memory_find(&context->device->memory, pointer);
    if (!a || a->internal || !memory_free(&context->device->memory, pointer)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (size_t i = 0; i < context->owned_count; i++) {
        if (context->owned[i].address == pointer) {
            context->owned[i] = context->owned[--context->owned_count];
            break;
        }
    }
    return CUDA_SUCCESS;
}

DRIVER(cuMemAllocAsync, CUdeviceptr *pointer, size_t bytes, CUstream stream) {
    (void)stream;
    return cuMemAlloc_v2(pointer, bytes);
}

DRIVER(cuMemFreeAsync, CUdeviceptr pointer, CUstream stream) {
    (void)stream;
    return cuMemFree_v2(pointer);
}

DRIVER(cuMemGetInfo_v2, size_t *left, size_t *total) {
    ENTER;
    if (!left || !total) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *total = context->device->memory.capacity;
    *left = *total - context->device->memory.used;
    return CUDA_SUCCESS;
}

DRIVER(cuMemGetAddressRange_v2, CUdeviceptr *base, size_t *bytes, CUdeviceptr pointer) {
    ENTER;
    const struct allocation *a = memory_find(&context->device->memory, pointer);
    if (!a || a->freed) {
        return CUDA_ERROR_NOT_FOUND;
    }
    if (base) {
        *base = a->base;
    }
    if (bytes) {
        *bytes = a->bytes;
    }
    return CUDA_SUCCESS;
}

DRIVER(cuMemHostAlloc, void **pointer, size_t bytes, unsigned flags) {
    ENTER;
    (void)flags;
    if (!pointer || !bytes) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *pointer = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
    return *pointer ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

DRIVER(cuMemAllocHost_v2, void **pointer, size_t bytes) {
    return cuMemHostAlloc(pointer, bytes, 0);
}

DRIVER(cuMemFreeHost, void *pointer) {
    ENTER;
    free(pointer);
    return CUDA_SUCCESS;
}

/* ---- copies ---- */

static CUresult copy_in(struct CUctx_st *context, uint64_t to, const void *from, size_t bytes) {
    if (!bytes) {
        return CUDA_SUCCESS;
    }
    const struct allocation *a = memory_range(&context->device->memory, to, bytes);
    if (!a || !from) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    memcpy(host_of(context, to), from, bytes);
    memory_mark_copied(&context->device->memory, to, bytes);
    return CUDA_SUCCESS;
}

static CUresult copy_out(struct CUctx_st *context, void *to, uint64_t from, size_t bytes) {
    if (!bytes) {
        return CUDA_SUCCESS;
    }
    if (!to || !memory_range(&context->device->memory, from, bytes)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    memcpy(to, host_of(context, from), bytes);
    return CUDA_SUCCESS;
}

static CUresult copy_within(struct CUctx_st *context, uint64_t to, uint64_t from, size_t bytes) {
    struct memory *memory = &context->device->memory;
    if (!bytes) {
        return CUDA_SUCCESS;
    }
    if (!memory_range(memory, to, bytes) || !memory_range(memory, from, bytes)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    memmove(host_of(context, to), host_of(context, from), bytes);
    memory_mark_copied(memory, to, bytes);
    return CUDA_SUCCESS;
}

DRIVER(cuMemcpyHtoDAsync_v2, CUdeviceptr to, const void *from, size_t bytes, CUstream stream) {
    ENTER;
    pass_time(context, stream, copy_latency + (double)bytes / link_bytes_per_second);
    return copy_in(context, to, from, bytes);
}

DRIVER(cuMemcpyDtoHAsync_v2, void *to, CUdeviceptr from, size_t bytes, CUstream stream) {
    ENTER;
    pass_time(context, stream, copy_latency + (double)bytes / link_bytes_per_second);
    return copy_out(context, to, from, bytes);
}

DRIVER(cuMemcpyDtoDAsync_v2, CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
    ENTER;
    pass_time(context, stream,
              copy_latency + 2 * (double)bytes / context->device->profile->dram_bytes_per_second);
    return copy_within(context, to, from, bytes);
}

DRIVER(cuMemcpyHtoD_v2, CUdeviceptr to, const void *from, size_t bytes) {
    return cuMemcpyHtoDAsync_v2(to, from, bytes, NULL);
}

DRIVER(cuMemcpyDtoH_v2, void *to, CUdeviceptr from, size_t bytes) {
    return cuMemcpyDtoHAsync_v2(to, from, bytes, NULL);
}

DRIVER(cuMemcpyDtoD_v2, CUdeviceptr to, CUdeviceptr from, size_t bytes) {
    return cuMemcpyDtoDAsync_v2(to, from, bytes, NULL);
}

/* Unified addresses: which side each pointer is on shows from its value. */
DRIVER(cuMemcpyAsync, CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
    ENTER;
    pass_time(context, stream, copy_latency);
    if (is_device(context, to)) {
        return is_device(context, from) ? copy_within(context, to, from, bytes)
                                        : copy_in(context, to, (const void *)(uintptr_t)from, bytes);
    }
    if (is_device(context, from)) {
        return copy_out(context, (void *)(uintptr_t)to, from, bytes);
    }
    if (!to || !from) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    memmove((void *)(uintptr_t)to, (const void *)(uintptr_t)from, bytes);
    return CUDA_SUCCESS;
}

DRIVER(cuMemcpy, CUdeviceptr to, CUdeviceptr from, size_t bytes) {
    return cuMemcpyAsync(to, from, bytes, NULL);
}

/* ---- fills ---- */

static CUresult fill(CUdeviceptr to, size_t pitch, uint32_t value, unsigned width, size_t columns,
                     size_t rows, CUstream stream) {
    ENTER;
    if (to % width || pitch % width) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    pass_time(context, stream,
              copy_latency +
                  (double)(columns * rows * width) / context->device->profile->dram_bytes_per_second);
    for (size_t r = 0; r < rows; r++) {
        const uint64_t at = to + r * pitch;
        if (!columns) {
            continue;
        }
        if (!memory_range(&context->device->memory, at, columns * width)) {
            return CUDA_ERROR_INVALID_VALUE;
        }
        uint8_t *host = host_of(context, at);
        for (size_t c = 0; c < columns; c++) {
            memcpy(host + c * width, &value, width);
        }
        memory_mark_copied(&context->device->memory, at, columns * width);
    }
    return CUDA_SUCCESS;
}

#define FILL(bits, T)                                                                                        \
    DRIVER(cuMemsetD##bits##Async, CUdeviceptr to, T value, size_t count, CUstream stream) {                 \
        return fill(to, 0, value, (bits) / 8, count, 1, stream);                                             \
    }                                                                                                        \
    DRIVER(cuMemsetD##bits##_v2, CUdeviceptr to, T value, size_t count) {                                    \
        return fill(to, 0, value, (bits) / 8, count, 1, NULL);                                               \
    }                                                                                                        \
    DRIVER(cuMemsetD2D##bits##Async, CUdeviceptr to, size_t pitch, T value, size_t width, size_t height,     \
           CUstream stream) {                                                                                \
        return fill(to, pitch, value, (bits) / 8, width, height, stream);                                    \
    }                                                                                                        \
    DRIVER(cuMemsetD2D##bits##_v2, CUdeviceptr to, size_t pitch, T value, size_t width, size_t height) {     \
        return fill(to, pitch, value, (bits) / 8, width, height, NULL);                                      \
    }
FILL(8, unsigned char)
FILL(16, unsigned short)
FILL(32, unsigned)
