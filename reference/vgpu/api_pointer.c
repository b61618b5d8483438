/* api_pointer: what a pointer points to; host memory that the driver hands out or is told of. Kernels cannot
 * reach host memory: it has no address on the device. */
#include <stdlib.h>
#include <string.h>

#include "api.h"

DRIVER(cuMemHostAlloc, void **pointer, size_t bytes, unsigned flags) {
    ENTER;
    (void)flags;
    if (!pointer || !bytes) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    const size_t whole = (bytes + 4095) / 4096 * 4096;
    *pointer = whole < bytes ? NULL : aligned_alloc(4096, whole);
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

/* Copies are as quick from any memory of the host. */
DRIVER(cuMemHostRegister_v2, void *pointer, size_t bytes, unsigned flags) {
    ENTER;
    (void)flags;
    return pointer && bytes ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

DRIVER(cuMemHostUnregister, void *pointer) {
    ENTER;
    return pointer ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

static CUresult attribute_of(struct CUctx_st *context, void *data, CUpointer_attribute attribute,
                             CUdeviceptr pointer) {
    const struct allocation *a = memory_find(&context->device->memory, pointer);
    if (!data || !a || a->freed) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    switch (attribute) {
    case CU_POINTER_ATTRIBUTE_CONTEXT: *(CUcontext *)data = context; return CUDA_SUCCESS;
    case CU_POINTER_ATTRIBUTE_MEMORY_TYPE: *(unsigned *)data = CU_MEMORYTYPE_DEVICE; return CUDA_SUCCESS;
    case CU_POINTER_ATTRIBUTE_DEVICE_POINTER: *(CUdeviceptr *)data = pointer; return CUDA_SUCCESS;
    case CU_POINTER_ATTRIBUTE_IS_MANAGED: *(unsigned *)data = 0; return CUDA_SUCCESS;
    case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL: *(int *)data = context->device->ordinal; return CUDA_SUCCESS;
    case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR: *(CUdeviceptr *)data = a->base; return CUDA_SUCCESS;
    case CU_POINTER_ATTRIBUTE_RANGE_SIZE: *(size_t *)data = a->bytes; return CUDA_SUCCESS;
    case CU_POINTER_ATTRIBUTE_HOST_POINTER: return CUDA_ERROR_INVALID_VALUE; /* there is none */
    default: return CUDA_ERROR_NOT_SUPPORTED;
    }
}

DRIVER(cuPointerGetAttribute, void *data, CUpointer_attribute attribute, CUdeviceptr pointer) {
    ENTER;
    return attribute_of(context, data, attribute, pointer);
}

/* What is not known of a pointer is left alone, and is no error. */
DRIVER(cuPointerGetAttributes, unsigned count, CUpointer_attribute *attributes, void **data,
       CUdeviceptr pointer) {
    ENTER;
    if (!count || !attributes || !data) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (unsigned i = 0; i < count; i++) {
        attribute_of(context, data[i], attributes[i], pointer);
    }
    return CUDA_SUCCESS;
}
