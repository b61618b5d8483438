/* api_names: names of errors, look-up of functions, and functions that are not supported. */
#define _GNU_SOURCE 1 /* dladdr */

#include <string.h>
#include <dlfcn.h>

#include "api.h"

static const struct {
    CUresult code;
    const char *name, *text;
} errors[] = {
    {CUDA_SUCCESS, "CUDA_SUCCESS", "no error"},
    {CUDA_ERROR_INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {CUDA_ERROR_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {CUDA_ERROR_NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {CUDA_ERROR_NO_DEVICE, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {CUDA_ERROR_INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {CUDA_ERROR_INVALID_IMAGE, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {CUDA_ERROR_INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {CUDA_ERROR_NO_BINARY_FOR_GPU, "CUDA_ERROR_NO_BINARY_FOR_GPU",
     "no kernel image is available for execution on the device"},
    {CUDA_ERROR_INVALID_PTX, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
    {CUDA_ERROR_FILE_NOT_FOUND, "CUDA_ERROR_FILE_NOT_FOUND", "file not found"},
    {CUDA_ERROR_INVALID_HANDLE, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {CUDA_ERROR_NOT_FOUND, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {CUDA_ERROR_ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
     "too many resources requested for launch"},
    {CUDA_ERROR_LAUNCH_TIMEOUT, "CUDA_ERROR_LAUNCH_TIMEOUT", "the launch timed out and was terminated"},
    {CUDA_ERROR_PRIMARY_CONTEXT_ACTIVE, "CUDA_ERROR_PRIMARY_CONTEXT_ACTIVE",
     "cannot set while device is active in this process"},
    {CUDA_ERROR_CONTEXT_IS_DESTROYED, "CUDA_ERROR_CONTEXT_IS_DESTROYED", "context is destroyed"},
    {CUDA_ERROR_UNSUPPORTED_LIMIT, "CUDA_ERROR_UNSUPPORTED_LIMIT",
     "limit is not supported on this architecture"},
    {CUDA_ERROR_ASSERT, "CUDA_ERROR_ASSERT", "device-side assert triggered"},
    {CUDA_ERROR_MISALIGNED_ADDRESS, "CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned address"},
    {CUDA_ERROR_LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {CUDA_ERROR_NOT_SUPPORTED, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {CUDA_ERROR_UNKNOWN, "CUDA_ERROR_UNKNOWN", "unknown error"},
};

static CUresult error_text(CUresult code, const char **text, bool name) {
    for (size_t i = 0; text && i < sizeof errors / sizeof *errors; i++) {
        if (errors[i].code == code) {
            *text = name ? errors[i].name : errors[i].text;
            return CUDA_SUCCESS;
        }
    }
    if (text) {
        *text = NULL;
    }
    return CUDA_ERROR_INVALID_VALUE;
}

DRIVER(cuGetErrorName, CUresult code, const char **text) {
    return error_text(code, text, true);
}

DRIVER(cuGetErrorString, CUresult code, const char **text) {
    return error_text(code, text, false);
}

/* Versions of functions whose arguments or meaning changed with a release of CUDA after 4.0, newest first;
 * what has another suffix has had it since then. */
static const struct {
    const char *name;
    int since;
} versions[] = {
    {"cuCtxCreate_v4", 12050},        {"cuCtxCreate_v3", 11040},     {"cuCtxGetDevice_v2", 13000},
    {"cuCtxSynchronize_v2", 13000},   {"cuStreamGetCtx_v2", 12050},  {"cuGetProcAddress_v2", 12000},
    {"cuEventElapsedTime_v2", 12080}, {"cuDeviceGetUuid_v2", 11040},
};

static bool is_too_new(const char *name, int version) {
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        if (strcmp(versions[i].name, name) == 0) {
            return version < versions[i].since;
        }
    }
    return false;
}

/* The newest version that a program of that version of CUDA knows is the one with the highest suffix that
 * this library exports. */
static void *look_up(const char *name, int version) {
    static const char *const suffixes[] = {"_v4", "_v3", "_v2", ""};
    Dl_info self;
    if (!dladdr((void *)(uintptr_t)&cuInit, &self)) {
        return NULL;
    }
    void *library = dlopen(self.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
    void *found = NULL;
    for (unsigned i = 0; library && !found && i < 4; i++) {
        char full[160];
        if (strlen(name) + 4 < sizeof full) {
            strcpy(full, name);
            strcat(full, suffixes[i]);
            found = is_too_new(full, version) ? NULL : dlsym(library, full);
        }
    }
    if (library) {
        dlclose(library);
    }
    return found;
}

DRIVER(cuGetProcAddress_v2, const char *name, void **function, int version, cuuint64_t flags,
       CUdriverProcAddressQueryResult *status) {
    (void)flags; /* the thread's own default stream is the default stream */
    if (!name || !function) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *function = strncmp(name, "cu", 2) == 0 ? look_up(name, version) : NULL;
    if (status) {
        *status = *function ? CU_GET_PROC_ADDRESS_SUCCESS : CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
    }
    return *function ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}

DRIVER(cuGetProcAddress, const char *name, void **function, int version, cuuint64_t flags) {
    return cuGetProcAddress_v2(name, function, version, flags, NULL);
}

/* ---- the profiler: nothing to start ---- */

DRIVER(cuProfilerStart, void) {
    ENTER;
    return CUDA_SUCCESS;
}

DRIVER(cuProfilerStop, void) {
    ENTER;
    return CUDA_SUCCESS;
}
