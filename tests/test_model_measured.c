/* The virtual GPU's times beside those of the GPU that it stands for: points spread over the spaces that were
   recorded on an H100 (results/spaces/gpu-*.json) are modeled and compared. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/nvrtc.h"
#include "program.h"

enum { POINTS_MAX = 16, POINTS_MIN = 10 };

static const char *word(const cJSON *o, const char *name) {
    return cJSON_GetStringValue(cJSON_GetObjectItem(o, name));
}

/* Microseconds that the model has for a recorded point; NAN if the variant does not have it any more. */
static double modeled_us(const char *operation, const char *dtype, const char *shape, const cJSON *point) {
    const char *const json = scratch_place("model.json");
    char arguments[1200];
    int used = snprintf(arguments, sizeof arguments,
                        "bench --quiet --device vgpu:h100-sxm --op %s --dtype %s --shape %s --all-points "
                        "--no-ceilings --only %s --json %s",
                        operation, dtype, shape, word(point, "VARIANT"), json);
    for (const cJSON *p = point->child; p && cJSON_IsNumber(p->next); p = p->next) {
        if (strcmp(p->next->string, "time") == 0) break;
        if (p->next->valueint < 0) continue; /* not a parameter of this variant */
        used += snprintf(arguments + used, sizeof arguments - (size_t)used, " --param %s=%d", p->next->string,
                         p->next->valueint);
    }
    const struct outcome o = program_run(arguments);
    if (o.code == 3) return (double)NAN;
    cr_assert_eq(o.code, 0, "%s: %s%s", arguments, o.out, o.err);
    cJSON *const whole = json_read(json);
    const cJSON *const results = cJSON_GetObjectItem(whole, "results");
    cr_assert_eq(cJSON_GetArraySize(results), 1, "%s", arguments);
    const cJSON *const time = cJSON_GetObjectItem(cJSON_GetArrayItem(results, 0), "time_us");
    const double us = cJSON_GetNumberValue(cJSON_GetObjectItem(time, "median"));
    cJSON_Delete(whole);
    return us;
}

/* How much longer what the model puts first takes than the fastest. */
static double regret(const double *measured, const double *modeled, int count) {
    int first = 0;
    double fastest = measured[0];
    for (int i = 1; i < count; i++) {
        if (modeled[i] < modeled[first]) first = i;
        fastest = fmin(fastest, measured[i]);
    }
    return measured[first] / fastest;
}

static void compare(const char *operation) {
    struct nvrtc n;
    struct error err;
    char path[400], dtype[8], shape[32];
    int rows, channels;
    if (!nvrtc_open(&n, &err)) cr_skip_test("%s", err.text);
    setenv("KATUNE_CACHE", KATUNE_BINARY_DIR "/cuda-cache", 1);
    snprintf(path, sizeof path, KATUNE_SOURCE_DIR "/results/spaces/gpu-%s-f32-3152x768.json", operation);
    cJSON *const recording = json_read(path);
    cr_assert_eq(
        sscanf(word(recording, "problem_size"), "%*s %7s rows=%d channels=%d", dtype, &rows, &channels), 3);
    snprintf(shape, sizeof shape, "%dx%d", rows, channels);
    const cJSON *const cache = cJSON_GetObjectItem(recording, "cache");
    const int size = cJSON_GetArraySize(cache);
    double measured[POINTS_MAX], modeled[POINTS_MAX], logs = 0;
    int count = 0;
    for (int i = 0; i < POINTS_MAX; i++) {
        const cJSON *const point = cJSON_GetArrayItem(cache, i * size / POINTS_MAX);
        measured[count] = 1e3 * cJSON_GetNumberValue(cJSON_GetObjectItem(point, "time"));
        modeled[count] = modeled_us(operation, dtype, shape, point);
        if (isnan(modeled[count])) continue;
        const double ratio = modeled[count] / measured[count];
        /* how much additions in shared memory contend is not modeled */
        const double factor = strstr(point->string, "sharedatomics") ? 5 : 2;
        cr_expect(ratio > 1 / factor && ratio < factor, "%s: %.1f us modeled, %.1f measured", point->string,
                  modeled[count], measured[count]);
        logs += log(ratio);
        count++;
    }
    cr_assert_geq(count, POINTS_MIN, "the kernels have changed: record the spaces anew");
    const double mean = exp(logs / count), lost = regret(measured, modeled, count);
    cr_expect(mean > 0.75 && mean < 1.33, "%s: the mean ratio is %.2f", operation, mean);
    cr_expect_lt(lost, 1.25, "%s: %.2f", operation, lost);
    fprintf(stderr,
            "%s: %d points, modeled %.2f times the measured time in the mean, the model's first %.2f times "
            "the fastest\n",
            operation, count, mean, lost);
    cJSON_Delete(recording);
}

TestSuite(model_measured, .timeout = 600);

Test(model_measured, rational_bwd) {
    compare("rational_bwd");
}

Test(model_measured, bspline_fwd) {
    compare("bspline_fwd");
}

Test(model_measured, bspline_bwd) {
    compare("bspline_bwd");
}
