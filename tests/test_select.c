/* Look-up: each of the four ways of answering, and what goes before what. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "program.h"
#include "select.h"

static const struct device_info here = {.name = "here",
                                        .backend = "cpu",
                                        .arch = "scalar",
                                        .fingerprint = "here/2",
                                        .units = 2,
                                        .isa = 1u << SCALAR};

static struct table table_of(const char *name, const char *fingerprint, const char *backend, int units) {
    struct table t;
    table_init(&t);
    t.device = (struct device_info){.units = units};
    snprintf(t.device.name, sizeof t.device.name, "%s", name);
    snprintf(t.device.fingerprint, sizeof t.device.fingerprint, "%s", fingerprint);
    snprintf(t.device.backend, sizeof t.device.backend, "%s", backend);
    snprintf(t.device.arch, sizeof t.device.arch, "scalar");
    return t;
}

static struct problem problem_of(const char *key) {
    struct problem p;
    struct error err = {""};
    cr_assert(problem_parse(key, &p, &err), "%s", err.text);
    return p;
}

static void put(struct table *t, const char *key, const char *variant, const char *param, int value,
                enum table_source source) {
    struct table_entry e = {.problem = problem_of(key), .source = source, .time_us = {1, 1, 1, 20}};
    e.choice.variant = variant_find(variant);
    cr_assert(e.choice.variant);
    e.choice.point = point_at(e.choice.variant, 0);
    if (param) e.choice.point.value[param_find(e.choice.variant, param)] = value;
    cr_assert(table_put(t, &e));
}

static struct selection look_up(const struct table *tables, int count, const char *key) {
    const struct problem p = problem_of(key);
    struct selection s;
    struct error err = {""};
    cr_assert(select_variant(tables, count, &here, &p, &s, &err), "%s", err.text);
    return s;
}

Test(select, exact) {
    struct table t = table_of("here", "here/2", "cpu", 2);
    put(&t, "rational_bwd f32 rows=100 channels=64", "rational_bwd_scalar", "BLOCK", 8, SOURCE_MEASURED);
    const struct selection s = look_up(&t, 1, "rational_bwd f32 rows=100 channels=64");
    cr_assert_eq(s.how, SELECT_EXACT);
    cr_assert_eq(s.point.value[param_find(s.variant, "BLOCK")], 8);
    cr_assert_str_eq(s.from_device, "here");
}

Test(select, near_shape_takes_the_nearest_of_the_same_attributes) {
    struct table t = table_of("here", "here/2", "cpu", 2);
    put(&t, "rational_bwd f32 rows=100 channels=64", "rational_bwd_scalar", "BLOCK", 8, SOURCE_MEASURED);
    put(&t, "rational_bwd f32 rows=9000 channels=64", "rational_bwd_scalar", "BLOCK", 128, SOURCE_MEASURED);
    put(&t, "rational_bwd f32 rows=3000 channels=64 form=B", "rational_bwd_scalar", "BLOCK", 32,
        SOURCE_MEASURED);
    const struct selection s = look_up(&t, 1, "rational_bwd f32 rows=3000 channels=64");
    cr_assert_eq(s.how, SELECT_NEAR_SHAPE);
    cr_assert_eq(s.point.value[param_find(s.variant, "BLOCK")], 128);
    cr_assert_eq(s.from.rows, 9000);
}

Test(select, near_shape_passes_over_what_does_not_run_here) {
    struct table t = table_of("here", "here/2", "cpu", 2);
    put(&t, "copy f32 rows=10 channels=64", "copy_scalar", "THREADS", 64, SOURCE_MEASURED);
    put(&t, "copy f32 rows=90 channels=64", "copy_scalar", "THREADS", 1, SOURCE_MEASURED);
    const struct selection s = look_up(&t, 1, "copy f32 rows=11 channels=64");
    cr_assert_eq(s.from.rows, 90);
}

Test(select, measured_goes_before_modeled) {
    struct table t = table_of("here", "here/2", "cpu", 2);
    put(&t, "copy f32 rows=10 channels=64", "copy_scalar", "THREADS", 0, SOURCE_MODELED);
    put(&t, "copy f32 rows=900 channels=64", "copy_scalar", "THREADS", 1, SOURCE_MEASURED);
    cr_assert_eq(look_up(&t, 1, "copy f32 rows=10 channels=64").from.rows, 900);
    cr_assert_eq(look_up(&t, 1, "copy f32 rows=900 channels=64").how, SELECT_EXACT);
}

/* A modeled entry of the very problem answers where the measured ones do not run it. */
Test(select, measured_that_does_not_run_is_passed_over_for_modeled) {
    struct table t = table_of("here", "here/2", "cpu", 2);
    put(&t, "copy f32 rows=10 channels=64", "copy_scalar", "THREADS", 0, SOURCE_MODELED);
    put(&t, "copy f32 rows=90 channels=64", "copy_scalar", "THREADS", 64, SOURCE_MEASURED);
    const struct selection s = look_up(&t, 1, "copy f32 rows=10 channels=64");
    cr_assert_eq(s.how, SELECT_EXACT);
    cr_assert_eq(s.from.rows, 10);
    cr_assert_eq(look_up(&t, 1, "copy f32 rows=80 channels=64").from.rows, 10);
    /* measured after all: it goes before the modeled one again */
    put(&t, "copy f32 rows=90 channels=64", "copy_scalar", "THREADS", 1, SOURCE_MEASURED);
    cr_assert_eq(look_up(&t, 1, "copy f32 rows=10 channels=64").from.rows, 90);
    table_free(&t);
}

