/* Every CUDA variant and dtype on the virtual GPU with all of its checks on, at ragged shapes and special
   values: within tolerance, without a finding, the same bits in a second run. The suite's small cases of one
   kind take the dtypes in turn. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"
#include "device/nvrtc.h"
#include "suite.h"

enum { ELEMENTS_MAX = 12000, KINDS = 2 * (1 + BOUNDARY_COUNT) };

/* A case's form or boundary, and whether its values are special. */
static int kind_of(const struct suite_case *s) {
    return 2 * ((s->problem.form == 'B') + (int)s->problem.boundary) + (s->distribution.kind == DIST_SPECIAL);
}

/* The operation's cases that are run: calls `run` with each, in the dtype whose turn it is. */
static void cases_each(enum op op, void (*run)(void *context, const struct suite_case *s), void *context) {
    int seen[KINDS] = {0};
    for (int i = 0; i < suite_count(op); i++) {
        struct suite_case s = suite_at(op, F32, i);
        if (problem_elements(&s.problem) > ELEMENTS_MAX) continue;
        s.problem.dtype = dtype_at(seen[kind_of(&s)]++ % DTYPE_COUNT);
        run(context, &s);
    }
}

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
struct half {
    struct device *device;
    int first, count, failed;
};

static void half_take(void *context, const struct suite_case *s) {
    struct half *const h = context;
    if (h->count++ % 2 == h->first) h->failed += case_run(h->device, s);
}

static int half_run(int first) {
    struct error err;
    struct half h = {.device = device_open("vgpu:h100-sxm", false, &err), .first = first};
    if (!h.device) return fprintf(stderr, "%s\n", err.text);
    for (int op = 0; op < OP_COUNT; op++) cases_each((enum op)op, half_take, &h);
    h.device->close(h.device);
    return h.failed;
}

static void kind_note(void *context, const struct suite_case *s) {
    unsigned(*const dtypes)[2] = context; /* by form or boundary, by special or not */
    const int kind = kind_of(s);
    dtypes[kind / 2][0] |= s->problem.dtype;
    dtypes[kind / 2][1] |= kind % 2 ? s->problem.dtype : 0;
}

Test(cuda_check, every_dtype_meets_every_form_and_special_values) {
    for (int op = 0; op < OP_COUNT; op++) {
        unsigned dtypes[KINDS / 2][2] = {0}, special = 0;
        cases_each((enum op)op, kind_note, dtypes);
        const int forms = op == BSPLINE_FWD || op == BSPLINE_BWD     ? BOUNDARY_COUNT
                          : op == RATIONAL_FWD || op == RATIONAL_BWD ? 2
                                                                     : 1;
        for (int form = 0; form < forms; form++) {
            cr_expect_eq(dtypes[form][0], F32 | F16 | BF16, "%s, form or boundary %d", op_name((enum op)op),
                         form);
            special |= dtypes[form][1];
        }
        cr_expect_eq(special, F32 | F16 | BF16, "%s, special values", op_name((enum op)op));
    }
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
