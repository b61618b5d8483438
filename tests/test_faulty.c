/* check and bench among candidates that crash, hang, answer wrongly, write beyond their output and take all
   memory: each costs itself alone, with one line that says why. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "device/nvrtc.h"
#include "program.h"

static void nvrtc_use(void) {
    struct nvrtc n;
    struct error err;
    if (!nvrtc_open(&n, &err)) cr_skip_test("%s", err.text);
    setenv("KATUNE_CACHE", KATUNE_BINARY_DIR "/cuda-cache", 1);
    setenv("VGPU_REPORT", "/dev/null", 1);
}

/* A variant and what is said of it. */
struct expected {
    const char *name, *text;
};

static const struct expected cuda[] = {
    {"silu_fwd_cuda_beyond", "write of 4 bytes at 0x"},
    {"silu_fwd_cuda_broken", "does not compile for sm_90: silu_fwd_cuda_broken.cu(1): error: "},
    {"silu_fwd_cuda_greedy", "out of device memory: it needs 4398046511104 bytes of scratch"},
    {"silu_fwd_cuda_hang", "no answer within 6 s: killed"},
    {"silu_fwd_cuda_wrong", "y[7] (row 0, channel 7) is "}};

static const struct expected scalar[] = {{"silu_fwd_scalar_crash", "crashed: Segmentation fault"},
                                         {"silu_fwd_scalar_greedy", "more than 400 MB of memory: killed"},
                                         {"silu_fwd_scalar_guard", "y: wrote beyond its end, at byte +0"},
                                         {"silu_fwd_scalar_hang", "no answer within 6 s: killed"},
                                         {"silu_fwd_scalar_wrong", "y[480] (row 10, channel 0) is "}};

enum { FAULTS = 5 };

/* Of check: "FAILED NAME", the problem, and why, a line each. */
static void check_expect(const struct outcome *o, const struct expected list[FAULTS]) {
    cr_expect_eq(o->code, 1, "exit code %d: %s", o->code, o->err);
    cr_expect_str_empty(o->err);
    cr_expect(strstr(o->out, "1 passed, 5 failed, 0 skipped;"), "%s", o->out);
    for (int i = 0; i < FAULTS; i++) {
        const char *const at = strstr(o->out, list[i].name), *line = at;
        for (int skip = 0; line && skip < 2; skip++) line = strchr(line + 1, '\n');
        cr_assert(line, "%s: %s", list[i].name, o->out);
        const char *const why = strstr(line + 1, list[i].text);
        cr_expect(why && why < strchr(line + 1, '\n'), "%s: %s", list[i].name, at);
    }
}

/* Of bench: a line. */
static void bench_expect(const struct outcome *o, const struct expected list[FAULTS]) {
    cr_expect_eq(o->code, 1, "exit code %d: %s", o->code, o->err);
    cr_expect_str_empty(o->err);
    cr_expect(strstr(o->out, "\n1 timed, 5 failed their check, 0 skipped"), "%s", o->out);
    for (int i = 0; i < FAULTS; i++) {
        const char *const line = strstr(o->out, list[i].name);
        cr_assert(line, "%s: %s", list[i].name, o->out);
        const char *const failed = strstr(line, "FAILED its check and is not timed: "), *const why = strstr(
                                                                                            line,
                                                                                            list[i].text);
        cr_expect(failed && failed < why && why < strchr(line, '\n'), "%s: %.400s", list[i].name, line);
    }
}

#define CUDA                                                                                                 \
    " --quiet --device vgpu:h100-sxm --op silu_fwd --dtype f32 --shape 20x48 --only 'silu_fwd_cuda*' "       \
    "--time-limit 6"
#define SCALAR                                                                                               \
    " --quiet --op silu_fwd --dtype f32 --shape 20x48 --only 'silu_fwd_scalar*' --time-limit 6 "             \
    "--memory-limit 400"

Test(faulty, check_goes_on_after_cuda_kernels) {
    nvrtc_use();
    const struct outcome o = faulty_run("check" CUDA);
    check_expect(&o, cuda);
}

Test(faulty, bench_goes_on_after_cuda_kernels) {
    nvrtc_use();
    const struct outcome o = faulty_run("bench" CUDA);
    bench_expect(&o, cuda);
}

Test(faulty, check_goes_on_after_scalar_kernels) {
    const struct outcome o = faulty_run("check" SCALAR);
    check_expect(&o, scalar);
}

Test(faulty, bench_goes_on_after_scalar_kernels) {
    const struct outcome o = faulty_run("bench --time-budget 0.05" SCALAR);
    bench_expect(&o, scalar);
}

/* One that passes its check and dies when it is timed takes nobody with it. */
Test(faulty, bench_goes_on_after_one_that_dies_late) {
    const struct outcome o =
        faulty_run("bench --time-budget 0.05 --quiet --dtype f32 --shape 20x48 --no-ceilings "
                   "--only 'gelu_fwd_scalar*'");
    cr_expect_eq(o.code, 1, "exit code %d", o.code);
    cr_expect(strstr(o.out, "gelu_fwd_scalar_late  FAILED while it was timed: crashed: Segmentation fault\n"),
              "%s", o.out);
    cr_expect(strstr(o.out, "gelu_fwd_scalar THREADS=0 "), "%s", o.out);
    cr_expect(strstr(o.out, " timed, 0 failed their check, 1 failed while timed, 0 skipped"), "%s", o.out);
}

/* Each is a miss of the bars, said in a line. */
Test(faulty, bars_go_on_after_cuda_kernels) {
    nvrtc_use();
    const struct outcome o = faulty_run("bench --bars" CUDA);
    cr_expect_eq(o.code, 0, "exit code %d", o.code);
    for (int i = 0; i < FAULTS; i++) {
        const char *const line = strstr(o.err, cuda[i].name);
        cr_assert(line, "%s: %s", cuda[i].name, o.err);
        const char *const why = strstr(line, cuda[i].text);
        cr_expect(why && why < strchr(line, '\n'), "%s: %.400s", cuda[i].name, line);
    }
    cr_expect(strstr(o.out, "\n  silu_fwd_cuda "), "%s", o.out);
    cr_expect(strstr(o.out, "\n5 missed\n"), "%s", o.out);
}
