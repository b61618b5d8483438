/* The checker itself: a variant made from the oracle passes every case of the suite; each of its mutants,
   wrong in one way, fails and is told why. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "case.h"
#include "convert.h"
#include "op.h"
#include "suite.h"

static struct device *device(void) {
    struct error err = {""};
    struct device *const d = device_open("cpu", false, &err);
    cr_assert_not_null(d, "%s", err.text);
    return d;
}

/* Computes with the oracle and rounds to the dtype. */
static void run_oracle(const struct problem *p, const struct point *pt, const struct call *call) {
    (void)pt;
    struct oracle_in in = {.row_count = NULL};
    struct oracle_out out = {{0}, {0}};
    float *floats[TENSOR_COUNT] = {0};
    for (int t = 0; t < TENSOR_COUNT; t++) {
        const size_t count = (size_t)shape_count(tensor_shape(p, (enum tensor)t));
        if (call->in[t]) {
            floats[t] = malloc(count * sizeof(float) + 1);
            array_to_float(floats[t], call->in[t], tensor_dtype(p, (enum tensor)t), (int64_t)count);
            in.in[t] = floats[t];
        } else if (call->out[t]) {
            floats[t] = malloc(count * sizeof(float) + 1);
            out.value[t] = malloc(count * sizeof(double) + 1);
            out.scale[t] = malloc(count * sizeof(double) + 1);
        }
    }
    op_info(p->op)->oracle(p, &in, &out);
    for (int t = 0; t < TENSOR_COUNT; t++) {
        const int64_t count = shape_count(tensor_shape(p, (enum tensor)t));
        for (int64_t i = 0; call->out[t] && i < count; i++) floats[t][i] = (float)out.value[t][i];
        if (call->out[t]) array_from_float(call->out[t], tensor_dtype(p, (enum tensor)t), floats[t], count);
        free(floats[t]);
        free(out.value[t]);
        free(out.scale[t]);
    }
}

static struct variant honest(enum op op) {
    return (struct variant){
        .name = "honest", .op = op, .dtypes = F32 | F16 | BF16, .params = {PARAM_THREADS}, .run = run_oracle};
}

Test(case, oracle_passes_the_whole_suite) {
    struct device *const d = device();
    for (int op = 0; op < OP_COUNT; op++) {
        const struct variant v = honest((enum op)op);
        for (int i = 0; i < suite_count((enum op)op) * DTYPE_COUNT; i++) {
            const struct suite_case s = suite_at((enum op)op, dtype_at(i % DTYPE_COUNT), i / DTYPE_COUNT);
            const struct point pt = point_at(&v, 0);
            struct error err = {""};
            struct verdict verdict;
            char key[PROBLEM_KEY_MAX];
            problem_key(&s.problem, key);
            struct check_case *const c = case_new(d, &s.problem, 3, s.distribution, &err);
            cr_assert_not_null(c, "%s: %s", key, err.text);
            case_check(c, &v, &pt, CHECK_QUICK, &verdict);
            cr_assert_eq(verdict.status, CHECK_PASSED, "%s: %s", key, verdict.text);
            cr_assert(verdict.worst <= 1);
            case_free(c);
        }
    }
    d->close(d);
}

/* Mutants of rational_fwd and rational_bwd. */
static void run_bit(const struct problem *p, const struct point *pt, const struct call *call) {
    run_oracle(p, pt, call);
    float *const y = call->out[T_Y];
    float value;
    memcpy(&value, y + 1003, sizeof value);
    value = value * 1.00001f + 1e-5f;
    memcpy(y + 1003, &value, sizeof value);
}

static void run_nan(const struct problem *p, const struct point *pt, const struct call *call) {
    run_oracle(p, pt, call);
    const float nan_value = NAN;
    memcpy((float *)call->out[T_Y] + 5, &nan_value, sizeof nan_value);
}

static void run_infinite(const struct problem *p, const struct point *pt, const struct call *call) {
    run_oracle(p, pt, call);
    const float infinite = INFINITY;
    memcpy((float *)call->out[T_Y] + 5, &infinite, sizeof infinite);
}

/* Leaves the last element as it was: what a wrong tail does. */
static void run_unwritten(const struct problem *p, const struct point *pt, const struct call *call) {
    const int64_t last = problem_elements(p) - 1;
    float was;
    memcpy(&was, (float *)call->out[T_Y] + last, sizeof was);
    run_oracle(p, pt, call);
    memcpy((float *)call->out[T_Y] + last, &was, sizeof was);
}

static void run_beyond(const struct problem *p, const struct point *pt, const struct call *call) {
    run_oracle(p, pt, call);
    memset((float *)call->out[T_Y] + problem_elements(p), 0, 4);
}

