#include "params.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int params_add(struct params *p, const int64_t dim[PARAM_DIMS_MAX], const char *format, ...) {
    if (p->count == p->room) {
        const int room = p->room ? 2 * p->room : 64;
        struct weights *const grown = realloc(p->list, (size_t)room * sizeof *grown);
        if (!grown) return -1;
        p->list = grown, p->room = room;
    }
    struct weights *const w = &p->list[p->count];
    *w = (struct weights){.count = 1};
    va_list args;
    va_start(args, format);
    vsnprintf(w->name, sizeof w->name, format, args);
    va_end(args);
    for (; w->ndim < PARAM_DIMS_MAX && dim[w->ndim]; w->ndim++) w->count *= w->dim[w->ndim] = dim[w->ndim];
    w->decay = w->ndim >= 2 && strcmp(w->name, "cls_token") != 0 && strcmp(w->name, "pos_embed") != 0;
    p->total += w->count;
    return p->count++;
}

bool params_allocate(struct params *p, const struct params *of, struct error *err) {
    const size_t total = (size_t)p->total;
    p->memory = calloc(total * (of ? 1 : 4), sizeof(float));
    if (!p->memory) return error_set(err, "out of memory for %zu parameters", total);
    p->grad = p->memory;
    p->value = of ? of->value : p->memory + total;
    size_t at = 0;
    for (int i = 0; i < p->count; i++) {
        struct weights *const w = &p->list[i];
        w->value = p->value + at, w->grad = p->grad + at;
        if (!of) w->m = w->value + total, w->v = w->m + total;
        at += (size_t)w->count;
    }
    return true;
}

void params_free(struct params *p) {
    free(p->memory);
    free(p->list);
    *p = (struct params){.count = 0};
}

const struct weights *params_find(const struct params *p, const char *name) {
    for (int i = 0; i < p->count; i++)
        if (strcmp(p->list[i].name, name) == 0) return &p->list[i];
    return NULL;
}

double params_grad_norm(const struct params *p) {
    double sum = 0;
    for (int64_t i = 0; i < p->total; i++) sum += (double)p->grad[i] * (double)p->grad[i];
    return sqrt(sum);
}

void params_grad_mix(struct params *p, const struct params *other, double weight) {
    const float a = (float)(1 - weight), b = (float)weight;
    for (int64_t i = 0; i < p->total; i++) p->grad[i] = a * p->grad[i] + b * other->grad[i];
}

void params_adamw(struct params *p, int64_t step, double rate, double decay) {
    const double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
    const double correct1 = 1 - pow(beta1, (double)step), correct2 = sqrt(1 - pow(beta2, (double)step));
    const float b1 = (float)beta1, b2 = (float)beta2, size = (float)(rate / correct1);
    for (int i = 0; i < p->count; i++) {
        const struct weights *const w = &p->list[i];
        const float keep = w->decay ? (float)(1 - rate * decay) : 1;
        for (int64_t j = 0; j < w->count; j++) {
            const float g = w->grad[j];
            w->m[j] = b1 * w->m[j] + (1 - b1) * g;
            w->v[j] = b2 * w->v[j] + (1 - b2) * g * g;
            const float scale = sqrtf(w->v[j]) / (float)correct2 + (float)epsilon;
            w->value[j] = w->value[j] * keep - size * w->m[j] / scale;
        }
    }
}
