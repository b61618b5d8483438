/* Finds and loads CUPTI. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/device/toolkit.h"
#include "api.h"

const char *cupti_path(const struct cupti *c) {
    return c->path;
}

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

static bool cupti_load(void *user, const char *path) {
    struct cupti *const c = user;
    snprintf(c->path, sizeof c->path, "%s", path);
    c->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    return c->library;
}

/* The library of the header's major version before all: structures grow at their end only within it. */
static bool cupti_find(struct cupti *c) {
    char name[32], pattern[64];
    snprintf(name, sizeof name, "libcupti.so.%d", CUPTI_API_VERSION / 10000);
    snprintf(pattern, sizeof pattern, "{libcupti.so,%s}", name);
    return (!toolkit_home() && cupti_load(c, name)) || toolkit_search(pattern, cupti_load, c);
}

#ifdef KATUNE_SANITIZED
/* CUPTI loads its own libraries with RTLD_DEEPBIND, at which a sanitizer ends the process. */
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

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
    if (SANITIZED) return error_set(err, "counters: CUPTI does not load in a build with sanitizers"), NULL;
    struct cupti *const c = calloc(1, sizeof *c);
    if (!c) return error_set(err, "counters: no memory"), NULL;
    if (!cupti_find(c)) {
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

/* 130002 is 13.0, with updates of the interface in the last digits. */
void cupti_version(const struct cupti *c, char version[16]) {
    uint32_t number = 0;
    version[0] = 0;
    if (c->cuptiGetVersion(&number) == CUPTI_SUCCESS)
        snprintf(version, 16, "%u.%u", number / 10000, number / 100 % 100);
}

const char *cupti_chip_at(const struct cupti *c, int i) {
    return i >= 0 && (size_t)i < c->chip_count ? c->chips[i] : NULL;
}
