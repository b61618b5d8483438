#include "nvrtc.h"

#include <dlfcn.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    size_t offset;
} functions[] = {
#define ENTRY(name, parameters) {#name, offsetof(struct nvrtc, name)},
    NVRTC_FUNCTIONS(ENTRY)
#undef ENTRY
};

/* Folders of libnvrtc.so.*, as patterns; ~ and @ stand for the home and the data folder. */
static const char *const home_folders[] = {"%s/lib64", "%s/lib", "%s/targets/*-linux/lib", "%s/nvidia/*/lib"};
static const char *const folders[] = {
    "/usr/local/cuda/lib64",
    "/usr/local/cuda-*/lib64",
    "/opt/cuda/lib64",
    "/opt/cuda-*/lib64",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "@/katune/nvrtc/nvidia/*/lib",
    "$VIRTUAL_ENV/lib/python3*/site-packages/nvidia/*/lib",
    "$CONDA_PREFIX/lib",
    "~/.local/lib/python3*/site-packages/nvidia/*/lib",
    "/usr/local/lib/python3*/*-packages/nvidia/*/lib",
    "/usr/lib/python3*/*-packages/nvidia/*/lib",
};
static const char *const plain_names[] = {"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"};

static bool nvrtc_load(struct nvrtc *n, const char *path) {
    *n = (struct nvrtc){.library = dlopen(path, RTLD_NOW | RTLD_LOCAL)};
    if (!n->library) return false;
    snprintf(n->path, sizeof n->path, "%s", path);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        void *const found = dlsym(n->library, functions[i].name);
        if (!found) return false; /* older than 11.2, where cubin came */
        memcpy((char *)n + functions[i].offset, &found, sizeof found);
    }
    return n->nvrtcVersion(&n->major, &n->minor) == 0;
}

/* The libraries of the folders that match; glob sorts, so the newest version comes last. */
static bool folder_try(struct nvrtc *n, const char *folder) {
    char pattern[600];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/libnvrtc.so.1[0-9]", folder);
    bool ok = false;
    if (glob(pattern, 0, NULL, &found)) return false;
    for (size_t i = found.gl_pathc; !ok && i > 0; i--) ok = nvrtc_load(n, found.gl_pathv[i - 1]);
    globfree(&found);
    return ok;
}

/* Replaces the word that a pattern begins with. False if what it stands for is not set. */
static bool folder_expand(const char *pattern, char *folder, size_t size) {
    const char *const home = getenv("HOME"), *const data = getenv("XDG_DATA_HOME");
    if (*pattern == '/') return snprintf(folder, size, "%s", pattern) > 0;
    if (*pattern == '@' && data && *data) return snprintf(folder, size, "%s%s", data, pattern + 1) > 0;
    if (*pattern == '@') return home && snprintf(folder, size, "%s/.local/share%s", home, pattern + 1) > 0;
    if (*pattern == '~') return home && snprintf(folder, size, "%s%s", home, pattern + 1) > 0;
    char name[32];
    const char *const rest = strchr(pattern, '/');
    snprintf(name, sizeof name, "%.*s", (int)(rest - pattern - 1), pattern + 1);
    const char *const value = getenv(name);
    return value && *value && snprintf(folder, size, "%s%s", value, rest) > 0;
}

bool nvrtc_open(struct nvrtc *n, struct error *err) {
    char folder[512];
    const char *const home = getenv("KATUNE_CUDA_HOME");
    if (home && *home) {
        for (size_t i = 0; i < sizeof home_folders / sizeof *home_folders; i++) {
            snprintf(folder, sizeof folder, home_folders[i], home);
            if (folder_try(n, folder)) return true;
        }
        return error_set(err, "KATUNE_CUDA_HOME=%s: there is no libnvrtc.so below it", home);
    }
    for (size_t i = 0; i < sizeof plain_names / sizeof *plain_names; i++)
        if (nvrtc_load(n, plain_names[i])) return true;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (folder_expand(folders[i], folder, sizeof folder) && folder_try(n, folder)) return true;
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
