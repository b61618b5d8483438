/* The bits of deterministic gradients: every CUDA variant that is not flagged ORDER_DEPENDENT writes the same
   ones from run to run, on devices of different numbers of multiprocessors, whichever host threads run its
   blocks, and at all points that share its reduction. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "convert.h"
#include "device/nvrtc.h"
#include "inputs.h"
#include "judge.h"
#include "registry.h"

enum { RESULTS_MAX = 2048, RUNS = 2 };

/* Multiprocessors: 128, 58. Both are of one architecture, so kernels are compiled once. */
static const struct setting {
    const char *device, *threads;
} settings[] = {{"vgpu:rtx-4090", "1"}, {"vgpu:l4", "2"}, {"vgpu:rtx-4090", "2"}};
enum { SETTINGS = sizeof settings / sizeof *settings };

/* Ragged: rows are prime; a group has 3 x 8 channels, or 5, read one by one, or more than a block's columns.
 */
static const struct {
    enum op op;
    enum dtype dtype;
    int64_t rows, channels;
    const char *attributes;
} cases[] = {
    {RATIONAL_BWD, F32, 1021, 192, ""},      {RATIONAL_BWD, BF16, 1021, 192, ""},
    {RATIONAL_BWD, F32, 4999, 40, "form=B"}, {RATIONAL_BWD, BF16, 37, 2104, "num_groups=8,m=3,n=2"},
    {BSPLINE_BWD, F32, 1021, 192, ""},       {BSPLINE_BWD, BF16, 499, 40, "grid=5,order=2"},
};
enum { CASES = sizeof cases / sizeof *cases };

/* What a variant wrote at a point: point `index` of the variant's, in the order of the list. */
struct result {
    int which, variant;
    int64_t point;
    uint64_t bits;
};

struct memory {
    unsigned inputs, outputs;
    char *tensor[TENSOR_COUNT];
    size_t bytes[TENSOR_COUNT];
};

static struct problem problem_of(int which) {
    struct problem p = problem_default(cases[which].op, cases[which].dtype);
    struct error err;
    p.rows = cases[which].rows;
    p.channels = cases[which].channels;
    if (!problem_set_attrs(&p, cases[which].attributes, &err) || !problem_valid(&p, &err)) {
        fprintf(stderr, "%s\n", err.text);
        _exit(3);
    }
    return p;
}

/* Inputs on the device; x last, as it is made with the parameters in view. */
static struct memory memory_make(struct device *d, const struct problem *p) {
    struct memory m = {.inputs = op_inputs(p->op), .outputs = op_outputs(p->op)};
    float *in[TENSOR_COUNT] = {0};
    for (int i = TENSOR_COUNT - 1; i >= 0; i--) {
        const enum tensor t = (enum tensor)i;
        if (!tensor_in(m.inputs | m.outputs, t)) continue;
        const int64_t count = shape_count(tensor_shape(p, t));
        m.bytes[t] = tensor_bytes(p, t);
        m.tensor[t] = d->alloc(d, m.bytes[t]);
        if (!tensor_in(m.inputs, t)) continue;
        void *const encoded = malloc(m.bytes[t]);
        in[t] = malloc(sizeof *in[t] * (size_t)count);
        input_fill(p, t, 1, (struct distribution){.kind = DIST_NORMAL}, (const float *const *)in, in[t]);
        array_from_float(encoded, tensor_dtype(p, t), in[t], count);
        d->upload(d, m.tensor[t], encoded, m.bytes[t]);
        free(encoded);
    }
    for (int t = 0; t < TENSOR_COUNT; t++) free(in[t]);
    return m;
}

/* A hash of all outputs' bits; ends the process if the call fails. */
static uint64_t bits_of(struct device *d, struct kernel *k, const struct memory *m) {
    struct call call = {.scratch = NULL};
    struct error err;
    uint64_t hash = 0;
    for (int t = 0; t < TENSOR_COUNT; t++) {
        if (tensor_in(m->inputs, (enum tensor)t)) call.in[t] = m->tensor[t];
        if (tensor_in(m->outputs, (enum tensor)t)) call.out[t] = m->tensor[t];
    }
    d->run(d, k, &call, 1);
    if (device_failure(d, &err)) {
        fprintf(stderr, "%s\n", err.text);
        _exit(3);
    }
    for (int t = 0; t < TENSOR_COUNT; t++) {
        if (!call.out[t]) continue;
        void *const data = malloc(m->bytes[t]);
        d->download(d, data, m->tensor[t], m->bytes[t]);
        hash = bits_hash(hash, data, m->bytes[t]);
        free(data);
    }
    return hash;
}

/* The parameters that say in which order terms are added. The others say how memory is accessed. */
static bool same_reduction(const struct variant *v, const struct point *a, const struct point *b) {
    static const char *const reduction[] = {"BLOCK", "VEC", "ROWS"};
    for (size_t i = 0; i < sizeof reduction / sizeof *reduction; i++) {
        const int at = param_find(v, reduction[i]);
        if (at >= 0 && a->value[at] != b->value[at]) return false;
    }
    return true;
}