static uint32_t draw(uint32_t *state, uint32_t below) {
    *state = *state * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)*state * below >> 32);
}

/* Of a few families; shapes that are close together, or powers of two, of which many are equally far from one
   another, or so large that they hardly differ. */
static struct problem drawn_problem(uint32_t *state) {
    static const enum op ops[] = {COPY, GELU_FWD, RATIONAL_BWD};
    struct problem p = problem_default(ops[draw(state, 3)], F32);
    if (p.op == RATIONAL_BWD) p.form = "AB"[draw(state, 2)], p.m = 3 + (int)draw(state, 3);
    switch (draw(state, 3)) {
    case 0: p.rows = draw(state, 40), p.channels = 8 * (1 + draw(state, 12)); break;
    case 1: p.rows = 1LL << draw(state, 12), p.channels = 8LL << draw(state, 10); break;
    default: p.rows = (1LL << 40) - draw(state, 500), p.channels = CHANNELS_MAX - 8 * draw(state, 40);
    }
    return p;
}

/* Two in three of them run: the device has no 64 cores. */
static void drawn_put(struct table *t, uint32_t *state) {
    char key[PROBLEM_KEY_MAX], variant[64];
    const struct problem p = drawn_problem(state);
    problem_key(&p, key);
    snprintf(variant, sizeof variant, "%s_scalar", op_name(p.op));
    put(t, key, variant, "THREADS", draw(state, 3) ? 0 : 64,
        draw(state, 3) ? SOURCE_MODELED : SOURCE_MEASURED);
}

/* The nearest usable measured entry, or else the nearest usable modeled one; of equally near ones the very
   problem's (no rows are as near as one), else the first. */
static const struct table_entry *scan(const struct table *t, const struct problem *p) {
    const struct table_entry *best[2] = {NULL, NULL};
    double least[2] = {INFINITY, INFINITY};
    for (int i = 0; i < t->count; i++) {
        const struct table_entry *const e = &t->entries[i];
        const double distance = problem_distance(&e->problem, p);
        if (variant_reject(e->choice.variant, p, &e->choice.point, &here)) continue;
        const bool very = distance == least[e->source] && problem_equal(&e->problem, p);
        if (distance < least[e->source] || very) best[e->source] = e, least[e->source] = distance;
    }
    return best[SOURCE_MEASURED] ? best[SOURCE_MEASURED] : best[SOURCE_MODELED];
}

