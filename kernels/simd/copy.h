/* A copy by vectors with plain or streaming stores, and what its variants share. */
#ifndef KATUNE_COPY_H
#define KATUNE_COPY_H

#include "map.h"
#include "variant.h"

enum { THREADS, STORE };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    return store_reject(p, pt->value[STORE]);
}

INLINE vf value(vf x, const void *context) {
    (void)context;
    return x;
}

/* Bits are bits: pairs of 16-bit elements travel as float32. An output at an odd multiple of two bytes has no
   word that a stream could begin at. */
static void part(const struct problem *p, const struct point *pt, const struct call *call, struct span s) {
    (void)p;
    const int stream = pt->value[STORE] == STORE_STREAM && (uintptr_t)call->out[T_Y] % 4 == 0;
    map1_any(call->in[T_X], call->out[T_Y], s, F32, stream ? STORE_STREAM : STORE_PLAIN, 0, value, NULL);
}

static void run(const struct problem *p, const struct point *pt, const struct call *call) {
    const int64_t bytes = (int64_t)tensor_bytes(p, T_X), words = bytes / 4;
    team_split(p, pt, call, words, 64, part);
    memcpy((char *)call->out[T_Y] + words * 4, (const char *)call->in[T_X] + words * 4,
           (size_t)(bytes - words * 4)); /* a last odd element */
}

#define COPY_VECTOR                                                                                          \
    .op = COPY, .dtypes = F32 | F16 | BF16, .params = {PARAM_THREADS, PARAM_STORE}, .reject = reject,        \
    .run = run

#endif
