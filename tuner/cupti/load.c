/* Finds and loads CUPTI. */
#include <dlfcn.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"

bool cupti_built(void) {
    return true;
}

bool cupti_ok(const struct cupti *c, CUptiResult code, const char *call, struct error *err) {
    if (code == CUPTI_SUCCESS) return true;
    if (*cupti_refusal((int)code)) return error_set(err, "counters: %s", cupti_refusal((int)code));
    const char *text = NULL;
    if (c->cuptiGetResultString(code, &text) != CUPTI_SUCCESS || !text) text = "unknown error";
    return error_set(err, "counters: %s: %s (%d)", call, text, (int)code);
}

/* The library of the header's major version: structures grow at their end only within it. */
static void *load_from(const char *folder, char *path, size_t size) {
    snprintf(path, size, "%s%slibcupti.so.%d", folder, *folder ? "/" : "", CUPTI_API_VERSION / 10000);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library || !*folder) return library;
    snprintf(path, size, "%s/libcupti.so", folder);
    return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

static void *load_from_toolkits(char *path, size_t size) {
    static const char *const patterns[] = {"/usr/local/cuda*/lib64", "/usr/local/cuda*/extras/CUPTI/lib64",
                                           "/opt/cuda*/lib64", "/opt/cuda*/extras/CUPTI/lib64"};
    void *library = NULL;
    for (size_t i = 0; !library && i < sizeof patterns / sizeof *patterns; i++) {
        glob_t found;
        if (glob(patterns[i], 0, NULL, &found) == 0)
            for (size_t k = found.gl_pathc; !library && k-- > 0;)
                library = load_from(found.gl_pathv[k], path, size);
        globfree(&found);
    }
    return library;
}

static void *load(char *path, size_t size) {
    const char *const home = getenv("KATUNE_CUDA_HOME");
    if (home && *home) {
        static const char *const folders[] = {"lib64", "extras/CUPTI/lib64", "lib"};
        void *library = NULL;
        for (size_t i = 0; !library && i < sizeof folders / sizeof *folders; i++) {
            char folder[400];
            snprintf(folder, sizeof folder, "%s/%s", home, folders[i]);
            library = load_from(folder, path, size);
        }
        return library;
    }
    void *const library = load_from("", path, size);
    return library ? library : load_from_toolkits(path, size);
}

static bool resolve(struct cupti *c, struct error *err) {
    const char *missing = NULL;
    void *symbol;
#define RESOLVE(name)                                                                                        \
    symbol = dlsym(c->library, #name);                                                                       \
    memcpy(&c->name, &symbol, sizeof symbol);                                                                \
    if (!symbol) missing = #name;
    CUPTI_FUNCTIONS(RESOLVE)
#undef RESOLVE
    return !missing || error_set(err, "counters: %s lacks %s: it is older than CUDA 12.6", c->path, missing);
}

struct cupti *cupti_open(struct error *err) {
    struct cupti *const c = calloc(1, sizeof *c);
    if (!c) return error_set(err, "counters: no memory"), NULL;
    c->library = load(c->path, sizeof c->path);
    if (!c->library) {
        error_set(err,
                  "counters: libcupti.so.%d was not found: install the CUDA toolkit's CUPTI, or set "
                  "KATUNE_CUDA_HOME to the toolkit's folder",
                  CUPTI_API_VERSION / 10000);
        cupti_close(c);
        return NULL;
    }
    CUPTI_PARAMS(CUpti_Profiler_Host_GetSupportedChips_Params, chips);
    if (!resolve(c, err) || !cupti_ok(c, c->cuptiProfilerHostGetSupportedChips(&chips),
                                      "cuptiProfilerHostGetSupportedChips", err)) {
        cupti_close(c);
        return NULL;
    }
    c->chips = chips.ppChipNames;
    c->chip_count = chips.numChips;
    return c;
}

/* The library stays loaded: it keeps threads and callbacks of its own. */
void cupti_close(struct cupti *c) {
    free(c);
}

const char *cupti_chip_at(const struct cupti *c, int i) {
    return i >= 0 && (size_t)i < c->chip_count ? c->chips[i] : NULL;
}
