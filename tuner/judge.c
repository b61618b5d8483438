#include "judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convert.h"
#include "op.h"

enum { GUARD = 0xa5 };

/* Exponent all ones, quiet bit clear. */
static const uint32_t poison_f32 = 0x7fa5a5a5;
static const uint16_t poison_f16 = 0x7d5a, poison_bf16 = 0x7fa5;

static uint16_t poison_of(enum dtype dtype) {
    return dtype == F16 ? poison_f16 : poison_bf16;
}

void poison_fill(void *data, size_t bytes, enum dtype dtype) {
    const uint16_t half = poison_of(dtype);
    size_t filled = dtype_size(dtype);
    if (bytes < filled) return;
    memcpy(data, dtype == F32 ? (const void *)&poison_f32 : &half, filled);
    for (; filled < bytes; filled *= 2) {
        const size_t left = bytes - filled;
        memcpy((char *)data + filled, data, left < filled ? left : filled);
    }
}

static bool poisoned(const void *data, int64_t i, enum dtype dtype) {
    const uint16_t half = poison_of(dtype);
    const size_t size = dtype_size(dtype);
    return memcmp((const char *)data + (size_t)i * size, dtype == F32 ? (const void *)&poison_f32 : &half,
                  size) == 0;
}

void guard_fill(void *data, size_t bytes) {
    memset(data, GUARD, bytes);
}

int64_t guard_damage(const void *data, size_t bytes) {
    for (size_t i = 0; i < bytes; i++)
        if (((const unsigned char *)data)[i] != GUARD) return (int64_t)i;
    return -1;
}

uint64_t bits_hash(uint64_t hash, const void *data, size_t bytes) {
    const char *const at = data;
    size_t i = 0;
    for (uint64_t word; i + sizeof word <= bytes; i += sizeof word) {
        memcpy(&word, at + i, sizeof word);
        hash = ((hash ^ word) + 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u;
        hash ^= hash >> 29;
    }
    for (; i < bytes; i++) hash = (hash ^ (unsigned char)at[i]) * 0x100000001b3u;
    return hash;
}

bool reference_make(struct reference *r, const struct problem *p, enum tensor t, int64_t count,
                    const double *value, const double *scale) {
    const size_t bytes = sizeof(double) * (size_t)count + 1;
    *r = (struct reference){.tensor = t,
                            .dtype = tensor_dtype(p, t),
                            .channels = t == T_Y || t == T_DX ? p->channels : 0,
                            .exact = op_info(p->op)->exact,
                            .count = count,
                            .value = malloc(bytes),
                            .inverse = malloc(bytes)};
    if (!r->value || !r->inverse) return false;
    for (int64_t i = 0; i < count; i++) {
        r->value[i] = value[i];
        r->inverse[i] = 1 / output_allowed(p, t, value[i], scale[i]);
    }
    return true;
}

void reference_free(struct reference *r) {
    free(r->value);
    free(r->inverse);
}

/* From here on the nearest value of the dtype is infinity: half a unit in the last place above the largest.
 */
static double overflow_of(enum dtype dtype) {
    const double max = dtype_max(dtype);
    return max + dtype_spacing(max, dtype) / 2;
}

/* The error over the error allowed; more than 1 is wrong. */
static double element_ratio(const struct reference *r, double got, double want, double allowed) {
    if (isnan(got) || isnan(want)) return INFINITY;
    if (r->exact) return got == want && signbit(got) == signbit(want) ? 0 : INFINITY;
    if (isinf(got)) {
        const bool overflows = fabs(want) + allowed >= overflow_of(r->dtype);
        return overflows && signbit(got) == signbit(want) ? 0 : INFINITY;
    }
    if (got == want) return 0;
    return fabs(got - want) / allowed;
}

static void element_explain(const struct reference *r, int64_t at, double got, double want, double allowed,
                            bool unwritten, struct verdict *verdict) {
    char *text = verdict->text, *const end = text + sizeof verdict->text;
    text += snprintf(text, (size_t)(end - text), "%s[%lld]", tensor_name(r->tensor), (long long)at);
    if (r->channels)
        text += snprintf(text, (size_t)(end - text), " (row %lld, channel %lld)",
                         (long long)(at / r->channels), (long long)(at % r->channels));
    if (unwritten)
        snprintf(text, (size_t)(end - text), " was never written");
    else if (isnan(want))
        snprintf(text, (size_t)(end - text), ": the oracle has no value for this input");
    else
        snprintf(text, (size_t)(end - text), " is %.9g, should be %.9g: error %.3g, allowed %.3g", got, want,
                 fabs(got - want), allowed);
}

/* Elements j, j + 1, ... of the reference. Returns how many of n are right before the first that needs a
   closer look, and raises *worst, whose place is *worst_at. */
static int64_t run_compare(const struct reference *r, const float *got, int64_t j, int64_t n, double *worst,
                           int64_t *worst_at) {
    const double *const value = r->value + j, *const inverse = r->inverse + j;
    for (int64_t i = 0; i < n; i++) {
        const double ratio = fabs((double)got[i] - value[i]) * inverse[i];
        if (!(ratio <= 1)) return i;
        if (ratio > *worst) *worst = ratio, *worst_at = i;
    }
    return n;
}

static void worst_update(const struct reference *r, int64_t at, double ratio, double got, struct verdict *v) {
    const int64_t j = at % r->count;
    v->worst = ratio;
    v->allowed = 1 / r->inverse[j];
    v->error = fabs(got - r->value[j]);
    v->tensor = r->tensor;
    v->index = at;
}

/* Judges n widened elements, which lie within one period of the reference. */
static bool block_judge(const struct reference *r, const float *got, const void *data, int64_t at, int64_t n,
                        struct verdict *verdict) {
    for (int64_t i = 0; i < n; i++) {
        const int64_t j = (at + i) % r->count;
        double worst = verdict->worst;
        int64_t worst_at = -1;
        const int64_t right = r->exact ? 0 : run_compare(r, got + i, j, n - i, &worst, &worst_at);
        if (worst_at >= 0) worst_update(r, at + i + worst_at, worst, (double)got[i + worst_at], verdict);
        i += right;
        if (i == n) break;
        const double value = (double)got[i], want = r->value[j + right], allowed = 1 / r->inverse[j + right];
        const double ratio = element_ratio(r, value, want, allowed);
        if (ratio <= 1) continue;
        worst_update(r, at + i, ratio, value, verdict);
        element_explain(r, at + i, value, want, allowed, poisoned(data, i, r->dtype), verdict);
        return false;
    }
    return true;
}

bool reference_judge(const struct reference *r, const void *data, int64_t first, int64_t n,
                     struct verdict *verdict) {
    enum { BLOCK = 1024 };
    float widened[BLOCK];
    const size_t size = dtype_size(r->dtype);
    for (int64_t done = 0, part; done < n; done += part) {
        const int64_t at = first + done, left = r->count - at % r->count;
        part = n - done < BLOCK ? n - done : BLOCK;
        if (part > left) part = left;
        const char *const from = (const char *)data + (size_t)done * size;
        array_to_float(widened, from, r->dtype, part);
        if (!block_judge(r, widened, from, at, part, verdict)) return false;
    }
    return true;
}
