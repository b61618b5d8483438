#include "toolkit.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Folders of libraries, as patterns; ~ and @ stand for the home and the data folder. */
static const char *const home_folders[] = {"%s/lib64", "%s/lib", "%s/targets/*-linux/lib", "%s/nvidia/*/lib",
                                           "%s/extras/CUPTI/lib64"};
static const char *const folders[] = {
    "/usr/local/cuda/lib64",
    "/usr/local/cuda-*/lib64",
    "/opt/cuda/lib64",
    "/opt/cuda-*/lib64",
    "/usr/local/cuda*/extras/CUPTI/lib64",
    "/opt/cuda*/extras/CUPTI/lib64",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "$VIRTUAL_ENV/lib/python3*/site-packages/nvidia/*/lib",
    "$CONDA_PREFIX/lib",
    "~/.local/lib/python3*/site-packages/nvidia/*/lib",
    "/usr/local/lib/python3*/*-packages/nvidia/*/lib",
    "/usr/lib/python3*/*-packages/nvidia/*/lib",
};
/* glob sorts, so the newest version comes last. */
static bool folder_try(const char *folder, const char *file, toolkit_load_fn *load, void *user) {
    char pattern[600];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/%s", folder, file);
    bool ok = false;
    if (glob(pattern, GLOB_BRACE, NULL, &found)) return false;
    for (size_t i = found.gl_pathc; !ok && i > 0; i--) ok = load(user, found.gl_pathv[i - 1]);
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

const char *toolkit_home(void) {
    const char *const home = getenv("KATUNE_CUDA_HOME");
    return home && *home ? home : NULL;
}

bool toolkit_fetched(const char *pattern, toolkit_load_fn *load, void *user) {
    char folder[512];
    return folder_expand("@/katune/nvrtc/nvidia/*/lib", folder, sizeof folder) &&
           folder_try(folder, pattern, load, user);
}

bool toolkit_search(const char *pattern, toolkit_load_fn *load, void *user) {
    char folder[512];
    const char *const home = toolkit_home();
    for (size_t i = 0; home && i < sizeof home_folders / sizeof *home_folders; i++) {
        snprintf(folder, sizeof folder, home_folders[i], home);
        if (folder_try(folder, pattern, load, user)) return true;
    }
    for (size_t i = 0; !home && i < sizeof folders / sizeof *folders; i++)
        if (folder_expand(folders[i], folder, sizeof folder) && folder_try(folder, pattern, load, user))
            return true;
    return false;
}
