/* vec.h on AVX-512 (F, BW, DQ, VL). */
#ifndef KATUNE_VEC_AVX512_H
#define KATUNE_VEC_AVX512_H

#include <immintrin.h>

enum { LANES = 16 };
typedef __m512 vf;
typedef __m512i vi;
typedef __mmask16 vm;

INLINE vf vf_set(float a) {
    return _mm512_set1_ps(a);
}
INLINE vf vf_load(const float *a) {
    return _mm512_loadu_ps(a);
}
INLINE void vf_store(float *a, vf v) {
    _mm512_storeu_ps(a, v);
}
INLINE vm vm_first(int n) {
    return (vm)((1u << n) - 1u);
}
INLINE vf vf_load_n(const float *a, int n) {
    return _mm512_maskz_loadu_ps(vm_first(n), a);
}

INLINE vf vf_fma(vf a, vf b, vf c) {
    return _mm512_fmadd_ps(a, b, c);
} /* a b + c */
INLINE vf vf_fnma(vf a, vf b, vf c) {
    return _mm512_fnmadd_ps(a, b, c);
} /* c - a b */
/* A product that stays one: what is added to it does not become part of a multiply-add. */
INLINE vf vf_apart(vf a) {
    __asm__("" : "+v"(a));
    return a;
}
INLINE vf vf_abs(vf a) {
    return _mm512_abs_ps(a);
}
INLINE vf vf_min(vf a, vf b) {
    return _mm512_min_ps(a, b);
} /* b where either is NaN */
INLINE vf vf_max(vf a, vf b) {
    return _mm512_max_ps(a, b);
}
INLINE vf vf_round(vf a) {
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
/* An estimate of 1/a: relative error below 2^-14 here, 1.5 * 2^-12 on avx2; exact on scalar. */
INLINE vf vf_rcp_estimate(vf a) {
    return _mm512_rcp14_ps(a);
}
/* a with its sign flipped where s is negative (-0 included) */
INLINE vf vf_mulsign(vf a, vf s) {
    return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(_mm512_castps_si512(a), _mm512_castps_si512(s),
                                                         _mm512_set1_epi32(INT32_MIN), 0x78));
}
/* 2^a * b for whole a */
INLINE vf vf_scale(vf b, vf a) {
    return _mm512_scalef_ps(b, a);
}

INLINE vm vf_lt(vf a, vf b) {
    return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}
INLINE vm vf_beyond(vf a, vf b) {
    return _mm512_cmp_ps_mask(a, b, _CMP_NLE_UQ);
} /* a > b, or either is NaN */
INLINE vm vf_eq(vf a, vf b) {
    return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ);
}
INLINE int vm_any(vm a) {
    return a != 0;
}
INLINE vf vf_select(vm m, vf a, vf b) {
    return _mm512_mask_blend_ps(m, b, a);
} /* m ? a : b */

INLINE vi vf_bits(vf a) {
    return _mm512_castps_si512(a);
}
INLINE vf vf_from_bits(vi a) {
    return _mm512_castsi512_ps(a);
}
INLINE vi vi_shift(vi a, int n) {
    return _mm512_slli_epi32(a, (unsigned)n);
} /* to the left */
INLINE vi vi_shift_right(vi a, int n) {
    return _mm512_srli_epi32(a, (unsigned)n);
} /* zeros come in */
INLINE vi vi_min_unsigned(vi a, vi b) {
    return _mm512_min_epu32(a, b);
}
INLINE vi vi_or_and(vi a, vi b, vi c) {
    return _mm512_ternarylogic_epi32(a, b, c, 0xf8);
} /* a | b & c */
INLINE vi vi_set(int32_t a) {
    return _mm512_set1_epi32(a);
}
INLINE vi vi_add(vi a, vi b) {
    return _mm512_add_epi32(a, b);
}
INLINE void vi_store(int32_t *a, vi v) {
    _mm512_storeu_si512(a, v);
}

