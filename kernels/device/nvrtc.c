#include "nvrtc.h"

#include <dlfcn.h>
#include <stdio.h>

#include "library.h"
#include "toolkit.h"

static const struct library_function functions[] = {
#define ENTRY(name, parameters) {#name, offsetof(struct nvrtc, name)},
    NVRTC_FUNCTIONS(ENTRY)
#undef ENTRY
};

static const char *const plain_names[] = {"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"};

static bool nvrtc_load(void *user, const char *path) {
    struct nvrtc *const n = user;
    *n = (struct nvrtc){.library = dlopen(path, RTLD_NOW | RTLD_LOCAL)};
    if (!n->library) return false;
    snprintf(n->path, sizeof n->path, "%s", path);
    if (library_bind(n->library, n, functions, sizeof functions / sizeof *functions))
        return false; /* older than 11.2, where cubin came */
    return n->nvrtcVersion(&n->major, &n->minor) == 0;
}

bool nvrtc_open(struct nvrtc *n, struct error *err) {
    const char *const home = toolkit_home();
    for (size_t i = 0; !home && i < sizeof plain_names / sizeof *plain_names; i++)
        if (nvrtc_load(n, plain_names[i])) return true;
    if (toolkit_search("libnvrtc.so.1[0-9]", nvrtc_load, n)) return true;
    if (home) return error_set(err, "KATUNE_CUDA_HOME=%s: there is no libnvrtc.so below it", home);
    return error_set(
        err, "NVRTC, NVIDIA's run-time compiler, was not found: \"./katune get-nvrtc\" fetches it, or "
             "set KATUNE_CUDA_HOME to a CUDA toolkit");
}

bool nvrtc_supports(const struct nvrtc *n, int sm) {
    int count = 0, list[128];
    if (n->nvrtcGetNumSupportedArchs(&count) || count > 128 || n->nvrtcGetSupportedArchs(list)) return false;
    for (int i = 0; i < count; i++)
        if (list[i] == sm) return true;
    return false;
}
