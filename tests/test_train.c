/* The training harness: the golden run, its gradients, and every file it reads. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "kat/idx.h"
#include "kat/model.h"
#include "kat/safetensors.h"
#include "kat/train.h"
#include "program.h"

#define GOLDEN KATUNE_SOURCE_DIR "/tests/golden/kat_digits_d32/"
#define DIGITS KATUNE_SOURCE_DIR "/data/digits-train"

static double number(const cJSON *o, const char *name) {
    return cJSON_GetObjectItem(o, name)->valuedouble;
}

/* The golden case's configuration, through the file that --config reads. */
static struct kat_config golden_config(const cJSON *golden) {
    const char *const path = scratch_place("config.json");
    char *const text = cJSON_Print(cJSON_GetObjectItem(golden, "config"));
    struct kat_config c;
    struct error err = {""};
    cr_assert(file_write(path, text, strlen(text), &err), "%s", err.text);
    cr_assert(config_read(path, &c, &err), "%s", err.text);
    free(text);
    return c;
}

static void expect_tensors(struct params *found, const char *path, double tolerance) {
    struct error err = {""};
    struct params golden = *found;
    golden.list = malloc((size_t)found->count * sizeof *golden.list);
    memcpy(golden.list, found->list, (size_t)found->count * sizeof *golden.list);
    float *const values = malloc((size_t)found->total * sizeof *values);
    float *at = values;
    for (int i = 0; i < golden.count; at += golden.list[i++].count) golden.list[i].value = at;
    cr_assert(safetensors_read(path, &golden, &err), "%s", err.text);
    for (int i = 0; i < found->count; i++) {
        double most = 0, error = 0;
        for (int64_t j = 0; j < found->list[i].count; j++) {
            most = fmax(most, fabs((double)golden.list[i].value[j]));
            error = fmax(error, fabs((double)found->list[i].value[j] - (double)golden.list[i].value[j]));
        }
        cr_expect(error <= tolerance * most, "%s: off by %g of its largest entry", found->list[i].name,
                  error / most);
    }
    free(values);
    free(golden.list);
}

Test(train, follows_the_golden_run) {
    const char *const log = scratch_place("trace.jsonl"), *const grad = scratch_place("grad.safetensors");
    cJSON *const golden = json_read(GOLDEN "case.json");
    const struct train_options o = {.config = golden_config(golden),
                                    .init = GOLDEN "init.safetensors",
                                    .save_grad = grad,
                                    .log = log,
                                    .steps = (int64_t)number(golden, "steps"),
                                    .batch = (int)number(golden, "batch"),
                                    .rate = number(golden, "lr"),
                                    .decay = number(golden, "weight_decay"),
                                    .schedule = SCHEDULE_CONSTANT,
                                    .quiet = true};
    struct images images;
    struct error err = {""};
    cr_assert(idx_read(DIGITS, 10, &images, &err), "%s", err.text);
    cr_assert(train(&o, &images, NULL, &err), "%s", err.text);
    images_free(&images);

    size_t size;
    char *const text = file_read(log, &size, &err);
    char *line = text;
    int steps = 0;
    for (const cJSON *want = cJSON_GetObjectItem(golden, "trace")->child; want; want = want->next, steps++) {
        cJSON *const found = cJSON_Parse(line);
        cr_assert(found);
        const double loss = number(want, "loss"), norm = number(want, "grad_norm");
        cr_expect(fabs(number(found, "loss") - loss) <= 1e-4 * loss, "step %d", steps);
        cr_expect(fabs(number(found, "grad_norm") - norm) <= 1e-3 * norm, "step %d", steps);
        cr_expect_eq((int)number(found, "step"), steps);
        cJSON_Delete(found);
        line = strchr(line, '\n') + 1;
    }
    cr_assert_eq(steps, 20);
    free(text);

    struct katune *const k = katune_open(NULL, false, &err);
    struct model *const m = model_new(&o.config, k, 2, 1, &err);
    cr_assert(m, "%s", err.text);
    cr_assert(safetensors_read(grad, model_params(m), &err), "%s", err.text);
    expect_tensors(model_params(m), GOLDEN "grad0.safetensors", 1e-4);
    model_free(m);
    katune_close(k);
    cJSON_Delete(golden);
}

