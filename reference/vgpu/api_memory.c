/* api_memory: allocation, copies and fills. Copies run at once; the asynchronous forms differ in nothing
 * but the stream whose modeled time passes. */
#include <stdlib.h>
#include <string.h>

#include "api.h"

static const double copy_latency = 5e-6, link_bytes_per_second = 25e9; /* PCIe 4 x16, rounded */

static uint8_t *host_of(const struct CUctx_st *context, uint64_t address) {
    return context->device->memory.host + (address - VGPU_GLOBAL_BASE);
}

static CUresult pass_time(struct CUctx_st *context, CUstream stream, double seconds) {
    double *const time = driver_stream_time(context, stream);
    if (!time) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    *time += seconds;
    return CUDA_SUCCESS;
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

DRIVER_ON(_ptsz, cuMemAllocAsync, CUdeviceptr *pointer, size_t bytes, CUstream stream) {
    const CUresult code = cuStreamQuery(stream);
    return code ? code : cuMemAlloc_v2(pointer, bytes);
}

DRIVER_ON(_ptsz, cuMemFreeAsync, CUdeviceptr pointer, CUstream stream) {
    const CUresult code = cuStreamQuery(stream);
    return code ? code : cuMemFree_v2(pointer);
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

DRIVER_ON(_ptsz, cuMemcpyHtoDAsync_v2, CUdeviceptr to, const void *from, size_t bytes, CUstream stream) {
    ENTER;
    const CUresult code = copy_in(context, to, from, bytes);
    return code ? code : pass_time(context, stream, copy_latency + (double)bytes / link_bytes_per_second);
}

DRIVER_ON(_ptsz, cuMemcpyDtoHAsync_v2, void *to, CUdeviceptr from, size_t bytes, CUstream stream) {
    ENTER;
    const CUresult code = copy_out(context, to, from, bytes);
    return code ? code : pass_time(context, stream, copy_latency + (double)bytes / link_bytes_per_second);
}

DRIVER_ON(_ptsz, cuMemcpyDtoDAsync_v2, CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
    ENTER;
    const CUresult code = copy_within(context, to, from, bytes);
    return code ? code
                : pass_time(context, stream,
                            copy_latency +
                                2 * (double)bytes / context->device->profile->dram_bytes_per_second);
}

DRIVER_ON(_ptds, cuMemcpyHtoD_v2, CUdeviceptr to, const void *from, size_t bytes) {
    return cuMemcpyHtoDAsync_v2(to, from, bytes, NULL);
}

DRIVER_ON(_ptds, cuMemcpyDtoH_v2, void *to, CUdeviceptr from, size_t bytes) {
    return cuMemcpyDtoHAsync_v2(to, from, bytes, NULL);
}

DRIVER_ON(_ptds, cuMemcpyDtoD_v2, CUdeviceptr to, CUdeviceptr from, size_t bytes) {
    return cuMemcpyDtoDAsync_v2(to, from, bytes, NULL);
}

/* Unified addresses: which side each pointer is on shows from its value. */
static CUresult copy_any(struct CUctx_st *context, uint64_t to, uint64_t from, size_t bytes) {
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

DRIVER_ON(_ptsz, cuMemcpyAsync, CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
    ENTER;
    const CUresult code = copy_any(context, to, from, bytes);
    const bool within = is_device(context, to) == is_device(context, from);
    const double rate = within ? context->device->profile->dram_bytes_per_second / 2 : link_bytes_per_second;
    return code ? code : pass_time(context, stream, copy_latency + (double)bytes / rate);
}

DRIVER_ON(_ptds, cuMemcpy, CUdeviceptr to, CUdeviceptr from, size_t bytes) {
    return cuMemcpyAsync(to, from, bytes, NULL);
}

/* One side of a copy of rows: where its first byte is, and how far apart rows are. False if it is an array or
 * wraps. */
static bool side_of(CUmemorytype type, const void *host, CUdeviceptr device, size_t x, size_t y, size_t pitch,
                    uint64_t *at) {
    *at = type == CU_MEMORYTYPE_HOST ? (uint64_t)(uintptr_t)host : device;
    *at += y * pitch + x;
    return type == CU_MEMORYTYPE_HOST || type == CU_MEMORYTYPE_DEVICE || type == CU_MEMORYTYPE_UNIFIED;
}

static CUresult copy_rows(const CUDA_MEMCPY2D *c, CUstream stream) {
    ENTER;
    uint64_t from, to;
    if (!c ||
        !side_of(c->srcMemoryType, c->srcHost, c->srcDevice, c->srcXInBytes, c->srcY, c->srcPitch, &from) ||
        !side_of(c->dstMemoryType, c->dstHost, c->dstDevice, c->dstXInBytes, c->dstY, c->dstPitch, &to)) {
        return c ? CUDA_ERROR_NOT_SUPPORTED : CUDA_ERROR_INVALID_VALUE;
    }
    if (c->Height > 1 && ((c->srcPitch && c->srcPitch < c->srcXInBytes + c->WidthInBytes) ||
                          (c->dstPitch && c->dstPitch < c->dstXInBytes + c->WidthInBytes))) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    const size_t from_pitch = c->srcPitch ? c->srcPitch : c->WidthInBytes,
                 to_pitch = c->dstPitch ? c->dstPitch : c->WidthInBytes;
    for (size_t row = 0; row < c->Height; row++) {
        const CUresult code =
            copy_any(context, to + row * to_pitch, from + row * from_pitch, c->WidthInBytes);
        if (code) {
            return code;
        }
    }
    return pass_time(context, stream,
                     copy_latency + (double)c->WidthInBytes * (double)c->Height / link_bytes_per_second);
}

DRIVER_ON(_ptds, cuMemcpy2D_v2, const CUDA_MEMCPY2D *copy) {
    return copy_rows(copy, NULL);
}

DRIVER_ON(_ptds, cuMemcpy2DUnaligned_v2, const CUDA_MEMCPY2D *copy) {
    return copy_rows(copy, NULL);
}

DRIVER_ON(_ptsz, cuMemcpy2DAsync_v2, const CUDA_MEMCPY2D *copy, CUstream stream) {
    return copy_rows(copy, stream);
}

/* ---- fills ---- */

static CUresult fill(CUdeviceptr to, size_t pitch, uint32_t value, unsigned width, size_t columns,
                     size_t rows, CUstream stream) {
    ENTER;
    if (to % width || pitch % width || (rows > 1 && pitch / width < columns)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
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
    return pass_time(context, stream,
                     copy_latency +
                         (double)(columns * rows * width) / context->device->profile->dram_bytes_per_second);
}

#define FILL(bits, T)                                                                                        \
    DRIVER_ON(_ptsz, cuMemsetD##bits##Async, CUdeviceptr to, T value, size_t count, CUstream stream) {       \
        return fill(to, 0, value, (bits) / 8, count, 1, stream);                                             \
    }                                                                                                        \
    DRIVER_ON(_ptds, cuMemsetD##bits##_v2, CUdeviceptr to, T value, size_t count) {                          \
        return fill(to, 0, value, (bits) / 8, count, 1, NULL);                                               \
    }                                                                                                        \
    DRIVER_ON(_ptsz, cuMemsetD2D##bits##Async, CUdeviceptr to, size_t pitch, T value, size_t width,          \
              size_t height, CUstream stream) {                                                              \
        return fill(to, pitch, value, (bits) / 8, width, height, stream);                                    \
    }                                                                                                        \
    DRIVER_ON(_ptds, cuMemsetD2D##bits##_v2, CUdeviceptr to, size_t pitch, T value, size_t width,            \
              size_t height) {                                                                               \
        return fill(to, pitch, value, (bits) / 8, width, height, NULL);                                      \
    }
FILL(8, unsigned char)
FILL(16, unsigned short)
FILL(32, unsigned)
