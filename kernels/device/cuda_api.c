#include "cuda_api.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "library.h"

static const struct library_function functions[] = {
#define ENTRY(name, parameters) {#name, offsetof(struct cuda_api, name)},
    CUDA_FUNCTIONS(ENTRY)
#undef ENTRY
};

bool cuda_api_open(struct cuda_api *api, const char *path, struct error *err) {
    const char *const named = getenv("KATUNE_LIBCUDA");
    const bool asked = !path && named && *named;
    *api = (struct cuda_api){.library = NULL};
    snprintf(api->path, sizeof api->path, "%s", path ? path : asked ? named : "libcuda.so.1");
    api->library = dlopen(api->path, RTLD_NOW | RTLD_LOCAL);
    if (!api->library) {
        if (path || asked)
            return error_set(err, "%s%s cannot be loaded: %s", asked ? "KATUNE_LIBCUDA=" : "", api->path,
                             dlerror());
        return error_set(err,
                         "there is no CUDA driver: libcuda.so.1 was not found; install NVIDIA's driver, or "
                         "set KATUNE_LIBCUDA to the library (vgpu:h100-sxm needs none)");
    }
    const char *const missing =
        library_bind(api->library, api, functions, sizeof functions / sizeof *functions);
    if (!missing) {
        library_path(api->library, api->path, sizeof api->path);
        return true;
    }
    error_set(err, "%s has no %s: the driver is too old, or no CUDA driver", api->path, missing);
    cuda_api_close(api);
    return false;
}

void cuda_api_close(struct cuda_api *api) {
    if (api->library) dlclose(api->library);
    api->library = NULL;
}

/* "CUDA_ERROR_OUT_OF_MEMORY (out of memory)". */
static void code_text(const struct cuda_api *api, CUresult code, char *text, size_t size) {
    const char *name = NULL, *meaning = NULL;
    api->cuGetErrorName(code, &name);
    api->cuGetErrorString(code, &meaning);
    if (name)
        snprintf(text, size, "%s (%s)", name, meaning ? meaning : "");
    else
        snprintf(text, size, "error %u", (unsigned)code);
}

bool cuda_ok(const struct cuda_api *api, CUresult code, const char *call, struct error *err) {
    char text[200];
    if (code == CUDA_OK) return true;
    code_text(api, code, text, sizeof text);
    return error_set(err, "%s: %s", call, text);
}