/* Every basis: the gradient of the loss by every tensor, against differences. */
static void expect_gradients(enum basis basis) {
    const struct kat_config c = {8, 1, 4, 16, 1, 2, 2, 4, 10, 16, basis};
    struct images images;
    struct error err = {""};
    const int index[3] = {0, 1, 2};
    int right;
    cr_assert(idx_read(DIGITS, 10, &images, &err), "%s", err.text);
    struct katune *const k = katune_open(NULL, false, &err);
    struct model *const m = model_new(&c, k, 3, 5, &err);
    cr_assert(m, "%s", err.text);
    model_smooth(m, 0.1);
    /* Denominators away from 0, where |b| has no derivative for a difference to find. */
    for (int i = 0; i < model_params(m)->count; i++) {
        const struct weights *const w = &model_params(m)->list[i];
        for (int64_t j = 0; strstr(w->name, "weight_denominator") && j < w->count; j++)
            w->value[j] = j % 2 ? 0.2f : -0.1f;
    }
    model_forward(m, &images, index, NULL, &right);
    model_backward(m);
    struct params *const p = model_params(m);
    for (int i = 0; i < p->count; i++) {
        const struct weights *const w = &p->list[i];
        float most = 0;
        for (int64_t j = 0; j < w->count; j++) most = fmaxf(most, fabsf(w->grad[j]));
        for (int64_t j = 0; j < w->count; j += w->count / 3 + 1) {
            const float kept = w->value[j], step = 0x1p-7f;
            w->value[j] = kept + step;
            const double up = model_forward(m, &images, index, NULL, &right);
            w->value[j] = kept - step;
            const double down = model_forward(m, &images, index, NULL, &right);
            w->value[j] = kept;
            const double slope = (up - down) / (2 * (double)step);
            cr_expect(fabs(slope - (double)w->grad[j]) <= 0.02 * (double)most + 2e-4,
                      "%s %s[%lld]: %g, difference %g", basis_name(basis), w->name, (long long)j,
                      (double)w->grad[j], slope);
        }
    }
    model_free(m);
    katune_close(k);
    images_free(&images);
}

