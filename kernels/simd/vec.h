/* One vocabulary for vectors of float lanes, so that a mechanism is written once and compiled for each
   backend.

   LANES      lanes of a vector: 16 (avx512), 8 (avx2), 1 (scalar)
   vf, vi, vm vectors of float, of int32, and masks
   vf values take the operators + - * / and unary -.

   load, store   float32 parameters and scratch
   io_load, ...  activations: element i of an array of dtype t, widened to float or rounded to nearest even.
                 t must be a compile-time constant where it matters; the functions are inlined.
   io_..2        two vectors, the elements from i to i + 2 LANES, in the order that is cheapest for the dtype:
                 what io_load2() splits, io_store2() and io_stream2() join. A NaN stored so must have zeros
                 below bfloat16's bits, as the NaNs have that were loaded as bfloat16 or that arithmetic made.
   ..._n         the first n lanes only, 0 <= n <= LANES: other lanes load as 0 and are not stored. */
#ifndef KATUNE_VEC_H
#define KATUNE_VEC_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "problem.h"

#define INLINE static inline __attribute__((always_inline))

#if defined __AVX512F__
#include "vec_avx512.h"
#elif defined __AVX2__
#include "vec_avx2.h"
#else
#include "vec_scalar.h"
#endif

/* The address of element i of an array of dtype t. */
INLINE const void *io_at(const void *base, int64_t i, enum dtype t) {
    return (const char *)base + i * (t == F32 ? 4 : 2);
}

/* Whether full vectors of dtype t stored one after the other from here may use io_stream(). */
INLINE int io_streamable(const void *address, enum dtype t) {
    return (uintptr_t)address % (LANES * (t == F32 ? 4 : 2)) == 0;
}

struct vf2 {
    vf a, b;
};

/* What the pairs' conversions need in registers, to be made outside a loop. */
struct pairing {
#ifdef __AVX512F__
    __m512i odd, one, half;
#else
    char none;
#endif
};

/* The compiler would rather make an integer constant anew for every vector, which takes a shuffle port. */
INLINE struct pairing pairing_made(void) {
    struct pairing c = {0};
#ifdef __AVX512F__
    c.odd = _mm512_set1_epi32(-65536), c.one = _mm512_set1_epi16(1), c.half = _mm512_set1_epi16(INT16_MIN);
    __asm__("" : "+v"(c.odd), "+v"(c.one), "+v"(c.half));
#endif
    return c;
}

#ifdef __AVX512F__
/* bfloat16 in pairs: the even elements and the odd ones, so that widening is a shift and a mask. */
INLINE struct vf2 bf16_widen2(__m512i v, struct pairing c) {
    return (struct vf2){_mm512_castsi512_ps(_mm512_slli_epi32(v, 16)),
                        _mm512_castsi512_ps(_mm512_and_si512(v, c.odd))};
}

/* The upper halves, and one more where the lower half, with the upper one's last bit for ties, is beyond a
   half. */
INLINE __m512i bf16_narrow2(struct vf2 v, struct pairing c) {
    const __m512i a = _mm512_castps_si512(v.a), b = _mm512_castps_si512(v.b);
    const __m512i upper = _mm512_mask_blend_epi16(0xaaaaaaaau, _mm512_srli_epi32(a, 16), b);
    const __m512i lower = _mm512_mask_blend_epi16(0xaaaaaaaau, a, _mm512_slli_epi32(b, 16));
    const __m512i tied = _mm512_ternarylogic_epi32(lower, upper, c.one, 0xf8); /* lower | (upper & one) */
    return _mm512_mask_add_epi16(upper, _mm512_cmpgt_epu16_mask(tied, c.half), upper, c.one);
}
#endif

INLINE struct vf2 io_load2(const void *base, int64_t i, enum dtype t, struct pairing c) {
#ifdef __AVX512F__
    if (t == BF16) return bf16_widen2(_mm512_loadu_si512((const uint16_t *)base + i), c);
#endif
    (void)c;
    return (struct vf2){io_load(base, i, t), io_load(base, i + LANES, t)};
}

INLINE void io_store2(void *base, int64_t i, enum dtype t, struct vf2 v, struct pairing c) {
#ifdef __AVX512F__
    if (t == BF16) {
        _mm512_storeu_si512((uint16_t *)base + i, bf16_narrow2(v, c));
        return;
    }
#endif
    (void)c;
    io_store(base, i, t, v.a);
    io_store(base, i + LANES, t, v.b);
}

/* To an address that is a multiple of 64. */
INLINE void io_stream2(void *base, int64_t i, enum dtype t, struct vf2 v, struct pairing c) {
#ifdef __AVX512F__
    if (t == BF16) {
        _mm512_stream_si512((__m512i *)((uint16_t *)base + i), bf16_narrow2(v, c));
        return;
    }
#endif
    (void)c;
    io_stream(base, i, t, v.a);
    io_stream(base, i + LANES, t, v.b);
}

#endif
