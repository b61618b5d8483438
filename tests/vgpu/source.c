#define _GNU_SOURCE /* dladdr */
#include "source.h"

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device/nvrtc.h"

static struct nvrtc nvrtc;
static char include[512]; /* -I of the toolkit's headers, or "" */

bool source_open(void) {
    struct error err;
    if (!nvrtc_open(&nvrtc, &err)) {
        printf("skipped: %s\n", err.text);
        return false;
    }
    Dl_info info;
    static const char *const folders[] = {"/../include", "/../../../include"};
    void *symbol = dlsym(nvrtc.library, "nvrtcVersion");
    for (size_t i = 0; symbol && dladdr(symbol, &info) && i < 2 && !include[0]; i++) {
        char header[460], *slash;
        snprintf(header, sizeof header, "%.400s", info.dli_fname);
        slash = strrchr(header, '/');
        snprintf(slash ? slash : header, 60, "%s/cuda_fp16.h", folders[i]);
        if (access(header, R_OK) == 0) {
            *strrchr(header, '/') = 0;
            snprintf(include, sizeof include, "-I%s", header);
        }
    }
    return true;
}

bool source_has_headers(void) {
    return include[0];
}

char *source_ptx(const char *name, const char *text, unsigned sm, const char *option) {
    if (!nvrtc_supports(&nvrtc, (int)sm)) {
        printf("sm_%u: this NVRTC does not know it\n", sm);
        return NULL;
    }
    char architecture[40];
    snprintf(architecture, sizeof architecture, "--gpu-architecture=compute_%u", sm);
    const char *options[3] = {architecture};
    int count = 1;
    if (include[0]) {
        options[count++] = include;
    }
    if (option) {
        options[count++] = option;
    }
    nvrtcProgram program;
    size_t bytes = 0;
    cr_assert_eq(nvrtc.nvrtcCreateProgram(&program, text, name, 0, NULL, NULL), 0);
    if (nvrtc.nvrtcCompileProgram(program, count, options)) {
        nvrtc.nvrtcGetProgramLogSize(program, &bytes);
        char *log = calloc(1, bytes + 1);
        nvrtc.nvrtcGetProgramLog(program, log);
        cr_assert_fail("NVRTC: %s", log);
    }
    nvrtc.nvrtcGetPTXSize(program, &bytes);
    char *ptx = calloc(1, bytes + 1);
    nvrtc.nvrtcGetPTX(program, ptx);
    nvrtc.nvrtcDestroyProgram(&program);
    return ptx;
}
