/* The GPU's bars, counted on the virtual GPU: every operation at a moderate shape, and the rational backward
   at the shape that its bars of time are for. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "device/nvrtc.h"
#include "program.h"

static int count_of(const char *text, const char *word) {
    int count = 0;
    for (const char *at = text; (at = strstr(at, word)); at += strlen(word)) count++;
    return count;
}

static void bars_met(const char *arguments, int least) {
    struct nvrtc n;
    struct error err;
    if (!nvrtc_open(&n, &err)) cr_skip_test("%s", err.text);
    setenv("KATUNE_CACHE", KATUNE_BINARY_DIR "/cuda-cache", 1);
    const struct outcome o = program_run(arguments);
    cr_assert_eq(o.code, 0, "exit code %d: %s%s", o.code, o.out, o.err);
    cr_expect_eq(count_of(o.out, "  MISSED"), 0, "%s", o.out);
    cr_expect_geq(count_of(o.out, "  met "), least, "%s", o.out);
}

Test(bars_gpu, moderate_shape) {
    bars_met("bench --bars --strict --device vgpu:h100-sxm --shape 2048x768", 100);
}

Test(bars_gpu, rational_backward) {
    bars_met("bench --bars --strict --device vgpu:h100-sxm --op rational_bwd --dtype f32", 15);
}

/* A bar that cannot be met: 3 channels a group leave a block's sums many more bytes than its activations. */
Test(bars_gpu, missed) {
    struct nvrtc n;
    struct error err;
    if (!nvrtc_open(&n, &err)) cr_skip_test("%s", err.text);
    setenv("KATUNE_CACHE", KATUNE_BINARY_DIR "/cuda-cache", 1);
    const struct outcome o = program_run(
        "bench --bars --strict --device vgpu:h100-sxm --op rational_bwd --dtype f32 --shape 64x24 "
        "--only rational_bwd_cuda_twopass");
    cr_expect_eq(o.code, 1, "exit code %d: %s%s", o.code, o.out, o.err);
    cr_expect(strstr(o.out, "  MISSED"), "%s", o.out);
}
