/* The CUDA driver, loaded at run time: neither its header nor its library is needed to build. The types have
   the names and the representation of cuda.h; a test compares them with it where it is installed. */
#ifndef KATUNE_CUDA_API_H
#define KATUNE_CUDA_API_H

#include <stddef.h>

#include "../error.h"
#include "cuda_functions.h"

#ifndef CUDA_VERSION /* cuda.h was not included before */
typedef unsigned CUresult;
typedef int CUdevice;
typedef unsigned CUdevice_attribute;
typedef unsigned CUfunction_attribute;
typedef unsigned long long CUdeviceptr;
typedef struct CUctx_st *CUcontext;
typedef struct CUstream_st *CUstream;
typedef struct CUevent_st *CUevent;
typedef struct CUmod_st *CUmodule;
typedef struct CUfunc_st *CUfunction;
#endif

enum cuda_code {
    CUDA_OK = 0,
    CUDA_OUT_OF_MEMORY = 2,
    CUDA_NO_DEVICE = 100,
    CUDA_INVALID_DEVICE = 101,
};

enum cuda_attribute {
    CUDA_CLOCK_KHZ = 13,
    CUDA_MULTIPROCESSORS = 16,
    CUDA_PCI_BUS = 33,
    CUDA_PCI_DEVICE = 34,
    CUDA_MEMORY_CLOCK_KHZ = 36,
    CUDA_MEMORY_BUS_BITS = 37,
    CUDA_L2_BYTES = 38,
    CUDA_MULTIPROCESSOR_THREADS = 39,
    CUDA_PCI_DOMAIN = 50,
    CUDA_CAPABILITY_MAJOR = 75,
    CUDA_CAPABILITY_MINOR = 76,
    CUDA_MULTIPROCESSOR_SHARED = 81,
    CUDA_MULTIPROCESSOR_REGISTERS = 82,
    CUDA_BLOCK_SHARED_OPTIN = 97,
};

enum { CUDA_FUNCTION_DYNAMIC_SHARED = 8, CUDA_STREAM_NON_BLOCKING = 1 };

struct cuda_api {
    void *library;
    char path[512]; /* what was loaded */
#define DECLARE(name, parameters) CUresult(*name) parameters;
    CUDA_FUNCTIONS(DECLARE)
#undef DECLARE
};

/* Loads a driver: the library of this path, or NULL for the one KATUNE_LIBCUDA names, else libcuda.so.1.
   False and what is missing and how to get it. Closing gives it back; both may be repeated. */
bool cuda_api_open(struct cuda_api *api, const char *path, struct error *err);
void cuda_api_close(struct cuda_api *api);

/* "CUDA_ERROR_OUT_OF_MEMORY (out of memory)". */
void cuda_code_text(const struct cuda_api *api, CUresult code, char *text, size_t size);

/* Sets err to "cuMemAlloc_v2: CUDA_ERROR_... (...)" and returns false, unless the code is CUDA_OK. */
bool cuda_ok(const struct cuda_api *api, CUresult code, const char *call, struct error *err);

#endif
