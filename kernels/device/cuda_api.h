/* The CUDA driver, loaded at run time: neither its header nor its library is needed to build. The types have
   the names and the representation of cuda.h; a test compares them with it where it is installed. */
#ifndef KATUNE_CUDA_API_H
#define KATUNE_CUDA_API_H

#include <stddef.h>

#include "../error.h"
#include "cuda_functions.h"

#ifndef CUDA_VERSION /* cuda.h was not included before */
#define TYPE(name, representation) typedef representation name;
CUDA_TYPES(TYPE)
#undef TYPE
#endif

enum cuda_number {
#define NUMBER(name, theirs, value) name = (value),
    CUDA_NUMBERS(NUMBER)
#undef NUMBER
};

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

/* Sets err to "cuMemAlloc_v2: CUDA_ERROR_... (...)" and returns false, unless the code is CUDA_OK. */
bool cuda_ok(const struct cuda_api *api, CUresult code, const char *call, struct error *err);

#endif