/* Points that are run: the first and the last that are accepted of each reduction. */
static bool point_chosen(const struct variant *v, const struct problem *p, const struct device_info *info,
                         int64_t index) {
    const struct point pt = point_at(v, index);
    bool before = false, after = false;
    if (variant_reject(v, p, &pt, info)) return false;
    for (int64_t i = 0; i < point_count(v); i++) {
        const struct point other = point_at(v, i);
        if (i == index || !same_reduction(v, &pt, &other) || variant_reject(v, p, &other, info)) continue;
        before |= i < index;
        after |= i > index;
    }
    return !before || !after;
}

static bool deterministic(const struct variant *v) {
    return v->backend == CUDA && !(v->flags & (ORDER_DEPENDENT | BASELINE));
}

static int case_run(struct device *d, int which, struct result *results, int count) {
    const struct problem p = problem_of(which);
    struct memory m = memory_make(d, &p);
    struct error err;
    for (int i = 0; i < variant_count(); i++) {
        const struct variant *const v = variant_at(i);
        if (v->op != p.op || !deterministic(v)) continue;
        for (int64_t j = 0; j < point_count(v) && count < RESULTS_MAX; j++) {
            if (!point_chosen(v, &p, d->info(d), j)) continue;
            const struct point pt = point_at(v, j);
            struct kernel *const k = d->prepare(d, v, &p, &pt, &err);
            if (!k) {
                fprintf(stderr, "%s\n", err.text);
                _exit(3);
            }
            for (int run = 0; run < RUNS; run++)
                results[count++] = (struct result){which, i, j, bits_of(d, k, &m)};
            d->release(d, k);
        }
    }
    for (int t = 0; t < TENSOR_COUNT; t++)
        if (m.tensor[t]) d->free(d, m.tensor[t]);
    return count;
}

/* In a process of its own, which writes what it found to the pipe. */
static void setting_run(const struct setting *s, int to) {
    static struct result results[RESULTS_MAX];
    struct error err;
    int count = 0;
    setenv("VGPU_THREADS", s->threads, 1);
    setenv("VGPU_ORDER", "relaxed", 1); /* blocks side by side, whatever they do */
    struct device *const d = device_open(s->device, false, &err);
    if (!d) {
        fprintf(stderr, "%s\n", err.text);
        _exit(3);
    }
    for (int which = 0; which < CASES; which++) count = case_run(d, which, results, count);
    d->close(d);
    FILE *const f = fdopen(to, "w");
    _exit(!f || fwrite(results, sizeof *results, (size_t)count, f) != (size_t)count || fclose(f));
}

static int setting_results(const struct setting *s, struct result *results) {
    int ends[2], status;
    cr_assert_eq(pipe(ends), 0);
    const pid_t child = fork();
    if (!child) setting_run(s, ends[1]);
    close(ends[1]);
    FILE *const f = fdopen(ends[0], "r");
    cr_assert_not_null(f);
    const int count = (int)fread(results, sizeof *results, RESULTS_MAX, f);
    fclose(f);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: see above", s->device);
    return count;
}

/* Every result beside the first of its case, variant and reduction. */
static void results_compare(const struct result *first, const struct result *results, int count,
                            const struct setting *s) {
    for (int i = 0; i < count; i++) {
        const struct result *const r = &results[i];
        const struct variant *const v = variant_at(r->variant);
        const struct point pt = point_at(v, r->point);
        const struct problem p = problem_of(r->which);
        char text[POINT_TEXT_MAX], key[PROBLEM_KEY_MAX];
        int with = 0;
        for (;; with++) {
            const struct point other = point_at(v, first[with].point);
            if (first[with].which == r->which && first[with].variant == r->variant &&
                same_reduction(v, &pt, &other))
                break;
        }
        point_print(v, &pt, text);
        problem_key(&p, key);
        cr_expect_eq(r->bits, first[with].bits, "%s, VGPU_THREADS=%s: other bits of %s %s on %s", s->device,
                     s->threads, v->name, text, key);
    }
}

Test(cuda_bits, same_for_every_run_and_grid, .timeout = 2000) {
    static struct result results[SETTINGS][RESULTS_MAX];
    struct nvrtc n;
    struct error err;
    if (!nvrtc_open(&n, &err)) cr_skip_test("%s", err.text);
    setenv("KATUNE_CACHE", KATUNE_BINARY_DIR "/cuda-cache", 1);
    int count = 0;
    for (int s = 0; s < SETTINGS; s++) {
        const int found = setting_results(&settings[s], results[s]);
        if (!s) count = found;
        cr_assert(found == count && found > 100 && found < RESULTS_MAX, "%d results, %d before", found,
                  count);
        results_compare(results[0], results[s], count, &settings[s]);
    }
}