static void expect_as_scanned(const struct table *t, uint32_t *state, int seen[SELECT_DEFAULT + 1]) {
    const struct problem p = drawn_problem(state);
    const struct table_entry *const expected = scan(t, &p);
    char key[PROBLEM_KEY_MAX], from[PROBLEM_KEY_MAX];
    struct selection s;
    struct error err = {""};
    problem_key(&p, key);
    cr_assert(select_variant(t, 1, &here, &p, &s, &err), "%s", err.text);
    problem_key(&s.from, from);
    seen[s.how]++;
    if (expected)
        cr_assert(problem_equal(&s.from, &expected->problem), "of %d entries %s answers %s", t->count, from,
                  key);
    else
        cr_assert_eq(s.how, SELECT_DEFAULT);
}

/* Tables that grow, of which entries are replaced, and that are read back. */
Test(select, answers_as_an_exhaustive_search_does) {
    uint32_t state = 1;
    int seen[SELECT_DEFAULT + 1] = {0};
    const char *const path = scratch_place("table.json");
    for (int round = 0; round < 12; round++) {
        struct table t = table_of("here", "here/2", "cpu", 2), read;
        struct error err = {""};
        const int entries = 1 << round;
        for (int i = 0; i < entries; i++) {
            drawn_put(&t, &state);
            if (entries <= 64 || i % 16 == 0) expect_as_scanned(&t, &state, seen);
        }
        cr_assert(table_write(&t, path, &err) && table_read(&read, path, &err), "%s", err.text);
        for (int i = 0; i < 300; i++) expect_as_scanned(&read, &state, seen);
        table_free(&t);
        table_free(&read);
    }
    cr_assert(seen[SELECT_EXACT] > 30 && seen[SELECT_NEAR_SHAPE] > 1000 && seen[SELECT_DEFAULT] > 20,
              "%d exact, %d near, %d default", seen[SELECT_EXACT], seen[SELECT_NEAR_SHAPE],
              seen[SELECT_DEFAULT]);
}

Test(select, near_device_takes_the_likest_of_the_backend) {
    struct table tables[3] = {table_of("big", "big/64", "cpu", 64), table_of("small", "small/4", "cpu", 4),
                              table_of("gpu", "gpu/2", "cuda", 2)};
    for (int i = 0; i < 3; i++)
        put(&tables[i], "rational_bwd f32 rows=100 channels=64", "rational_bwd_scalar", "BLOCK",
            i == 1 ? 128 : 8, SOURCE_MEASURED);
    const struct selection s = look_up(tables, 3, "rational_bwd f32 rows=100 channels=64");
    cr_assert_eq(s.how, SELECT_NEAR_DEVICE);
    cr_assert_str_eq(s.from_device, "small");
    cr_assert_eq(s.point.value[param_find(s.variant, "BLOCK")], 128);
}

Test(select, default_where_no_table_answers) {
    struct table t = table_of("here", "here/2", "cpu", 2);
    put(&t, "rational_bwd f32 rows=100 channels=64", "rational_bwd_scalar", "BLOCK", 8, SOURCE_MEASURED);
    const struct selection s = look_up(&t, 1, "rational_bwd bf16 rows=100 channels=64");
    cr_assert_eq(s.how, SELECT_DEFAULT);
    cr_assert_str_eq(s.variant->name, "rational_bwd_scalar");
    cr_assert_str_eq(s.from_device, "");
    cr_assert_eq(look_up(NULL, 0, "gelu_fwd f32 rows=3 channels=5").how, SELECT_DEFAULT);
}

static const char *gpu_default(const char *key, size_t shared_kib) {
    const struct device_info gpu = {.backend = "cuda",
                                    .arch = "sm_90",
                                    .units = 132,
                                    .isa = 1u << CUDA,
                                    .sm = 90,
                                    .warps = 64,
                                    .shared_block = shared_kib << 10};
    const struct problem p = problem_of(key);
    struct point pt;
    const struct variant *const v = variant_default(&p, &gpu, &pt);
    return v ? v->name : "none";
}

