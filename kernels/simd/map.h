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
   copy against 0.97 with 2048). A plain copy does not need it. On Zen 4 a short way serves loops of much
   arithmetic best, with plain stores: the rational backward of one thread takes 37 cycles for 16 elements
   with 512 against 44 with streaming stores, whatever the distance. */
#define PARAM_AHEAD                                                                                          \
    {                                                                                                        \
        "AHEAD", {                                                                                           \
            2048, 4096, 512                                                                                  \
        }                                                                                                    \
    }

/* The line that is `ahead` bytes after element i; beyond the array's end it is harmless. */
INLINE void prefetch(const void *base, int64_t i, enum dtype t, int ahead) {
    __builtin_prefetch((const void *)((uintptr_t)io_at(base, i, t) + (uintptr_t)ahead));
}

typedef vf map1_fn(vf x, const void *context);
/* dx[k] = f(x[k], dy[k]) of `count` vectors: one, or TOGETHER, whose operations f may interleave. */
enum { TOGETHER = 2 };
typedef void map2_fn(vf *dx, const vf *x, const vf *dy, int count, const void *context);

/* Up to the first address that pairs of vectors can stream to, or the range's end. */
INLINE int64_t stream_head(const void *base, struct span s, enum dtype t) {
    const int64_t bytes = LANES * 4, size = t == F32 ? 4 : 2;
    const int64_t past = (int64_t)((uintptr_t)io_at(base, s.lo, t) % (uintptr_t)bytes);
    const int64_t head = past ? s.lo + (bytes - past) / size : s.lo;
    return head < s.hi ? head : s.hi;
}

/* A vector, or what is left of one. */
INLINE vf io_load_part(const void *base, int64_t i, int64_t left, enum dtype t) {
    return left < LANES ? io_load_n(base, i, (int)left, t) : io_load(base, i, t);
}

INLINE void io_store_part(void *base, int64_t i, int64_t left, enum dtype t, vf v) {
    if (left < LANES)
        io_store_n(base, i, (int)left, t, v);
    else
        io_store(base, i, t, v);
}

INLINE void map1_parts(const void *x, void *y, struct span s, enum dtype t, map1_fn *f, const void *context) {
    for (int64_t i = s.lo; i < s.hi; i += LANES)
        io_store_part(y, i, s.hi - i, t, f(io_load_part(x, i, s.hi - i, t), context));
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
        i = stream_head(y, s, t);
        map1_parts(x, y, (struct span){s.lo, i}, t, f, context);
        for (; i + 2 * LANES <= s.hi; i += 2 * LANES)
            io_stream2(y, i, t, map1_pair(x, i, t, ahead, f, context, c), c);
    } else {
        for (; i + 2 * LANES <= s.hi; i += 2 * LANES)
            io_store2(y, i, t, map1_pair(x, i, t, ahead, f, context, c), c);
    }
    map1_parts(x, y, (struct span){i, s.hi}, t, f, context);
}

INLINE void map2_parts(const void *x, const void *dy, void *dx, struct span s, enum dtype t, map2_fn *f,
                       const void *context) {
    for (int64_t i = s.lo; i < s.hi; i += LANES) {
        const vf vx = io_load_part(x, i, s.hi - i, t), vdy = io_load_part(dy, i, s.hi - i, t);
        vf vdx;
        f(&vdx, &vx, &vdy, 1, context);
        io_store_part(dx, i, s.hi - i, t, vdx);
    }
}

INLINE void map2_single(const void *x, const void *dy, void *dx, int64_t i, enum dtype t, int store,
                        int ahead, map2_fn *f, const void *context) {
    prefetch(x, i, t, ahead);
    prefetch(dy, i, t, ahead);
    const vf vx = io_load(x, i, t), vdy = io_load(dy, i, t);
    vf vdx;
    f(&vdx, &vx, &vdy, 1, context);
    if (store == STORE_STREAM)
        io_stream(dx, i, t, vdx);
    else
        io_store(dx, i, t, vdx);
}

INLINE void map2_pair(const void *x, const void *dy, void *dx, int64_t i, enum dtype t, int store, int ahead,
                      map2_fn *f, const void *context, struct pairing c) {
    for (int k = 0; k < (t == F32 ? 2 : 1); k++) {
        prefetch(x, i + k * LANES, t, ahead);
        prefetch(dy, i + k * LANES, t, ahead);
    }
    const struct vf2 vx = io_load2(x, i, t, c), vdy = io_load2(dy, i, t, c);
    const vf xs[TOGETHER] = {vx.a, vx.b}, dys[TOGETHER] = {vdy.a, vdy.b};
    vf dxs[TOGETHER];
    f(dxs, xs, dys, TOGETHER, context);
    const struct vf2 vdx = {dxs[0], dxs[1]};
    if (store == STORE_STREAM)
        io_stream2(dx, i, t, vdx, c);
    else
        io_store2(dx, i, t, vdx, c);
}

/* dx[lo .. hi) = f(x[lo .. hi), dy[lo .. hi)), by `together` vectors: 1 where f has no registers left for a
   second. Its NaN are as map1's. */
INLINE void map2(const void *x, const void *dy, void *dx, struct span s, enum dtype t, int store, int ahead,
                 int together, map2_fn *f, const void *context) {
    const struct pairing c = pairing_made();
    int64_t i = s.lo;
    if (store == STORE_STREAM) {
        i = stream_head(dx, s, t);
        map2_parts(x, dy, dx, (struct span){s.lo, i}, t, f, context);
    }
    for (; i + together * LANES <= s.hi; i += together * LANES) {
        if (together == TOGETHER)
            map2_pair(x, dy, dx, i, t, store, ahead, f, context, c);
        else
            map2_single(x, dy, dx, i, t, store, ahead, f, context);
    }
    map2_parts(x, dy, dx, (struct span){i, s.hi}, t, f, context);
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
        if (t == F32) map2(x, dy, dx, s, F32, STORE_STREAM, ahead, TOGETHER, f, context);
        if (t == F16) map2(x, dy, dx, s, F16, STORE_STREAM, ahead, TOGETHER, f, context);
        if (t == BF16) map2(x, dy, dx, s, BF16, STORE_STREAM, ahead, TOGETHER, f, context);
        stream_end();
    } else {
        if (t == F32) map2(x, dy, dx, s, F32, STORE_PLAIN, ahead, TOGETHER, f, context);
        if (t == F16) map2(x, dy, dx, s, F16, STORE_PLAIN, ahead, TOGETHER, f, context);
        if (t == BF16) map2(x, dy, dx, s, BF16, STORE_PLAIN, ahead, TOGETHER, f, context);
    }
}

#endif