/* The sum of the lanes, always added in the same order. */
INLINE float vf_sum(vf a) {
    const __m256 b = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    const __m128 c = _mm_add_ps(_mm256_castps256_ps128(b), _mm256_extractf128_ps(b, 1));
    const __m128 d = _mm_add_ps(c, _mm_movehl_ps(c, c));
    return _mm_cvtss_f32(_mm_add_ss(d, _mm_movehdup_ps(d)));
}

/* The 4 x 4 matrix in each 128-bit part of four vectors, transposed: lane l's four values come to lie side by
   side in v[l % 4], from lane l / 4 * 4 on. It is its own inverse. */
INLINE void vf_transpose4(vf v[4]) {
    const vf ab_low = _mm512_unpacklo_ps(v[0], v[1]), ab_high = _mm512_unpackhi_ps(v[0], v[1]);
    const vf cd_low = _mm512_unpacklo_ps(v[2], v[3]), cd_high = _mm512_unpackhi_ps(v[2], v[3]);
    v[0] = _mm512_shuffle_ps(ab_low, cd_low, 0x44), v[1] = _mm512_shuffle_ps(ab_low, cd_low, 0xee);
    v[2] = _mm512_shuffle_ps(ab_high, cd_high, 0x44), v[3] = _mm512_shuffle_ps(ab_high, cd_high, 0xee);
}

INLINE vf bf16_widen(__m256i a) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(a), 16));
}

/* Integer rounding rather than VCVTNEPS2BF16, which flushes denormals. NaN keeps its upper half, made quiet.
 */
INLINE __m256i bf16_narrow(vf v) {
    const __m512i bits = _mm512_castps_si512(v);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    const __m512i quiet = _mm512_or_si512(bits, _mm512_set1_epi32(0x400000));
    const __m512i result = _mm512_mask_mov_epi32(rounded, _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q), quiet);
    return _mm512_cvtepi32_epi16(_mm512_srli_epi32(result, 16));
}

INLINE __m256i f16_narrow(vf v) {
    return _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

INLINE vf io_load(const void *base, int64_t i, enum dtype t) {
    if (t == F32) return _mm512_loadu_ps((const float *)base + i);
    const __m256i half = _mm256_loadu_si256((const __m256i *)((const uint16_t *)base + i));
    return t == F16 ? _mm512_cvtph_ps(half) : bf16_widen(half);
}

INLINE vf io_load_n(const void *base, int64_t i, int n, enum dtype t) {
    if (t == F32) return _mm512_maskz_loadu_ps(vm_first(n), (const float *)base + i);
    const __m256i half = _mm256_maskz_loadu_epi16(vm_first(n), (const uint16_t *)base + i);
    return t == F16 ? _mm512_cvtph_ps(half) : bf16_widen(half);
}

INLINE void io_store(void *base, int64_t i, enum dtype t, vf v) {
    if (t == F32) {
        _mm512_storeu_ps((float *)base + i, v);
        return;
    }
    _mm256_storeu_si256((__m256i *)((uint16_t *)base + i), t == F16 ? f16_narrow(v) : bf16_narrow(v));
}

INLINE void io_store_n(void *base, int64_t i, int n, enum dtype t, vf v) {
    if (t == F32) {
        _mm512_mask_storeu_ps((float *)base + i, vm_first(n), v);
        return;
    }
    _mm256_mask_storeu_epi16((uint16_t *)base + i, vm_first(n), t == F16 ? f16_narrow(v) : bf16_narrow(v));
}

/* A store past the caches, to an address that io_streamable() accepts; stream_end() once the thread is done.
 */
INLINE void io_stream(void *base, int64_t i, enum dtype t, vf v) {
    if (t == F32) {
        _mm512_stream_ps((float *)base + i, v);
        return;
    }
    _mm256_stream_si256((__m256i *)((uint16_t *)base + i), t == F16 ? f16_narrow(v) : bf16_narrow(v));
}

INLINE void stream_end(void) {
    _mm_sfence();
}

#endif
