/* api_module: loads PTX, lays its variables out, builds its kernels. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"

static CUresult place_variable(struct CUctx_st *context, struct ptx_symbol *v) {
    struct memory *memory = &context->device->memory;
    if (v->space == PTX_SHARED) { /* each kernel has a layout of its own */
        return CUDA_SUCCESS;
    }
    if (v->is_external) {
        char text[256];
        snprintf(text, sizeof text, "'%s' is declared .extern and defined nowhere: modules cannot be linked",
                 v->name);
        driver_set_error(text);
        return CUDA_ERROR_NOT_FOUND;
    }
    v->offset = memory_alloc(memory, v->size ? v->size : 1);
    if (!v->offset) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    struct allocation *a = memory_find(memory, v->offset);
    a->internal = a->initialised = true;
    a->read_only = v->space == PTX_CONST;
    if (v->initial) {
        memcpy(memory->host + (v->offset - VGPU_GLOBAL_BASE), v->initial, v->size);
    }
    return CUDA_SUCCESS;
}

/* Addresses of variables in the initial values of others. */
static CUresult resolve_references(struct CUctx_st *context, struct ptx_module *ptx,
                                   const struct ptx_symbol *v) {
    for (const struct ptx_reference *r = v->references; r; r = r->next) {
        const struct ptx_symbol *to = ptx_lookup(&ptx->globals, r->name);
        if (!to || to->kind != PTX_SYM_VARIABLE || r->bytes != 8 || to->space == PTX_SHARED ||
            v->space == PTX_SHARED) {
            driver_set_error("an initial value is the address of something that has none here");
            return CUDA_ERROR_INVALID_PTX;
        }
        const uint64_t value = to->offset + r->addend;
        memcpy(context->device->memory.host + (v->offset - VGPU_GLOBAL_BASE) + r->at, &value, 8);
    }
    return CUDA_SUCCESS;
}

static CUresult place_variables(struct CUmod_st *m) {
    for (uint32_t i = 0; i < m->ptx.variable_count; i++) {
        const CUresult code = place_variable(m->context, m->ptx.variables[i]);
        if (code) {
            return code;
        }
    }
    for (uint32_t i = 0; i < m->ptx.variable_count; i++) {
        const CUresult code = resolve_references(m->context, &m->ptx, m->ptx.variables[i]);
        if (code) {
            return code;
        }
    }
    return CUDA_SUCCESS;
}

static CUresult build_kernels(struct CUmod_st *m) {
    enum { STATIC_LIMIT = 48 << 10 }; /* of ptxas, on every architecture; more has to be dynamic */
    char message[512];
    uint32_t mark = 0;
    for (struct ptx_function *f = m->ptx.functions; f; f = f->next) {
        if (!f->is_entry) {
            continue;
        }
        uint64_t shared, dynamic_offset;
        shared_layout(&m->ptx, f, ++mark, &shared, &dynamic_offset);
        if (shared > STATIC_LIMIT) {
            snprintf(message, sizeof message,
                     "kernel %s has %llu bytes of static shared memory, the limit is %d", f->name,
                     (unsigned long long)shared, STATIC_LIMIT);
            driver_set_error(message);
            return CUDA_ERROR_INVALID_PTX;
        }
        struct kernel *kernel = kernel_build(&m->ptx, f, message, sizeof message);
        struct CUfunc_st *function = calloc(1, sizeof *function);
        if (!kernel || !function) {
            free(function);
            driver_set_error(kernel ? "out of memory" : message);
            return kernel ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_ERROR_INVALID_PTX;
        }
        kernel->shared_bytes = (uint32_t)shared;
        kernel->dynamic_offset = (uint32_t)dynamic_offset;
        *function = (struct CUfunc_st){m->functions, m, kernel, STATIC_LIMIT};
        m->functions = function;
        m->function_count++;
    }
    return CUDA_SUCCESS;
}

void driver_module_free(struct CUmod_st *m) {
    struct CUmod_st **link = &m->context->modules;
    while (*link && *link != m) {
        link = &(*link)->next;
    }
    if (*link) {
        *link = m->next;
    }
    for (uint32_t i = 0; i < m->ptx.variable_count; i++) {
        const struct ptx_symbol *v = m->ptx.variables[i];
        if (v->space != PTX_SHARED && v->offset) {
            memory_free(&m->context->device->memory, v->offset);
        }
    }
    while (m->functions) {
        struct CUfunc_st *next = m->functions->next;
        free(m->functions);
        m->functions = next;
    }
    ptx_free(&m->ptx);
    free(m);
}

