/* The functions of the CUDA driver and of NVRTC that are used, each with its prototype, under the names that
   the libraries export: a plain name such as cuMemAlloc binds an old interface, which is why versions are
   spelled out. Lists, to be expanded with a macro of (name, parameters). */
#ifndef KATUNE_CUDA_FUNCTIONS_H
#define KATUNE_CUDA_FUNCTIONS_H

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
    F(cuMemcpyHtoD_v2, (CUdeviceptr, const void *, size_t))                                                  \
    F(cuMemcpyDtoH_v2, (void *, CUdeviceptr, size_t))                                                        \
    F(cuMemsetD8Async, (CUdeviceptr, unsigned char, size_t, CUstream))                                       \
    F(cuStreamCreate, (CUstream *, unsigned))                                                                \
    F(cuStreamDestroy_v2, (CUstream))                                                                        \
    F(cuStreamSynchronize, (CUstream))                                                                       \
    F(cuEventCreate, (CUevent *, unsigned))                                                                  \
    F(cuEventDestroy_v2, (CUevent))                                                                          \
    F(cuEventRecord, (CUevent, CUstream))                                                                    \
    F(cuEventElapsedTime, (float *, CUevent, CUevent))                                                       \
    F(cuModuleLoadData, (CUmodule *, const void *))                                                          \
    F(cuModuleUnload, (CUmodule))                                                                            \
    F(cuModuleGetFunction, (CUfunction *, CUmodule, const char *))                                           \
    F(cuFuncSetAttribute, (CUfunction, CUfunction_attribute, int))                                           \
    F(cuOccupancyMaxActiveBlocksPerMultiprocessor, (int *, CUfunction, int, size_t))                         \
    F(cuLaunchKernel, (CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,     \
                       CUstream, void **, void **))

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

#endif