/* The gradient of 8 images is the mean of those of 3 and of 5 of them, on models of the same weights. */
Test(train, parts_of_a_batch_make_its_gradient) {
    const struct kat_config c = {8, 1, 4, 16, 1, 2, 2, 4, 10, 16, BASIS_RATIONAL};
    struct images images;
    struct error err = {""};
    const int index[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    int right;
    cr_assert(idx_read(DIGITS, 10, &images, &err), "%s", err.text);
    struct katune *const k = katune_open(NULL, false, &err);
    struct model *const whole = model_new(&c, k, 8, 5, &err), *const first = model_new(&c, k, 3, 5, &err);
    struct model *const second = first ? model_beside(first, k, 5, &err) : NULL;
    cr_assert(whole && second, "%s", err.text);
    struct params *const p = model_params(whole), *const q = model_params(first);
    for (int64_t i = 0; i < p->total; i++) p->value[i] = q->value[i] *= 1.1f; /* the second's, too */
    const double loss = model_forward(whole, &images, index, NULL, &right);
    const double losses[] = {model_forward(first, &images, index, NULL, &right),
                             model_forward(second, &images, index + 3, NULL, &right)};
    model_backward(whole);
    model_backward(first);
    model_backward(second);
    params_grad_mix(q, model_params(second), 5.0 / 8);
    cr_expect_float_eq((3 * losses[0] + 5 * losses[1]) / 8, loss, 1e-5);
    float most = 0;
    for (int64_t i = 0; i < p->total; i++) most = fmaxf(most, fabsf(p->grad[i]));
    for (int64_t i = 0; i < p->total; i++)
        cr_assert(fabsf(p->grad[i] - q->grad[i]) <= 1e-5f * most, "%lld: %g, %g", (long long)i,
                  (double)p->grad[i], (double)q->grad[i]);
    model_free(second);
    model_free(first);
    model_free(whole);
    katune_close(k);
    images_free(&images);
}

Test(train, gradients_rational) {
    expect_gradients(BASIS_RATIONAL);
}
Test(train, gradients_bspline) {
    expect_gradients(BASIS_BSPLINE);
}
Test(train, gradients_gelu) {
    expect_gradients(BASIS_GELU);
}

Test(train, activations_start_with_the_energy_of_their_functions) {
    /* E[F(x)^2] of the swish that released KATs start from is 1 / 2.8108, and of the identity 1. */
    struct params p = {.count = 0};
    struct activation swish, identity;
    struct error err = {""};
    struct katune *const k = katune_open(NULL, false, &err);
    cr_assert(activation_declare(&swish, &p, BASIS_RATIONAL, ACT_SWISH, 16, 8, "a"));
    cr_assert(activation_declare(&identity, &p, BASIS_RATIONAL, ACT_IDENTITY, 16, 8, "b"));
    cr_assert(params_allocate(&p, NULL, &err));
    activation_init(&swish, &p, ACT_SWISH);
    activation_init(&identity, &p, ACT_IDENTITY);
    cr_expect_float_eq(1 / activation_energy(&swish, k, &p, &err), 2.8108, 2e-4);
    cr_expect_float_eq(activation_energy(&identity, k, &p, &err), 1, 1e-6);
    params_free(&p);
    katune_close(k);
}

Test(train, schedules) {
    struct train_options o = {.rate = 1, .steps = 100, .schedule = SCHEDULE_COSINE, .warmup = 10};
    cr_expect_float_eq(schedule_rate(&o, 0), 0.1, 1e-12);
    cr_expect_float_eq(schedule_rate(&o, 9), 1, 1e-12);
    cr_expect_float_eq(schedule_rate(&o, 55), 0.5, 1e-12);
    o.schedule = SCHEDULE_CONSTANT;
    cr_expect_eq(schedule_rate(&o, 99), 1);
}

static void write_bytes(const char *path, const void *data, size_t size) {
    struct error err = {""};
    cr_assert(file_write(path, data, size, &err), "%s", err.text);
}

static void expect_idx(const char *images, size_t image_bytes, const char *labels, size_t label_bytes,
                       const char *reason) {
    const char *const prefix = scratch_place("x");
    char found[640];
    struct images set;
    struct error err = {""};
    write_bytes(scratch_place("x-images-idx3-ubyte"), images, image_bytes);
    write_bytes(scratch_place("x-labels-idx1-ubyte"), labels, label_bytes);
    cr_assert(!idx_read(prefix, 10, &set, &err), "accepted: %s", reason);
    snprintf(found, sizeof found, "%s",
             err.text + (strncmp(err.text, prefix, strlen(prefix)) == 0 ? strlen(prefix) : 0));
    cr_expect_str_eq(found, reason);
}

Test(idx, refusals) {
    static const char images[] = "\0\0\x08\x03\0\0\0\1\0\0\0\2\0\0\0\2abcd",
                      labels[] = "\0\0\x08\1\0\0\0\1\3";
    static const char oblong[] = "\0\0\x08\x03\0\0\0\1\0\0\0\4\0\0\0\1abcd", high[] = "\0\0\x08\1\0\0\0\1\12";
    static const char two[] = "\0\0\x08\1\0\0\0\2\3\3", other[] = "\0\0\x0d\x03\0\0\0\1\0\0\0\2\0\0\0\2abcd";
    expect_idx(
        images, 19, labels, 9,
        "-images-idx3-ubyte: its header asks for 20 bytes, it has 19: it was cut short: fetch it again");
    expect_idx(images, 21, labels, 9,
               "-images-idx3-ubyte: its header asks for 20 bytes, it has 21: it is too long: fetch it again");
    expect_idx(images, 7, labels, 9,
               "-images-idx3-ubyte: not an IDX file of unsigned bytes with 3 dimensions");
    expect_idx(other, 20, labels, 9,
               "-images-idx3-ubyte: not an IDX file of unsigned bytes with 3 dimensions");
    expect_idx(images, 20, images, 20,
               "-labels-idx1-ubyte: not an IDX file of unsigned bytes with 1 dimension");
    expect_idx(images, 20, two, 10, ": 1 images but 2 labels: give the two files of one set");
    expect_idx(oblong, 20, labels, 9, ": images of 4 x 1: they must be square");
    expect_idx(images, 20, high, 9, "-labels-idx1-ubyte: label 0 is 10, but the model has 10 classes");
}

/* A model of one tensor "w" of 2 floats. */
static void expect_safetensors(const char *header, size_t data, const char *reason) {
    const char *const path = scratch_place("x");
    char file[1024];
    struct params p = {.count = 0};
    struct error err = {""};
    cr_assert(params_add(&p, (int64_t[PARAM_DIMS_MAX]){2}, "w") == 0 &&
              params_add(&p, (int64_t[PARAM_DIMS_MAX]){1, 1}, "v") == 1);
    cr_assert(params_allocate(&p, NULL, &err));
    const size_t length = strlen(header);
    memset(file, 0, sizeof file);
    for (int i = 0; i < 8; i++) file[i] = (char)(length >> 8 * i);
    memcpy(file + 8, header, length);
    write_bytes(path, file, 8 + length + data);
    p.list[0].value[0] = 42;
    const bool ok = safetensors_read(path, &p, &err);
    if (*reason) {
        cr_assert(!ok, "accepted: %s", header);
        cr_expect_str_eq(err.text + strlen(path) + 2, reason);
        cr_expect_eq(p.list[0].value[0], 42); /* nothing was changed */
    } else {
        cr_assert(ok, "%s", err.text);
    }
    params_free(&p);
}

Test(safetensors, refusals) {
    static const char w[] = "\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";
    static const char v[] = "\"v\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[8,12]}";
    char text[512];
    snprintf(text, sizeof text, "{%s,%s}", w, v);
    expect_safetensors(text, 12, "");
    expect_safetensors(text, 11, "v: data_offsets [8, 12] leave the file's 11 bytes of data: it is damaged");
    expect_safetensors(text, 16, "4 bytes of data belong to no tensor: the file is damaged");
    snprintf(text, sizeof text, "{%s}", w);
    expect_safetensors(text, 8, "v: missing: another model's checkpoint?");
    snprintf(text, sizeof text, "{%s,%s,\"u\":{}}", w, v);
    expect_safetensors(text, 12, "u: the model has no such tensor: another model's checkpoint?");
    snprintf(text, sizeof text, "{%s,\"v\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[4,8]}}", w);
    expect_safetensors(text, 12, "v: data_offsets overlap the tensor before it: the file is damaged");
    snprintf(text, sizeof text, "{%s,\"v\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[12,16]}}", w);
    expect_safetensors(text, 16,
                       "v: data_offsets leave a gap after the tensor before it: the file is damaged");
    snprintf(text, sizeof text, "{%s,\"v\":{\"dtype\":\"BF16\",\"shape\":[1,1],\"data_offsets\":[8,12]}}", w);
    expect_safetensors(text, 12, "v: its dtype is BF16: only F32 is read");
    snprintf(text, sizeof text, "{%s,\"v\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}", w);
    expect_safetensors(text, 12, "v: its shape is not [1, 1]: another model's checkpoint?");
    snprintf(text, sizeof text, "{%s,\"v\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[8,16]}}", w);
    expect_safetensors(text, 16, "v: data_offsets hold 8 bytes, its shape needs 4: the file is damaged");
    expect_safetensors("[]", 12, "its header is no JSON object: is it a safetensors file?");
}

Test(config, refusals) {
    static const char *const bad[][2] = {
        {"[]", "is no JSON object"},
        {"{\"image\": 8.5}", "image is no whole number"},
        {"{\"imagee\": 8}", "\"imagee\" is no key of a model"},
        {"{\"image\":8,\"patch\":3,\"dim\":32,\"depth\":1,\"heads\":2,\"classes\":10}",
         "image (8) does not divide into patches of 3"},
        {"{\"image\":8,\"patch\":2,\"dim\":32,\"depth\":1,\"heads\":3,\"classes\":10}",
         "dim (32) does not divide into 3 heads"},
        {"{\"image\":8,\"patch\":2,\"dim\":36,\"depth\":1,\"heads\":2,\"classes\":10}",
         "dim (36) does not divide into 8 groups"},
        {"{\"image\":8,\"patch\":2,\"dim\":32,\"heads\":2,\"classes\":10}",
         "depth is 0: it must be 1 to 256"},
        {"{\"act_init\":\"tanh\"}", "act_init: only \"swish\" is known"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *const path = scratch_place("c.json");
        struct kat_config c;
        struct error err = {""};
        write_bytes(path, bad[i][0], strlen(bad[i][0]));
        cr_assert(!config_read(path, &c, &err), "%s", bad[i][0]);
        cr_expect_str_eq(err.text + strlen(path) + 2, bad[i][1]);
    }
}