/* The preferred variant, though another one's name comes first; where it does not run, another one. */
Test(select, default_is_the_preferred_variant) {
    cr_expect_str_eq(gpu_default("rational_bwd f32 rows=100 channels=64", 227), "rational_bwd_cuda_twopass");
    cr_expect_str_eq(gpu_default("bspline_fwd f32 rows=100 channels=64", 227), "bspline_fwd_cuda_power");
    cr_expect_str_eq(gpu_default("bspline_bwd f32 rows=100 channels=64", 227), "bspline_bwd_cuda_lastblock");
    /* without room for bins one that adds in a fixed order, before one whose bits vary */
    cr_expect_str_eq(gpu_default("bspline_bwd f32 rows=100 channels=64", 2), "bspline_bwd_cuda_registers");
    cr_expect_str_eq(gpu_default("bspline_bwd f32 rows=100 channels=64 grid=256", 64),
                     "bspline_bwd_cuda_sharedatomics");
    for (int i = 0; i < variant_count(); i++)
        for (int j = 0; j < i; j++) {
            const struct variant *const v = variant_at(i), *const w = variant_at(j);
            cr_expect(!(v->flags & w->flags & PREFERRED) || v->op != w->op || v->backend != w->backend,
                      "%s and %s are both preferred", v->name, w->name);
        }
}

Test(registry, a_list_of_values_may_end_with_0) {
    const struct param first = {"A", {0, 2}}, last = {"A", {2, 0, PARAM_END}}, only = {"A", {0}};
    cr_expect(param_value_count(&first) == 2 && param_has(&first, 0) && param_has(&first, 2));
    cr_expect(param_value_count(&last) == 2 && param_has(&last, 0) && param_has(&last, 2));
    cr_expect(param_value_count(&only) == 1 && !param_has(&last, PARAM_END));
}

Test(select, distance) {
    const struct problem a = problem_of("copy f32 rows=10 channels=100"),
                         b = problem_of("copy f32 rows=20 channels=50");
    cr_assert_float_eq(problem_distance(&a, &b), sqrt(2) * log(2), 1e-12);
    const struct problem c = problem_of("copy f16 rows=10 channels=100");
    cr_assert(isinf(problem_distance(&a, &c)));
}

Test(select, an_invalid_problem_is_refused) {
    struct problem p = problem_of("rational_fwd f32 rows=1 channels=64");
    struct selection s;
    struct error err = {""};
    p.groups = 7;
    cr_assert(!select_variant(NULL, 0, &here, &p, &s, &err));
    cr_assert_str_eq(err.text, "channels (64) do not divide into 7 groups");
}

/* The public interface as a program that deploys the kernels uses it. */
Test(katune, selects_and_runs) {
    struct error err = {""};
    struct katune *const k = katune_open(NULL, false, &err);
    cr_assert(k, "%s", err.text);
    const struct problem p = problem_of("rational_fwd f32 rows=3 channels=4 groups=2");
    struct katune_kernel *const f = katune_kernel(k, &p, &err);
    cr_assert(f, "%s", err.text);
    cr_assert_eq(katune_kernel_selection(f)->how, SELECT_DEFAULT);
    const float x[12] = {0, 1, 2, 3, -1, -2, -3, 4, 5, 6, 7, 8}, num[6] = {1, 2},
                den[8] = {1, 0, 0, 0, 0, 0, 0, 0};
    float y[12];
    katune_run(f, (const void *[TENSOR_COUNT]){[T_X] = x, [T_NUM] = num, [T_DEN] = den},
               (void *[TENSOR_COUNT]){[T_Y] = y});
    for (int i = 0; i < 12; i++) {
        const float q = i % 4 < 2 ? 1 + fabsf(x[i]) : 1;
        cr_expect_float_eq(y[i], (1 + 2 * x[i]) / q, 1e-5f, "%d: %g", i, (double)y[i]);
    }
    katune_kernel_free(f);
    katune_close(k);
}

Test(katune, a_bad_table_in_the_folder_is_refused) {
    struct error err = {""};
    cr_assert(folder_make(scratch_place("machine"), &err));
    cr_assert(file_write(scratch_place("machine/table.json"), "{}", 2, &err));
    cr_assert(!katune_open(scratch_folder(), false, &err));
    cr_assert(strstr(err.text, "mend it, or move it away and tune anew: /tmp/katune-test-") &&
                  strstr(err.text, "/machine/table.json: schema is missing"),
              "%s", err.text);
    struct katune *const k = katune_open("/tmp/katune-no-such-folder", false, &err);
    cr_assert(k);
    katune_close(k);
}
