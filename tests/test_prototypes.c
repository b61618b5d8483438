/* What we say of NVIDIA's libraries, compared with NVIDIA's headers by the compiler: types, numbers and the
   type of every function that is looked up. And the toolkit's libraries, stubs too, have every name. Where a
   header or a library is missing the test says so and is skipped. */
#include <criterion/criterion.h>
#include <dlfcn.h>

#ifdef HAVE_CUDA_H
#define __CUDA_API_VERSION_INTERNAL 1 /* every version of a function is declared, under its own name */
#include <cuda.h>
#endif
#ifdef HAVE_NVRTC_H
#include <nvrtc.h>
#endif
#ifdef HAVE_NVML_H
#include <nvml.h>
#endif

#include "device/cuda_api.h"
#include "device/nvml.h"
#include "device/nvrtc.h"

#define SAME(a, b) __builtin_types_compatible_p(a, b)
#define TYPE_SAME(name, representation) _Static_assert(SAME(name, representation), #name);
#define NUMBER_SAME(name, theirs, value) _Static_assert((theirs) == (value), #name);
#define FUNCTION_SAME_AS(result, name, parameters)                                                           \
    _Static_assert(SAME(__typeof__(&name), result(*) parameters), #name);

#ifdef HAVE_CUDA_H
#define FUNCTION_SAME(name, parameters) FUNCTION_SAME_AS(CUresult, name, parameters)
CUDA_TYPES(TYPE_SAME)
CUDA_NUMBERS(NUMBER_SAME)
CUDA_FUNCTIONS(FUNCTION_SAME)
#undef FUNCTION_SAME
#endif

#ifdef HAVE_NVRTC_H
#define FUNCTION_SAME(name, parameters) FUNCTION_SAME_AS(nvrtcResult, name, parameters)
NVRTC_TYPES(TYPE_SAME)
NVRTC_FUNCTIONS(FUNCTION_SAME)
_Static_assert(NVRTC_SUCCESS == 0, "success is 0");
#undef FUNCTION_SAME
#endif

#ifdef HAVE_NVML_H
#define FUNCTION_SAME(name, parameters) FUNCTION_SAME_AS(nvmlReturn_t, name, parameters)
NVML_TYPES(TYPE_SAME)
NVML_NUMBERS(NUMBER_SAME)
NVML_FUNCTIONS(FUNCTION_SAME)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
_Static_assert(SAME(__typeof__(&nvmlDeviceGetCurrentClocksEventReasons),
                    __typeof__(&nvmlDeviceGetCurrentClocksThrottleReasons)),
               "the old name is of the same type");
#pragma GCC diagnostic pop
#undef FUNCTION_SAME
#endif

#define NAME(name, parameters) #name,
static const char *const cuda_names[] = {CUDA_FUNCTIONS(NAME)};
static const char *const nvml_names[] = {NVML_FUNCTIONS(NAME)};
#undef NAME

Test(prototypes, cuda) {
#ifndef HAVE_CUDA_H
    cr_skip_test("cuda.h was not found when this was built");
#else
    cr_assert_geq(CUDA_VERSION, 12000);
#endif
}

Test(prototypes, nvrtc) {
#ifndef HAVE_NVRTC_H
    cr_skip_test("nvrtc.h was not found when this was built");
#endif
}

Test(prototypes, nvml) {
#ifndef HAVE_NVML_H
    cr_skip_test("nvml.h was not found when this was built: the wheel nvidia-nvml-dev has it");
#endif
}

static void names_exported(const char *path, const char *const *names, size_t count) {
    void *const library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    cr_assert_not_null(library, "%s", dlerror());
    for (size_t i = 0; i < count; i++) cr_expect_not_null(dlsym(library, names[i]), "%s: %s", path, names[i]);
    dlclose(library);
}

Test(stubs, driver) {
#ifdef CUDA_STUB
    names_exported(CUDA_STUB, cuda_names, sizeof cuda_names / sizeof *cuda_names);
#else
    (void)cuda_names;
    cr_skip_test("the toolkit's stub of libcuda.so was not found when this was built");
#endif
}

Test(stubs, virtual_gpu) {
    names_exported(KATUNE_BINARY_DIR "/vgpu/libvgpu.so", cuda_names, sizeof cuda_names / sizeof *cuda_names);
}

Test(stubs, nvml) {
#ifdef NVML_STUB
    names_exported(NVML_STUB, nvml_names, sizeof nvml_names / sizeof *nvml_names);
#else
    (void)nvml_names;
    cr_skip_test("the toolkit's stub of libnvidia-ml.so was not found when this was built");
#endif
}

Test(stubs, nvrtc) {
    struct nvrtc n;
    struct error err;
    if (!nvrtc_open(&n, &err)) cr_skip_test("%s", err.text);
    cr_assert_geq(n.major, 11);
#define NAMED(name, parameters) cr_expect_not_null(n.name, #name);
    NVRTC_FUNCTIONS(NAMED)
#undef NAMED
}