static bool is_binary(const unsigned char *bytes) {
    /* a text may be shorter than the four bytes */
    return strncmp((const char *)bytes, "\177ELF", 4) == 0 ||
           strncmp((const char *)bytes, "\x50\xed\x55\xba", 4) == 0;
}

static CUresult load(struct CUctx_st *context, struct CUmod_st **module, const void *image) {
    if (!module || !image) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (is_binary(image)) {
        driver_set_error(
            "image is a cubin or fatbin; vgpu executes PTX: compile for compute_NN and load the PTX");
        return CUDA_ERROR_INVALID_IMAGE;
    }
    struct CUmod_st *m = calloc(1, sizeof *m);
    if (!m) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    m->context = context;
    const struct profile *profile = context->device->profile;
    const uint32_t sm = 10 * profile->major + profile->minor;
    char message[512];
    CUresult code = CUDA_SUCCESS;
    if (!ptx_parse(&m->ptx, image, message, sizeof message)) {
        driver_set_error(message);
        code = CUDA_ERROR_INVALID_PTX;
    } else if (m->ptx.sm > sm || (m->ptx.exact && m->ptx.sm != sm)) {
        snprintf(message, sizeof message, "PTX is for %s, the device is sm_%u", m->ptx.target, sm);
        driver_set_error(message);
        code = CUDA_ERROR_NO_BINARY_FOR_GPU;
    }
    code = code ? code : place_variables(m);
    code = code ? code : build_kernels(m);
    if (code) {
        driver_module_free(m);
        return code;
    }
    m->next = context->modules;
    context->modules = m;
    *module = m;
    return CUDA_SUCCESS;
}

static bool known(const struct CUctx_st *context, const struct CUmod_st *module) {
    const struct CUmod_st *m = context->modules;
    while (m && m != module) {
        m = m->next;
    }
    return m;
}

DRIVER(cuModuleLoadDataEx, CUmodule *module, const void *image, unsigned count, CUjit_option *options,
       void **values) {
    ENTER;
    const CUresult code = load(context, module, image);
    size_t bytes = 0;
    char *log = NULL;
    for (unsigned i = 0; code && options && values && i < count; i++) {
        log = options[i] == CU_JIT_ERROR_LOG_BUFFER ? values[i] : log;
        bytes = options[i] == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES ? (size_t)(uintptr_t)values[i] : bytes;
    }
    if (log && bytes) {
        snprintf(log, bytes, "%s", driver.error);
    }
    return code;
}

DRIVER(cuModuleLoadData, CUmodule *module, const void *image) {
    return cuModuleLoadDataEx(module, image, 0, NULL, NULL);
}