static void run_before(const struct problem *p, const struct point *pt, const struct call *call) {
    run_oracle(p, pt, call);
    memset((char *)call->out[T_Y] - 1, 0, 1);
}

/* Right where pointers are aligned only. */
static void run_alignment(const struct problem *p, const struct point *pt, const struct call *call) {
    run_oracle(p, pt, call);
    if ((uintptr_t)call->out[T_Y] % 64) memset(call->out[T_Y], 0, 4);
}

/* The last bit depends on the threads. */
static void run_threads(const struct problem *p, const struct point *pt, const struct call *call) {
    run_oracle(p, pt, call);
    uint32_t bits;
    memcpy(&bits, call->out[T_Y], sizeof bits);
    bits ^= call->threads == 3;
    memcpy(call->out[T_Y], &bits, sizeof bits);
}

/* Counts on scratch being zero. */
static void run_scratch(const struct problem *p, const struct point *pt, const struct call *call) {
    run_oracle(p, pt, call);
    float first, addend;
    memcpy(&first, call->out[T_Y], sizeof first);
    memcpy(&addend, call->scratch, sizeof addend);
    first += addend;
    memcpy(call->out[T_Y], &first, sizeof first);
}

static size_t scratch_some(const struct problem *p, const struct point *pt, int threads) {
    (void)p, (void)pt, (void)threads;
    return 64;
}

static struct verdict verdict_of(struct variant v, const char *key, enum check_depth depth) {
    struct device *const d = device();
    struct problem p;
    struct error err = {""};
    struct verdict verdict;
    cr_assert(problem_parse(key, &p, &err), "%s", err.text);
    struct check_case *const c = case_new(d, &p, 1, (struct distribution){DIST_NORMAL, 0}, &err);
    const struct point pt = point_at(&v, 0);
    v.op = p.op;
    case_check(c, &v, &pt, depth, &verdict);
    case_free(c);
    d->close(d);
    return verdict;
}

/* 1009 rows: more than the 251 distinct ones. */
static const char forward[] = "rational_fwd f32 rows=1009 channels=24";

static void expect_failure(void (*run)(const struct problem *, const struct point *, const struct call *),
                           const char *text) {
    struct variant v = honest(RATIONAL_FWD);
    v.run = run;
    const struct verdict verdict = verdict_of(v, forward, CHECK_FULL);
    cr_assert_eq(verdict.status, CHECK_FAILED);
    cr_assert(strstr(verdict.text, text), "\"%s\" is not in \"%s\"", text, verdict.text);
}

Test(case, error_is_found_and_placed) {
    struct variant v = honest(RATIONAL_FWD);
    v.run = run_bit;
    const struct verdict verdict = verdict_of(v, forward, CHECK_QUICK);
    cr_assert_eq(verdict.status, CHECK_FAILED);
    cr_assert_eq(verdict.index, 1003);
    cr_assert_eq(verdict.tensor, T_Y);
    cr_assert(verdict.worst > 1 && verdict.error > verdict.allowed);
    cr_assert(strstr(verdict.text, "y[1003] (row 41, channel 19) is "), "%s", verdict.text);
}

Test(case, mutants_fail) {
    expect_failure(run_nan, "y[5] (row 0, channel 5) is ");
    expect_failure(run_infinite, "y[5] (row 0, channel 5) is inf");
    expect_failure(run_unwritten, "y[24215] (row 1008, channel 23) was never written");
    expect_failure(run_beyond, "y: wrote beyond its end, at byte +0");
    expect_failure(run_before, "y: wrote before its beginning, at byte -1");
    expect_failure(run_alignment, "(tensors aligned to their element only)");
    expect_failure(run_threads, "THREAD_DEPENDENT");
}

Test(case, flagged_thread_dependence_is_allowed) {
    struct variant v = honest(RATIONAL_FWD);
    v.run = run_threads;
    v.flags = THREAD_DEPENDENT;
    cr_assert_eq(verdict_of(v, forward, CHECK_FULL).status, CHECK_PASSED);
}

Test(case, scratch_is_poisoned) {
    struct variant v = honest(RATIONAL_FWD);
    v.run = run_scratch;
    v.scratch = scratch_some;
    cr_assert_eq(verdict_of(v, forward, CHECK_FULL).status, CHECK_FAILED);
}

Test(case, gradients_count_repeated_rows) {
    /* With 100 times the distinct rows a gradient that took each once would be off a hundredfold. */
    const struct verdict verdict =
        verdict_of(honest(RATIONAL_BWD), "rational_bwd f32 rows=25100 channels=8", CHECK_QUICK);
    cr_assert_eq(verdict.status, CHECK_PASSED, "%s", verdict.text);
}

