/* Elementwise loops: y = f(x) and dx = f(x, dy) over a range, with full vectors, a tail, and plain or
   streaming stores. The function and its context are inlined. */
#ifndef KATUNE_MAP_H
#define KATUNE_MAP_H

#include "team.h"
#include "variant.h"
#include "vec.h"

/* The values of the parameter STORE. Streaming stores go past the caches: half the traffic of a plain store
   where the output does not fit them, and a loss where its reader would have found it there. */
enum store { STORE_PLAIN, STORE_STREAM };
#define PARAM_STORE                                                                                          \
    {                                                                                                        \
        "STORE", {                                                                                           \
            STORE_PLAIN, STORE_STREAM                                                                        \
        }                                                                                                    \
    }

static inline const char *store_reject(const struct problem *p, int store) {
    return store == STORE_STREAM && tensor_bytes(p, T_X) < (size_t)256 << 10
               ? "streaming stores only pay for outputs that do not fit the caches"
               : NULL;
}

typedef vf map1_fn(vf x, const void *context);
typedef vf map2_fn(vf x, vf dy, const void *context);

/* Elements up to the first address from `i` on that full vectors can stream to. */
INLINE int64_t stream_head(const void *base, int64_t i, enum dtype t) {
    const int64_t bytes = LANES * (t == F32 ? 4 : 2), size = t == F32 ? 4 : 2;
    const int64_t past = (int64_t)((uintptr_t)io_at(base, i, t) % (uintptr_t)bytes);
    return past ? (bytes - past) / size : 0;
}

INLINE void map1_part(const void *x, void *y, int64_t i, int n, enum dtype t, map1_fn *f,
                      const void *context) {
    io_store_n(y, i, n, t, f(io_load_n(x, i, n, t), context));
}

/* y[lo .. hi) = f(x[lo .. hi)) */
INLINE void map1(const void *x, void *y, struct span s, enum dtype t, int store, map1_fn *f,
                 const void *context) {
    int64_t i = s.lo;
    if (store == STORE_STREAM) {
        const int64_t head = stream_head(y, i, t), n = head < s.hi - i ? head : s.hi - i;
        if (n) map1_part(x, y, i, (int)n, t, f, context);
        for (i += n; i + LANES <= s.hi; i += LANES) io_stream(y, i, t, f(io_load(x, i, t), context));
    } else {
        for (; i + LANES <= s.hi; i += LANES) io_store(y, i, t, f(io_load(x, i, t), context));
    }
    if (i < s.hi) map1_part(x, y, i, (int)(s.hi - i), t, f, context);
}

INLINE void map2_part(const void *x, const void *dy, void *dx, int64_t i, int n, enum dtype t, map2_fn *f,
                      const void *context) {
    io_store_n(dx, i, n, t, f(io_load_n(x, i, n, t), io_load_n(dy, i, n, t), context));
}

/* dx[lo .. hi) = f(x[lo .. hi), dy[lo .. hi)) */
INLINE void map2(const void *x, const void *dy, void *dx, struct span s, enum dtype t, int store, map2_fn *f,
                 const void *context) {
    int64_t i = s.lo;
    if (store == STORE_STREAM) {
        const int64_t head = stream_head(dx, i, t), n = head < s.hi - i ? head : s.hi - i;
        if (n) map2_part(x, dy, dx, i, (int)n, t, f, context);
        for (i += n; i + LANES <= s.hi; i += LANES)
            io_stream(dx, i, t, f(io_load(x, i, t), io_load(dy, i, t), context));
    } else {
        for (; i + LANES <= s.hi; i += LANES)
            io_store(dx, i, t, f(io_load(x, i, t), io_load(dy, i, t), context));
    }
    if (i < s.hi) map2_part(x, dy, dx, i, (int)(s.hi - i), t, f, context);
}

/* A whole tensor without parameters, on the team. */
INLINE void map1_team(const struct call *call, int64_t n, enum dtype t, int store, map1_fn *f) {
#pragma omp parallel num_threads(call->threads)
    {
        map1(call->in[T_X], call->out[T_Y], team_span(n, 64), t, store, f, NULL);
        if (store == STORE_STREAM) stream_end();
    }
}

INLINE void map2_team(const struct call *call, int64_t n, enum dtype t, int store, map2_fn *f) {
#pragma omp parallel num_threads(call->threads)
    {
        map2(call->in[T_X], call->in[T_DY], call->out[T_DX], team_span(n, 64), t, store, f, NULL);
        if (store == STORE_STREAM) stream_end();
    }
}

/* The same with the dtype and the kind of store made compile-time constants. */
INLINE void map1_problem(const struct problem *p, int store, const struct call *call, map1_fn *f) {
    const int64_t n = problem_elements(p);
    if (store == STORE_STREAM) {
        if (p->dtype == F32)
            map1_team(call, n, F32, STORE_STREAM, f);
        else if (p->dtype == F16)
            map1_team(call, n, F16, STORE_STREAM, f);
        else
            map1_team(call, n, BF16, STORE_STREAM, f);
    } else {
        if (p->dtype == F32)
            map1_team(call, n, F32, STORE_PLAIN, f);
        else if (p->dtype == F16)
            map1_team(call, n, F16, STORE_PLAIN, f);
        else
            map1_team(call, n, BF16, STORE_PLAIN, f);
    }
}

INLINE void map2_problem(const struct problem *p, int store, const struct call *call, map2_fn *f) {
    const int64_t n = problem_elements(p);
    if (store == STORE_STREAM) {
        if (p->dtype == F32)
            map2_team(call, n, F32, STORE_STREAM, f);
        else if (p->dtype == F16)
            map2_team(call, n, F16, STORE_STREAM, f);
        else
            map2_team(call, n, BF16, STORE_STREAM, f);
    } else {
        if (p->dtype == F32)
            map2_team(call, n, F32, STORE_PLAIN, f);
        else if (p->dtype == F16)
            map2_team(call, n, F16, STORE_PLAIN, f);
        else
            map2_team(call, n, BF16, STORE_PLAIN, f);
    }
}

#endif