DRIVER(cuModuleLoad, CUmodule *module, const char *path) {
    FILE *file = path ? fopen(path, "rb") : NULL;
    if (!file) {
        return path ? CUDA_ERROR_FILE_NOT_FOUND : CUDA_ERROR_INVALID_VALUE;
    }
    char *text = NULL;
    size_t used = 0, room = 0, n = 1;
    while (n) {
        if (used + 1 >= room) {
            room = room ? 2 * room : 1 << 16;
            char *bigger = realloc(text, room);
            if (!bigger) {
                break;
            }
            text = bigger;
        }
        n = fread(text + used, 1, room - used - 1, file);
        used += n;
    }
    fclose(file);
    if (!text || n) {
        free(text);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    text[used] = 0;
    const CUresult code = used < 4 ? CUDA_ERROR_INVALID_IMAGE : cuModuleLoadData(module, text);
    free(text);
    return code;
}

DRIVER(cuModuleGetLoadingMode, CUmoduleLoadingMode *mode) {
    if (!mode) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *mode = CU_MODULE_EAGER_LOADING;
    return CUDA_SUCCESS;
}

DRIVER(cuModuleUnload, CUmodule module) {
    ENTER;
    if (!known(context, module)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    driver_module_free(module);
    return CUDA_SUCCESS;
}

DRIVER(cuModuleGetFunction, CUfunction *function, CUmodule module, const char *name) {
    ENTER;
    if (!function || !name || !module) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (!known(context, module)) {
        return CUDA_ERROR_INVALID_HANDLE;
    }
    for (struct CUfunc_st *f = module->functions; f; f = f->next) {
        if (strcmp(f->kernel->name, name) == 0) {
            *function = f;
            return CUDA_SUCCESS;
        }
    }
    return CUDA_ERROR_NOT_FOUND;
}

DRIVER(cuModuleGetFunctionCount, unsigned *count, CUmodule module) {
    ENTER;
    if (!count || !known(context, module)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *count = module->function_count;
    return CUDA_SUCCESS;
}

DRIVER(cuModuleEnumerateFunctions, CUfunction *functions, unsigned count, CUmodule module) {
    ENTER;
    if (!functions || !known(context, module)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (struct CUfunc_st *f = module->functions; f && count; f = f->next, count--) {
        *functions++ = f;
    }
    return CUDA_SUCCESS;
}

DRIVER(cuModuleGetGlobal_v2, CUdeviceptr *pointer, size_t *bytes, CUmodule module, const char *name) {
    ENTER;
    if (!name || !known(context, module)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    const struct ptx_symbol *v = ptx_lookup(&module->ptx.globals, name);
    if (!v || v->kind != PTX_SYM_VARIABLE || v->space == PTX_SHARED) {
        return CUDA_ERROR_NOT_FOUND;
    }
    if (pointer) {
        *pointer = v->offset;
    }
    if (bytes) {
        *bytes = v->size;
    }
    return CUDA_SUCCESS;
}

/* ---- libraries: modules by another name; kernels are functions ---- */

DRIVER(cuLibraryLoadData, CUlibrary *library, const void *code, CUjit_option *options, void **values,
       unsigned count, CUlibraryOption *library_options, void **library_values, unsigned library_count) {
    (void)library_options;
    (void)library_values;
    (void)library_count;
    return cuModuleLoadDataEx((CUmodule *)library, code, count, options, values);
}

DRIVER(cuLibraryLoadFromFile, CUlibrary *library, const char *path, CUjit_option *options, void **values,
       unsigned count, CUlibraryOption *library_options, void **library_values, unsigned library_count) {
    (void)options;
    (void)values;
    (void)count;
    (void)library_options;
    (void)library_values;
    (void)library_count;
    return cuModuleLoad((CUmodule *)library, path);
}

DRIVER(cuLibraryGetKernelCount, unsigned *count, CUlibrary library) {
    return cuModuleGetFunctionCount(count, (CUmodule)library);
}

DRIVER(cuLibraryEnumerateKernels, CUkernel *kernels, unsigned count, CUlibrary library) {
    return cuModuleEnumerateFunctions((CUfunction *)kernels, count, (CUmodule)library);
}

DRIVER(cuLibraryUnload, CUlibrary library) {
    return cuModuleUnload((CUmodule)library);
}

DRIVER(cuLibraryGetKernel, CUkernel *kernel, CUlibrary library, const char *name) {
    return cuModuleGetFunction((CUfunction *)kernel, (CUmodule)library, name);
}

DRIVER(cuLibraryGetModule, CUmodule *module, CUlibrary library) {
    ENTER;
    if (!module || !known(context, (CUmodule)library)) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    *module = (CUmodule)library;
    return CUDA_SUCCESS;
}

DRIVER(cuLibraryGetGlobal, CUdeviceptr *pointer, size_t *bytes, CUlibrary library, const char *name) {
    return cuModuleGetGlobal_v2(pointer, bytes, (CUmodule)library, name);
}

DRIVER(cuKernelGetFunction, CUfunction *function, CUkernel kernel) {
    ENTER;
    if (!function || !driver_function_known(context, (CUfunction)kernel)) {
        return function ? CUDA_ERROR_INVALID_HANDLE : CUDA_ERROR_INVALID_VALUE;
    }
    *function = (CUfunction)kernel;
    return CUDA_SUCCESS;
}

/* ---- ptxas' log ---- */

static struct CUfunc_st *function_named(struct CUmod_st *m, const char *name) {
    struct CUfunc_st *f = m->functions;
    while (f && strcmp(f->kernel->name, name) != 0) {
        f = f->next;
    }
    return f;
}

API int vgpu_module_ptxas_log(void *module, const char *log) {
    LOCKED;
    int found = 0;
    struct CUfunc_st *function = NULL;
    for (const char *line = log; module && line && *line;
         line += strcspn(line, "\n"), line += *line == '\n') {
        const char *end = line + strcspn(line, "\n"), *at;
        char name[256];
        unsigned stores, loads, registers;
        at = strstr(line, "Compiling entry function '");
        if (at && at < end && sscanf(at, "Compiling entry function '%255[^']'", name) == 1) {
            function = function_named(module, name);
        }
        at = strstr(line, "bytes stack frame, ");
        if (function && at && at < end &&
            sscanf(at, "bytes stack frame, %u bytes spill stores, %u bytes spill loads", &stores, &loads) ==
                2) {
            function->kernel->spill_bytes = (int32_t)(stores + loads);
        }
        at = strstr(line, "Used ");
        if (function && at && at < end && sscanf(at, "Used %u registers", &registers) == 1) {
            function->kernel->registers = (int32_t)registers;
            found++;
        }
    }
    return found;
}