static const char *reject_all(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)p, (void)pt, (void)d;
    return "not on Mondays";
}

Test(case, unsupported_is_a_skip_with_its_reason) {
    struct variant v = honest(RATIONAL_FWD);
    v.reject = reject_all;
    const struct verdict verdict = verdict_of(v, forward, CHECK_FULL);
    cr_assert_eq(verdict.status, CHECK_SKIPPED);
    cr_assert_str_eq(verdict.text, "not on Mondays");
}

Test(case, overflow_of_f16_is_infinity) {
    /* silu'(x) dy with dy = 1024 and x large stays finite; a product beyond 65520 does not. */
    struct device *const d = device();
    struct error err = {""};
    struct problem p;
    cr_assert(problem_parse("bspline_fwd f16 rows=7 channels=24 boundary=linear", &p, &err), "%s", err.text);
    struct check_case *const c = case_new(d, &p, 5, (struct distribution){DIST_SPECIAL, 0}, &err);
    const struct variant v = honest(BSPLINE_FWD);
    const struct point pt = point_at(&v, 0);
    struct verdict verdict;
    case_check(c, &v, &pt, CHECK_QUICK, &verdict);
    cr_assert_eq(verdict.status, CHECK_PASSED, "%s", verdict.text);
    case_free(c);
    d->close(d);
}

Test(inputs, same_for_the_same_seed_only) {
    const struct problem p = problem_default(GELU_FWD, F32);
    float a[8], b[8], c[8];
    const float *const none[TENSOR_COUNT] = {0};
    const struct distribution normal = {DIST_NORMAL, 0};
    input_fill(&p, T_X, 1, normal, none, a);
    input_fill(&p, T_X, 1, normal, none, b);
    input_fill(&p, T_X, 2, normal, none, c);
    cr_assert_arr_eq(a, b, sizeof a);
    cr_assert_neq(memcmp(a, c, sizeof a), 0);
}

Test(inputs, distributions) {
    struct problem p = problem_default(BSPLINE_FWD, F32);
    const float *const none[TENSOR_COUNT] = {0};
    static float x[8 * 4096];
    p.rows = 4096;
    const int n = 8 * 4096;
    input_fill(&p, T_X, 1, (struct distribution){DIST_NORMAL, 0}, none, x);
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++) sum += (double)x[i], squares += (double)x[i] * (double)x[i];
    cr_assert(fabs(sum / n) < 0.02 && fabs(squares / n - 1) < 0.03);
    input_fill(&p, T_X, 1, (struct distribution){DIST_UNIFORM, 0}, none, x);
    for (int i = 0; i < n; i++) cr_assert(x[i] >= -1 && x[i] <= 1);
    input_fill(&p, T_X, 1, (struct distribution){DIST_ONEBIN, 0}, none, x);
    for (int i = 0; i < n; i++) cr_assert(x[i] > 0 && x[i] < 0.25f);
    input_fill(&p, T_X, 1, (struct distribution){DIST_OOB, 30}, none, x);
    int beyond = 0;
    for (int i = 0; i < n; i++) beyond += fabsf(x[i]) > 1;
    cr_assert(abs(beyond - n * 3 / 10) < n / 50, "%d of %d", beyond, n);
    input_fill(&p, T_X, 1, (struct distribution){DIST_SPECIAL, 0}, none, x);
    int zeros = 0, negative_zeros = 0, denormals = 0, large = 0;
    for (int i = 0; i < n; i++) {
        zeros += x[i] == 0 && !signbit(x[i]);
        negative_zeros += x[i] == 0 && signbit(x[i]);
        denormals += fpclassify(x[i]) == FP_SUBNORMAL;
        large += fabsf(x[i]) > 1e6f && isfinite(x[i]);
    }
    cr_assert(zeros && negative_zeros && denormals && large);
}

Test(inputs, distribution_names) {
    static const char *const good[] = {"normal", "uniform", "onebin", "oob:0",
                                       "oob:25", "oob:100", "special"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct distribution d;
        char text[16];
        cr_assert(distribution_parse(good[i], &d, NULL), "%s", good[i]);
        distribution_print(d, text);
        cr_assert_str_eq(text, good[i]);
    }
    static const char *const bad[] = {
        "", "norm", "normal:3", "oob:", "oob:101", "oob:-1", "oob:5x", "special "};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct distribution d;
        struct error err = {""};
        cr_assert(!distribution_parse(bad[i], &d, &err), "%s", bad[i]);
        cr_assert(strstr(err.text, "use normal"));
    }
}
