/* Compiled twice: with cuda_abi.h, and with cuda.h in its place. */
#include "cuda_abi.h"

#include "abi_numbers.h"

#define NUMBER(name) {#name, (long long)name},
#define SIZE(type) {"sizeof " #type, (long long)sizeof(type)},
#define PLACE(type, member) {#type "." #member, (long long)offsetof(type, member)},

static const struct abi_number rows[] = {
#include "abi_numbers.inc"
    SIZE(CUdevice) SIZE(CUdeviceptr) SIZE(CUuuid) SIZE(CUresult) SIZE(CUlaunchAttribute)
        PLACE(CUlaunchAttribute, id) PLACE(CUlaunchAttribute, value) SIZE(CUlaunchAttributeValue)
            PLACE(CUlaunchAttributeValue, clusterDim.z) PLACE(CUlaunchAttributeValue, cooperative)
                SIZE(CUlaunchConfig) PLACE(CUlaunchConfig, gridDimX) PLACE(CUlaunchConfig, blockDimZ)
                    PLACE(CUlaunchConfig, sharedMemBytes) PLACE(CUlaunchConfig, hStream)
                        PLACE(CUlaunchConfig, attrs) PLACE(CUlaunchConfig, numAttrs) SIZE(CUDA_MEMCPY2D)
                            PLACE(CUDA_MEMCPY2D, srcXInBytes) PLACE(CUDA_MEMCPY2D, srcMemoryType)
                                PLACE(CUDA_MEMCPY2D, srcHost) PLACE(CUDA_MEMCPY2D, srcPitch)
                                    PLACE(CUDA_MEMCPY2D, dstY) PLACE(CUDA_MEMCPY2D, dstDevice)
                                        PLACE(CUDA_MEMCPY2D, WidthInBytes) PLACE(CUDA_MEMCPY2D, Height)};

const struct abi_table ABI_TABLE = {rows, sizeof rows / sizeof *rows};
