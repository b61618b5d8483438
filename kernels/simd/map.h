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

/* The values of the parameter AHEAD: how many bytes ahead of its loads a loop prefetches. A loop of some
   twenty operations a vector fills the reorder buffer with too few loads to cover the latency of memory, and
   the hardware's prefetchers alone leave a third of the bandwidth unused (AVX-512, Sapphire Rapids: 0.72 of a
   copy against 0.97 with 2048). A plain copy does not need it. */
#define PARAM_AHEAD                                                                                          \
    {                                                                                                        \
        "AHEAD", {                                                                                           \
            2048, 4096                                                                                       \
        }                                                                                                    \
    }

/* The line that is `ahead` bytes after element i; beyond the array's end it is harmless. */
INLINE void prefetch(const void *base, int64_t i, enum dtype t, int ahead) {
    __builtin_prefetch((const void *)((uintptr_t)io_at(base, i, t) + (uintptr_t)ahead));
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

INLINE struct vf2 map1_pair(const void *x, int64_t i, enum dtype t, int ahead, map1_fn *f,
                            const void *context, struct pairing c) {
    prefetch(x, i, t, ahead);
    if (t == F32) prefetch(x, i + LANES, t, ahead);
    const struct vf2 v = io_load2(x, i, t, c);
    return (struct vf2){f(v.a, context), f(v.b, context)};
}

/* y[lo .. hi) = f(x[lo .. hi)). f's result is NaN only where x is, or a NaN that arithmetic made. */
INLINE void map1(const void *x, void *y, struct span s, enum dtype t, int store, int ahead, map1_fn *f,
                 const void *context) {
    const struct pairing c = pairing_made();
    int64_t i = s.lo;
    if (store == STORE_STREAM) {
        const int64_t head = stream_head(y, i, t), n = head < s.hi - i ? head : s.hi - i;
        if (n) map1_part(x, y, i, (int)n, t, f, context);
        i += n;
        if (t == BF16 && i + 2 * LANES <= s.hi && (uintptr_t)io_at(y, i, t) % (4 * LANES)) {
            io_stream(y, i, t, f(io_load(x, i, t), context));
            i += LANES;
        }
        for (; i + 2 * LANES <= s.hi; i += 2 * LANES)
            io_stream2(y, i, t, map1_pair(x, i, t, ahead, f, context, c), c);
    } else {
        for (; i + 2 * LANES <= s.hi; i += 2 * LANES)
            io_store2(y, i, t, map1_pair(x, i, t, ahead, f, context, c), c);
    }
    if (i + LANES <= s.hi) {
        io_store(y, i, t, f(io_load(x, i, t), context));
        i += LANES;
    }
    if (i < s.hi) map1_part(x, y, i, (int)(s.hi - i), t, f, context);
}

INLINE void map2_part(const void *x, const void *dy, void *dx, int64_t i, int n, enum dtype t, map2_fn *f,
                      const void *context) {
    io_store_n(dx, i, n, t, f(io_load_n(x, i, n, t), io_load_n(dy, i, n, t), context));
}

/* dx[lo .. hi) = f(x[lo .. hi), dy[lo .. hi)) */
INLINE void map2(const void *x, const void *dy, void *dx, struct span s, enum dtype t, int store, int ahead,
                 map2_fn *f, const void *context) {
    int64_t i = s.lo;
    if (store == STORE_STREAM) {
        const int64_t head = stream_head(dx, i, t), n = head < s.hi - i ? head : s.hi - i;
        if (n) map2_part(x, dy, dx, i, (int)n, t, f, context);
        for (i += n; i + LANES <= s.hi; i += LANES) {
            prefetch(x, i, t, ahead);
            prefetch(dy, i, t, ahead);
            io_stream(dx, i, t, f(io_load(x, i, t), io_load(dy, i, t), context));
        }
    } else {
        for (; i + LANES <= s.hi; i += LANES) {
            prefetch(x, i, t, ahead);
            prefetch(dy, i, t, ahead);
            io_store(dx, i, t, f(io_load(x, i, t), io_load(dy, i, t), context));
        }
    }
    if (i < s.hi) map2_part(x, dy, dx, i, (int)(s.hi - i), t, f, context);
}

/* The same with the dtype and the kind of store made compile-time constants: to be called in a thread's part.
 */
INLINE void map1_any(const void *x, void *y, struct span s, enum dtype t, int store, int ahead, map1_fn *f,
                     const void *context) {
    if (store == STORE_STREAM) {
        if (t == F32) map1(x, y, s, F32, STORE_STREAM, ahead, f, context);
        if (t == F16) map1(x, y, s, F16, STORE_STREAM, ahead, f, context);
        if (t == BF16) map1(x, y, s, BF16, STORE_STREAM, ahead, f, context);
        stream_end();
    } else {
        if (t == F32) map1(x, y, s, F32, STORE_PLAIN, ahead, f, context);
        if (t == F16) map1(x, y, s, F16, STORE_PLAIN, ahead, f, context);
        if (t == BF16) map1(x, y, s, BF16, STORE_PLAIN, ahead, f, context);
    }
}

INLINE void map2_any(const void *x, const void *dy, void *dx, struct span s, enum dtype t, int store,
                     int ahead, map2_fn *f, const void *context) {
    if (store == STORE_STREAM) {
        if (t == F32) map2(x, dy, dx, s, F32, STORE_STREAM, ahead, f, context);
        if (t == F16) map2(x, dy, dx, s, F16, STORE_STREAM, ahead, f, context);
        if (t == BF16) map2(x, dy, dx, s, BF16, STORE_STREAM, ahead, f, context);
        stream_end();
    } else {
        if (t == F32) map2(x, dy, dx, s, F32, STORE_PLAIN, ahead, f, context);
        if (t == F16) map2(x, dy, dx, s, F16, STORE_PLAIN, ahead, f, context);
        if (t == BF16) map2(x, dy, dx, s, BF16, STORE_PLAIN, ahead, f, context);
    }
}

#endif
