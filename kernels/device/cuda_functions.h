/* The functions of the CUDA driver, of NVRTC and of NVML that are used, each with its prototype, under the
   names that the libraries export: a plain name such as cuMemAlloc binds an old interface, which is why
   versions are spelled out. Lists, to be expanded with a macro of (name, parameters); types with one of
   (name, representation), numbers with one of (our name, NVIDIA's name, value). A test compares all of them
   with cuda.h, nvrtc.h and nvml.h where these are installed. */
#ifndef KATUNE_CUDA_FUNCTIONS_H
#define KATUNE_CUDA_FUNCTIONS_H

#define CUDA_TYPES(T)                                                                                        \
    T(CUresult, unsigned)                                                                                    \
    T(CUdevice, int)                                                                                         \
    T(CUdevice_attribute, unsigned)                                                                          \
    T(CUfunction_attribute, unsigned)                                                                        \
    T(CUdeviceptr, unsigned long long)                                                                       \
    T(cuuint32_t, unsigned)                                                                                  \
    T(CUcontext, struct CUctx_st *)                                                                          \
    T(CUstream, struct CUstream_st *)                                                                        \
    T(CUevent, struct CUevent_st *)                                                                          \
    T(CUmodule, struct CUmod_st *)                                                                           \
    T(CUfunction, struct CUfunc_st *)

#define CUDA_NUMBERS(N)                                                                                      \
    N(CUDA_OK, CUDA_SUCCESS, 0)                                                                              \
    N(CUDA_IS_STUB, CUDA_ERROR_STUB_LIBRARY, 34)                                                             \
    N(CUDA_NO_GPU, CUDA_ERROR_NO_DEVICE, 100)                                                                \
    N(CUDA_MISMATCH, CUDA_ERROR_SYSTEM_DRIVER_MISMATCH, 803)                                                 \
    N(CUDA_CLOCK_KHZ, CU_DEVICE_ATTRIBUTE_CLOCK_RATE, 13)                                                    \
    N(CUDA_MULTIPROCESSORS, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 16)                                    \
    N(CUDA_PCI_BUS, CU_DEVICE_ATTRIBUTE_PCI_BUS_ID, 33)                                                      \
    N(CUDA_PCI_DEVICE, CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID, 34)                                                \
    N(CUDA_MEMORY_CLOCK_KHZ, CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE, 36)                                      \
    N(CUDA_MEMORY_BUS_BITS, CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH, 37)                                 \
    N(CUDA_L2_BYTES, CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE, 38)                                                  \
    N(CUDA_MULTIPROCESSOR_THREADS, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR, 39)                   \
    N(CUDA_PCI_DOMAIN, CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID, 50)                                                \
    N(CUDA_CAPABILITY_MAJOR, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 75)                               \
    N(CUDA_CAPABILITY_MINOR, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, 76)                               \
    N(CUDA_MULTIPROCESSOR_REGISTERS, CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR, 82)               \
    N(CUDA_BLOCK_SHARED_OPTIN, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, 97)                    \
    N(CUDA_FUNCTION_DYNAMIC_SHARED, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 8)                      \
    N(CUDA_STREAM_ORDERED, CU_STREAM_DEFAULT, 0)                                                             \
    N(CUDA_WAIT_AT_LEAST, CU_STREAM_WAIT_VALUE_GEQ, 0)

#define CUDA_FUNCTIONS(F)                                                                                    \
    F(cuInit, (unsigned))                                                                                    \
    F(cuDriverGetVersion, (int *))                                                                           \
    F(cuGetErrorName, (CUresult, const char **))                                                             \
    F(cuGetErrorString, (CUresult, const char **))                                                           \
    F(cuDeviceGetCount, (int *))                                                                             \
    F(cuDeviceGet, (CUdevice *, int))                                                                        \
    F(cuDeviceGetName, (char *, int, CUdevice))                                                              \
    F(cuDeviceTotalMem_v2, (size_t *, CUdevice))                                                             \
    F(cuDeviceGetAttribute, (int *, CUdevice_attribute, CUdevice))                                           \
    F(cuDevicePrimaryCtxRetain, (CUcontext *, CUdevice))                                                     \
    F(cuDevicePrimaryCtxRelease_v2, (CUdevice))                                                              \
    F(cuDevicePrimaryCtxReset_v2, (CUdevice))                                                                \
    F(cuCtxSetCurrent, (CUcontext))                                                                          \
    F(cuCtxSynchronize, (void))                                                                              \
    F(cuMemGetInfo_v2, (size_t *, size_t *))                                                                 \
    F(cuMemAlloc_v2, (CUdeviceptr *, size_t))                                                                \
    F(cuMemFree_v2, (CUdeviceptr))                                                                           \
    F(cuMemHostAlloc, (void **, size_t, unsigned))                                                           \
    F(cuMemFreeHost, (void *))                                                                               \
    F(cuMemcpyHtoD_v2, (CUdeviceptr, const void *, size_t))                                                  \
    F(cuMemcpyDtoH_v2, (void *, CUdeviceptr, size_t))                                                        \
    F(cuMemsetD8Async, (CUdeviceptr, unsigned char, size_t, CUstream))                                       \
    F(cuStreamCreate, (CUstream *, unsigned))                                                                \
    F(cuStreamDestroy_v2, (CUstream))                                                                        \
    F(cuStreamSynchronize, (CUstream))                                                                       \
    F(cuStreamWaitValue32_v2, (CUstream, CUdeviceptr, cuuint32_t, unsigned))                                 \
    F(cuEventCreate, (CUevent *, unsigned))                                                                  \
    F(cuEventDestroy_v2, (CUevent))                                                                          \
    F(cuEventRecord, (CUevent, CUstream))                                                                    \
    F(cuEventElapsedTime, (float *, CUevent, CUevent))                                                       \
    F(cuModuleLoadData, (CUmodule *, const void *))                                                          \
    F(cuModuleUnload, (CUmodule))                                                                            \
    F(cuModuleGetFunction, (CUfunction *, CUmodule, const char *))                                           \
    F(cuFuncSetAttribute, (CUfunction, CUfunction_attribute, int))                                           \
    F(cuLaunchKernel, (CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,     \
                       CUstream, void **, void **))

