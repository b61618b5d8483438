#include "golden.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
    "rational_a_identity_16x64", "rational_a_largex_9x48",    "rational_a_m3n2_6x32",
    "rational_a_shared_7x24",    "rational_a_swish_33x192",   "rational_b_pergroup_5x64",
    "bspline_k1_g3_taper_11x48", "bspline_k2_g5_taper_11x48", "bspline_k3_g20_linear_11x48",
    "bspline_k3_g5_taper_11x48", "bspline_k3_g8_clamp_11x48", "bspline_k5_g8_taper_11x48",
};

static void path_of(const struct golden *g, const char *file, char path[512]) {
    snprintf(path, 512, "%s/tests/golden/%s/%s", KATUNE_SOURCE_DIR, g->name, file);
}

static void attrs_read(const struct cJSON *attrs, struct problem *p) {
    struct error err = {""};
    char list[512];
    int used = 0;
    for (const cJSON *a = attrs->child; a; a = a->next)
        used +=
            cJSON_IsString(a)
                ? snprintf(list + used, sizeof list - (size_t)used, "%s=%s ", a->string, a->valuestring)
                : snprintf(list + used, sizeof list - (size_t)used, "%s=%.9g ", a->string, a->valuedouble);
    cr_assert(problem_set_attrs(p, list, &err) && problem_valid(p, &err), "%s", err.text);
}

static void *tensor_read(const struct golden *g, enum tensor t, enum npy_type type) {
    struct error err = {""};
    struct npy a;
    char file[32], path[512];
    snprintf(file, sizeof file, "%s.npy", tensor_name(t));
    path_of(g, file, path);
    cr_assert(npy_read(path, type, &a, &err), "%s", err.text);
    cr_assert_eq(npy_count(&a), shape_count(tensor_shape(&g->backward, t)), "%s", path);
    return a.data;
}

bool golden_load(int i, struct golden *g) {
    if (i >= (int)(sizeof names / sizeof *names)) return false;
    *g = (struct golden){0};
    snprintf(g->name, sizeof g->name, "%s", names[i]);
    char path[512];
    path_of(g, "case.json", path);
    size_t size;
    struct error err = {""};
    char *const text = file_read(path, &size, &err);
    cr_assert(text, "%s", err.text);
    cJSON *const json = cJSON_Parse(text);
    free(text);
    const bool rational = strncmp(g->name, "rational", 8) == 0;
    g->backward = problem_default(rational ? RATIONAL_BWD : BSPLINE_BWD, F32);
    attrs_read(cJSON_GetObjectItem(json, "attrs"), &g->backward);
    cJSON_Delete(json);
    g->forward = g->backward;
    g->forward.op = rational ? RATIONAL_FWD : BSPLINE_FWD;
    for (int t = 0; t < TENSOR_COUNT; t++) {
        if (tensor_in(op_inputs(g->backward.op), (enum tensor)t))
            g->in[t] = tensor_read(g, (enum tensor)t, NPY_F32);
        if (tensor_in(op_outputs(g->backward.op) | op_outputs(g->forward.op), (enum tensor)t))
            g->out[t] = tensor_read(g, (enum tensor)t, NPY_F64);
    }
    return true;
}

void golden_free(struct golden *g) {
    for (int t = 0; t < TENSOR_COUNT; t++) {
        free(g->in[t]);
        free(g->out[t]);
    }
}
