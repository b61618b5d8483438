/* The checks on kernels that NVRTC compiled from CUDA C++ with -lineinfo: what is found, and on which line of
 * the source. Needs NVRTC at run time; without it the tests say so and pass over. */
#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "driver.h"
#include "source.h"

enum { THREADS = 64, BYTES = 4 * THREADS };

static const struct fault {
    const char *kernel;
    enum vgpu_finding_kind kind;
    CUresult code;
} faults[] = {
    {"out_of_bounds", VGPU_OUT_OF_BOUNDS, 700},
    {"inlined", VGPU_OUT_OF_BOUNDS, 700},
    {"null_pointer", VGPU_OUT_OF_BOUNDS, 700},
    {"misaligned", VGPU_MISALIGNED, 716},
    {"uninitialised", VGPU_UNINITIALISED, 0},
    {"uninitialised_shared", VGPU_UNINITIALISED, 0},
    {"shared_out_of_bounds", VGPU_OUT_OF_BOUNDS, 700},
    {"race", VGPU_RACE, 0},
    {"race_in_warp", VGPU_RACE, 0},
    {"barrier", VGPU_SYNC, 0},
    {"trap", VGPU_TRAP, 719},
    {"endless", VGPU_RUNAWAY, 702},
};

/* The line of the text that says: FAULT name. */
static unsigned line_of(const char *text, const char *name) {
    char mark[80];
    snprintf(mark, sizeof mark, "// FAULT %s\n", name);
    const char *at = strstr(text, mark);
    cr_assert_not_null(at, "no line is marked %s", mark);
    unsigned line = 1;
    for (const char *c = text; c < at; c++) {
        line += *c == '\n';
    }
    return line;
}

static bool names_line(const char *finding, const char *file, unsigned line) {
    char place[80];
    snprintf(place, sizeof place, "%s:%u", file, line);
    const char *at = strstr(finding, place);
    return at && !isdigit((unsigned char)at[strlen(place)]);
}

struct outcome {
    CUresult code;
    uint64_t found, all;
};

/* Runs a kernel in a context of its own, which a fault poisons. free_p: p is freed before. */
static struct outcome run(const char *ptx, const char *kernel, enum vgpu_finding_kind kind, bool free_p) {
    CUcontext context;
    cr_assert_eq(cuCtxCreate_v2(&context, 0, 0), 0);
    CUmodule module = device_module(ptx);
    uint32_t values[THREADS] = {0};
    CUdeviceptr p = device_array(values, BYTES), q = device_array(NULL, BYTES);
    if (free_p) {
        cr_assert_eq(cuMemFree_v2(p), 0);
    }
    const uint64_t found = vgpu_findings(kind), all = vgpu_findings(VGPU_FINDING_KINDS);
    const CUresult code = device_run(module, kernel, (const unsigned[]){1, 1, 1},
                                     (const unsigned[]){THREADS, 1, 1}, 0, (void *[]){&p, &q});
    const struct outcome o = {code, vgpu_findings(kind) - found, vgpu_findings(VGPU_FINDING_KINDS) - all};
    cr_assert_eq(cuCtxDestroy_v2(context), 0);
    return o;
}

static void check_architecture(unsigned sm) {
    device_open((const char *const[]){"VGPU_DEVICE=rtx-5090", "VGPU_CHECK=init,race,sync",
                                      "VGPU_LIMIT=200000", NULL});
    if (!source_open()) {
        return;
    }
    char *text = device_text("ptx/faults.cu"), *ptx = source_ptx("faults.cu", text, sm, "-lineinfo");
    if (!ptx) {
        return;
    }
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        const struct fault *f = &faults[i];
        char clean[64];
        snprintf(clean, sizeof clean, "%s_clean", f->kernel);
        const struct outcome bad = run(ptx, f->kernel, f->kind, false);
        const char *finding = vgpu_last_finding();
        cr_assert_eq(bad.code, f->code, "%s: %d, %s", f->kernel, (int)bad.code, finding);
        cr_assert(bad.found && bad.found == bad.all, "%s: %s", f->kernel, finding);
        cr_assert(names_line(finding, "faults.cu", line_of(text, f->kernel)), "%s: not line %u: %s",
                  f->kernel, line_of(text, f->kernel), finding);
        const struct outcome good = run(ptx, clean, f->kind, false);
        cr_assert(good.code == 0 && good.all == 0, "%s: %d, %s", clean, (int)good.code, vgpu_last_finding());
    }
    const struct outcome kept = run(ptx, "store", VGPU_USE_AFTER_FREE, false);
    cr_assert(kept.code == 0 && kept.all == 0, "%s", vgpu_last_finding());
    const struct outcome freed = run(ptx, "store", VGPU_USE_AFTER_FREE, true);
    cr_assert(freed.code == 700 && freed.found == 1 && freed.all == 1, "%s", vgpu_last_finding());
    cr_assert(names_line(vgpu_last_finding(), "faults.cu", line_of(text, "freed")), "%s",
              vgpu_last_finding());
    free(ptx);
    free(text);
}

Test(source, faults_sm75, .timeout = 120) {
    check_architecture(75);
}

Test(source, faults_sm80, .timeout = 120) {
    check_architecture(80);
}

Test(source, faults_sm90, .timeout = 120) {
    check_architecture(90);
}

Test(source, faults_sm100, .timeout = 120) {
    check_architecture(100);
}

Test(source, faults_sm120, .timeout = 120) {
    check_architecture(120);
}
