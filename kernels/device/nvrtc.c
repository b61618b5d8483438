#include "nvrtc.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "library.h"
#include "toolkit.h"

static const struct library_function functions[] = {
#define ENTRY(name, parameters) {#name, offsetof(struct nvrtc, name)},
    NVRTC_FUNCTIONS(ENTRY)
#undef ENTRY
};

static const char *const plain_names[] = {"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"};

/* Where they lie beside a toolkit's library, a distribution's, and those of wheels of CUDA 13 and 12. */
static void headers_find(struct nvrtc *n) {
    static const char *const folders[] = {"../include", "../../include", "../../../include",
                                          "../../cuda_runtime/include"};
    const char *const end = strrchr(n->path, '/');
    const int length = end ? (int)(end - n->path) : 0;
    for (size_t i = 0; end && i < sizeof folders / sizeof *folders; i++) {
        char file[sizeof n->headers + 16];
        const int used = snprintf(n->headers, sizeof n->headers, "%.*s/%s", length, n->path, folders[i]);
        snprintf(file, sizeof file, "%s/cuda_fp16.h", n->headers);
        if (used < (int)sizeof n->headers && access(file, R_OK) == 0) return;
    }
    n->headers[0] = 0;
}

static bool nvrtc_load(void *user, const char *path) {
    struct nvrtc *const n = user;
    *n = (struct nvrtc){.library = dlopen(path, RTLD_NOW | RTLD_LOCAL)};
    if (!n->library) return false;
    snprintf(n->path, sizeof n->path, "%s", path);
    if (library_bind(n->library, n, functions, sizeof functions / sizeof *functions))
        return false; /* older than 11.2, where cubin came */
    library_path(n->library, n->path, sizeof n->path);
    headers_find(n);
    return n->nvrtcVersion(&n->major, &n->minor) == 0;
}

bool nvrtc_open(struct nvrtc *n, struct error *err) {
    static const char pattern[] = "libnvrtc.so.1[0-9]";
    const char *const home = toolkit_home();
    if (!home && toolkit_fetched(pattern, nvrtc_load, n)) return true;
    for (size_t i = 0; !home && i < sizeof plain_names / sizeof *plain_names; i++)
        if (nvrtc_load(n, plain_names[i])) return true;
    if (toolkit_search(pattern, nvrtc_load, n)) return true;
    if (home) return error_set(err, "KATUNE_CUDA_HOME=%s: there is no libnvrtc.so below it", home);
    return error_set(
        err, "NVRTC, NVIDIA's run-time compiler, was not found: \"./katune get-nvrtc\" fetches it, or "
             "set KATUNE_CUDA_HOME to a CUDA toolkit");
}

enum { ARCHS_MAX = 128 };

static int archs_list(const struct nvrtc *n, int list[ARCHS_MAX]) {
    int count = 0;
    if (n->nvrtcGetNumSupportedArchs(&count) || count > ARCHS_MAX || n->nvrtcGetSupportedArchs(list))
        return 0;
    return count;
}

bool nvrtc_supports(const struct nvrtc *n, int sm) {
    int list[ARCHS_MAX];
    for (int i = archs_list(n, list); i-- > 0;)
        if (list[i] == sm) return true;
    return false;
}

/* Whether a capability that it does not support came after it, not went before it. */
static bool is_too_old(const struct nvrtc *n, int sm) {
    int list[ARCHS_MAX];
    for (int i = archs_list(n, list); i-- > 0;)
        if (list[i] > sm) return false;
    return true;
}

bool nvrtc_require(const struct nvrtc *n, int sm, struct error *err) {
    if (nvrtc_supports(n, sm)) return true;
    const bool old = is_too_old(n, sm);
    return error_set(err, "NVRTC %d.%d (%s) is too %s for sm_%d: \"./katune get-nvrtc%s\" fetches %s",
                     n->major, n->minor, n->path, old ? "old" : "new", sm, old ? "" : " 12",
                     old ? "the newest" : "an older one");
}