#define NVRTC_TYPES(T)                                                                                       \
    T(nvrtcResult, unsigned)                                                                                 \
    T(nvrtcProgram, struct _nvrtcProgram *)

#define NVRTC_FUNCTIONS(F)                                                                                   \
    F(nvrtcVersion, (int *, int *))                                                                          \
    F(nvrtcGetNumSupportedArchs, (int *))                                                                    \
    F(nvrtcGetSupportedArchs, (int *))                                                                       \
    F(nvrtcCreateProgram,                                                                                    \
      (nvrtcProgram *, const char *, const char *, int, const char *const *, const char *const *))           \
    F(nvrtcDestroyProgram, (nvrtcProgram *))                                                                 \
    F(nvrtcCompileProgram, (nvrtcProgram, int, const char *const *))                                         \
    F(nvrtcGetProgramLogSize, (nvrtcProgram, size_t *))                                                      \
    F(nvrtcGetProgramLog, (nvrtcProgram, char *))                                                            \
    F(nvrtcGetPTXSize, (nvrtcProgram, size_t *))                                                             \
    F(nvrtcGetPTX, (nvrtcProgram, char *))                                                                   \
    F(nvrtcGetCUBINSize, (nvrtcProgram, size_t *))                                                           \
    F(nvrtcGetCUBIN, (nvrtcProgram, char *))

#define NVML_TYPES(T)                                                                                        \
    T(nvmlReturn_t, unsigned)                                                                                \
    T(nvmlClockType_t, unsigned)                                                                             \
    T(nvmlDevice_t, struct nvmlDevice_st *)

#define NVML_NUMBERS(N)                                                                                      \
    N(NVML_OK, NVML_SUCCESS, 0)                                                                              \
    N(NVML_CLOCK_OF_UNITS, NVML_CLOCK_SM, 1)                                                                 \
    N(NVML_CLOCK_OF_MEMORY, NVML_CLOCK_MEM, 2)                                                               \
    N(NVML_POWER_CAP, nvmlClocksThrottleReasonSwPowerCap, 0x04)                                              \
    N(NVML_SLOWDOWN, nvmlClocksThrottleReasonHwSlowdown, 0x08)                                               \
    N(NVML_THERMAL_SOFTWARE, nvmlClocksThrottleReasonSwThermalSlowdown, 0x20)                                \
    N(NVML_THERMAL_HARDWARE, nvmlClocksThrottleReasonHwThermalSlowdown, 0x40)                                \
    N(NVML_POWER_BRAKE, nvmlClocksThrottleReasonHwPowerBrakeSlowdown, 0x80)

/* Drivers before 535 have ...ClocksEventReasons only as ...ClocksThrottleReasons, which 580 deprecates. */
#define NVML_REASONS_OLD "nvmlDeviceGetCurrentClocksThrottleReasons"

#define NVML_FUNCTIONS(F)                                                                                    \
    F(nvmlInit_v2, (void))                                                                                   \
    F(nvmlShutdown, (void))                                                                                  \
    F(nvmlSystemGetDriverVersion, (char *, unsigned))                                                        \
    F(nvmlDeviceGetHandleByPciBusId_v2, (const char *, nvmlDevice_t *))                                      \
    F(nvmlDeviceGetClockInfo, (nvmlDevice_t, nvmlClockType_t, unsigned *))                                   \
    F(nvmlDeviceGetMaxClockInfo, (nvmlDevice_t, nvmlClockType_t, unsigned *))                                \
    F(nvmlDeviceGetPowerUsage, (nvmlDevice_t, unsigned *))                                                   \
    F(nvmlDeviceGetEnforcedPowerLimit, (nvmlDevice_t, unsigned *))                                           \
    F(nvmlDeviceGetCurrentClocksEventReasons, (nvmlDevice_t, unsigned long long *))

#endif
