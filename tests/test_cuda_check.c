/* Every CUDA variant and dtype on the virtual GPU with all of its checks on, at ragged shapes and special
   values: within tolerance, without a finding, the same bits in a second run. Each dtype takes its share of
   the suite's small cases. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"
#include "device/nvrtc.h"
#include "suite.h"

enum { ELEMENTS_MAX = 12000, SHARES = 3 };

/* Checks what the case's variants make of it; returns how many failed. */
static int case_run(struct device *d, const struct suite_case *s) {
    struct error err;
    int failed = 0;
    struct check_case *const c = case_new(d, &s->problem, 1, s->distribution, &err);
    if (!c) return fprintf(stderr, "%s\n", err.text);
    for (int i = 0; i < variant_count(); i++) {
        const struct variant *const v = variant_at(i);
        struct point pt;
        struct verdict verdict;
        char key[PROBLEM_KEY_MAX];
        if (v->backend != CUDA || !variant_default_point(v, &s->problem, d->info(d), &pt, NULL)) continue;
        case_check(c, v, &pt, CHECK_FULL, &verdict);
        if (verdict.status != CHECK_FAILED) continue;
        failed++;
        problem_key(&s->problem, key);
        fprintf(stderr, "%s on %s: %s\n", v->name, key, verdict.text);
    }
    case_free(c);
    return failed;
}

/* Every second case, counted from `first`. */
static int half_run(int first) {
    struct error err;
    struct device *const d = device_open("vgpu:h100-sxm", false, &err);
    int failed = 0, count = 0;
    if (!d) return fprintf(stderr, "%s\n", err.text);
    for (int op = 0; op < OP_COUNT; op++)
        for (int t = 0; t < DTYPE_COUNT; t++)
            for (int i = 0; i < suite_count((enum op)op); i++) {
                const struct suite_case s = suite_at((enum op)op, dtype_at(t), i);
                if (i % SHARES != t || problem_elements(&s.problem) > ELEMENTS_MAX) continue;
                if (count++ % 2 == first) failed += case_run(d, &s);
            }
    d->close(d);
    return failed;
}

Test(cuda_check, suite) {
    struct nvrtc n;
    struct error err;
    if (!nvrtc_open(&n, &err)) cr_skip_test("%s", err.text);
    setenv("KATUNE_CACHE", KATUNE_BINARY_DIR "/cuda-cache", 1);
    setenv("VGPU_THREADS", "1", 1);
    pid_t children[2];
    for (int i = 0; i < 2; i++)
        if (!(children[i] = fork())) _exit(half_run(i) != 0);
    for (int i = 0; i < 2; i++) {
        int status;
        cr_assert_eq(waitpid(children[i], &status, 0), children[i]);
        cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "see above");
    }
}
