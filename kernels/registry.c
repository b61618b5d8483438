#include "registry.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#define VARIANT_ENTRY(stem, text) extern const struct variant variant_##stem;
#include "variants.inc"
#undef VARIANT_ENTRY

static const struct {
    const struct variant *variant;
    const char *about;
} table[] = {
#define VARIANT_ENTRY(stem, text) {&variant_##stem, text},
#include "variants.inc"
#undef VARIANT_ENTRY
};

#define VARIANT_ENTRY(stem, text)
#define VARIANT_SOURCES_HASH(hash) static const char sources_hash[] = hash;
#include "variants.inc"

static const char *const backend_names[BACKEND_COUNT] = {"scalar", "avx2", "avx512", "cuda"};

int variant_count(void) {
    return sizeof table / sizeof *table;
}
const struct variant *variant_at(int i) {
    return table[i].variant;
}
const char *backend_name(enum backend backend) {
    return backend_names[backend];
}
const char *registry_sources_hash(void) {
    return sources_hash;
}

const struct variant *variant_find(const char *name) {
    for (int i = 0; i < variant_count(); i++)
        if (strcmp(variant_at(i)->name, name) == 0) return variant_at(i);
    return NULL;
}

const char *variant_about(const struct variant *v) {
    for (int i = 0; i < variant_count(); i++)
        if (variant_at(i) == v) return table[i].about;
    return "";
}

const char *variant_label(const struct variant *v) {
    if (v->flags & ORDER_DEPENDENT) return "order-dependent";
    return v->flags & THREAD_DEPENDENT ? "thread-dependent" : "";
}

bool name_matches(const char *name, const char *glob) {
    if (!glob || !*glob) return true;
    char list[1024];
    snprintf(list, sizeof list, "%s", glob);
    char *rest = list;
    for (char *one; (one = strtok_r(rest, ",", &rest));)
        if (fnmatch(one, name, 0) == 0) return true;
    return false;
}

bool variant_matches(const struct variant *v, const char *glob) {
    return name_matches(v->name, glob);
}

int param_count(const struct variant *v) {
    int count = 0;
    while (count < PARAM_MAX && v->params[count].name) count++;
    return count;
}

int param_value_count(const struct param *param) {
    int count = 1;
    for (int i = 1; i < PARAM_VALUES_MAX; i++) {
        if (param->values[i] == PARAM_END) return i;
        if (param->values[i]) count = i + 1;
    }
    return count;
}

int param_find(const struct variant *v, const char *name) {
    for (int i = 0; i < param_count(v); i++)
        if (strcmp(v->params[i].name, name) == 0) return i;
    return -1;
}

int64_t point_count(const struct variant *v) {
    int64_t count = 1;
    for (int i = 0; i < param_count(v); i++) count *= param_value_count(&v->params[i]);
    return count;
}

struct point point_at(const struct variant *v, int64_t index) {
    struct point pt = {{0}};
    for (int i = param_count(v) - 1; i >= 0; i--) {
        const int values = param_value_count(&v->params[i]);
        pt.value[i] = v->params[i].values[index % values];
        index /= values;
    }
    return pt;
}

bool param_has(const struct param *param, int value) {
    for (int i = 0; i < param_value_count(param); i++)
        if (param->values[i] == value) return true;
    return false;
}

bool point_valid(const struct variant *v, const struct point *pt, struct error *err) {
    for (int i = 0; i < param_count(v); i++)
        if (!param_has(&v->params[i], pt->value[i]))
            return error_set(err, "%s=%d is not among the values of %s", v->params[i].name, pt->value[i],
                             v->name);
    return true;
}

bool point_equal(const struct variant *v, const struct point *a, const struct point *b) {
    for (int i = 0; i < param_count(v); i++)
        if (a->value[i] != b->value[i]) return false;
    return true;
}

bool variant_point_equal(const struct variant *v, const struct point *a, const struct variant *w,
                         const struct point *b) {
    return v == w && point_equal(v, a, b);
}

void point_print(const struct variant *v, const struct point *pt, char text[POINT_TEXT_MAX]) {
    int used = 0;
    text[0] = 0;
    for (int i = 0; i < param_count(v) && used < POINT_TEXT_MAX; i++)
        used += snprintf(text + used, POINT_TEXT_MAX - (size_t)used, "%s%s=%d", i ? " " : "",
                         v->params[i].name, pt->value[i]);
}

static const char *threads_reject(const struct variant *v, const struct point *pt,
                                  const struct device_info *d) {
    const int i = param_find(v, "THREADS");
    if (i < 0 || pt->value[i] == 0) return NULL;
    if (pt->value[i] > d->units) return "more threads than the device has cores";
    if (pt->value[i] == d->units) return "the same as THREADS=0, all cores";
    return NULL;
}

bool variant_belongs(const struct variant *v, const struct device_info *d) {
    return (v->backend == CUDA) == device_is_gpu(d);
}

const char *variant_reject(const struct variant *v, const struct problem *p, const struct point *pt,
                           const struct device_info *d) {
    if (v->op != p->op) return "another operation";
    if (!(v->dtypes & p->dtype)) return "the variant does not have this dtype";
    if (!variant_belongs(v, d)) return v->backend == CUDA ? "it runs on GPUs" : "it runs on CPUs";
    if (!(d->isa >> v->backend & 1)) return "the device does not have this instruction set";
    if (v->backend == CUDA && d->sm < v->min_sm) return "the device's compute capability is too low";
    const char *const reason = threads_reject(v, pt, d);
    if (reason) return reason;
    return v->reject ? v->reject(p, pt, d) : NULL;
}

bool variant_default_point(const struct variant *v, const struct problem *p, const struct device_info *d,
                           struct point *pt, const char **reason) {
    for (int64_t i = 0; i < point_count(v); i++) {
        *pt = point_at(v, i);
        const char *const why = variant_reject(v, p, pt, d);
        if (!why) return true;
        if (i == 0 && reason) *reason = why;
    }
    return false;
}

/* Whether v is to be the default rather than what was found before it. */
static bool variant_preferred(const struct variant *v, const struct variant *best) {
    if (!best) return true;
    if ((v->flags ^ best->flags) & BASELINE) return best->flags & BASELINE;
    if (v->backend != best->backend) return v->backend > best->backend;
    return v->flags & PREFERRED;
}

const struct variant *variant_default(const struct problem *p, const struct device_info *d,
                                      struct point *pt) {
    const struct variant *best = NULL;
    for (int i = 0; i < variant_count(); i++) {
        const struct variant *const v = variant_at(i);
        struct point found;
        if (!variant_preferred(v, best)) continue;
        if (!variant_default_point(v, p, d, &found, NULL)) continue;
        best = v;
        *pt = found;
    }
    return best;
}
