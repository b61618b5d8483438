/* api_device: what the devices are. */
#include <stdio.h>
#include <string.h>

#include "api.h"

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

DRIVER(cuDeviceComputeCapability, int *major, int *minor, CUdevice device) {
    DEVICE(device);
    if (!major || !minor) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *major = (int)device_of->profile->major;
    *minor = (int)device_of->profile->minor;
    return CUDA_SUCCESS;
}

DRIVER(cuDeviceGetPCIBusId, char *id, int length, CUdevice device) {
    DEVICE(device);
    if (!id || length < 13) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    snprintf(id, (size_t)length, "0000:%02x:00.0", device_of->ordinal + 1);
    return CUDA_SUCCESS;
}

DRIVER(cuDeviceGetByPCIBusId, CUdevice *device, const char *id) {
    LOCKED;
    if (!driver.ready) {
        return CUDA_ERROR_NOT_INITIALIZED;
    }
    if (!device || !id) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    unsigned bus = 0;
    const bool read = sscanf(id, "%*x:%x:", &bus) == 1;
    if (!read || !bus || bus > (unsigned)driver.device_count) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *device = (CUdevice)bus - 1;
    return CUDA_SUCCESS;
}

DRIVER(cuDeviceCanAccessPeer, int *can, CUdevice device, CUdevice peer) {
    DEVICE(device);
    if (!can) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *can = 0;
    return driver_device(peer) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}
