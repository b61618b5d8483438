/* vec.h on AVX2 with FMA and F16C. */
#ifndef KATUNE_VEC_AVX2_H
#define KATUNE_VEC_AVX2_H

#include <immintrin.h>

enum { LANES = 8 };
typedef __m256 vf;
typedef __m256i vi;
typedef __m256 vm; /* all bits of a lane */

INLINE vf vf_set(float a) {
    return _mm256_set1_ps(a);
}
INLINE vf vf_load(const float *a) {
    return _mm256_loadu_ps(a);
}
INLINE void vf_store(float *a, vf v) {
    _mm256_storeu_ps(a, v);
}
INLINE __m256i lanes_first(int n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
INLINE vm vm_first(int n) {
    return _mm256_castsi256_ps(lanes_first(n));
}
INLINE vf vf_load_n(const float *a, int n) {
    return _mm256_maskload_ps(a, lanes_first(n));
}

INLINE vf vf_fma(vf a, vf b, vf c) {
    return _mm256_fmadd_ps(a, b, c);
}
INLINE vf vf_fnma(vf a, vf b, vf c) {
    return _mm256_fnmadd_ps(a, b, c);
}
/* A product that stays one: what is added to it does not become part of a multiply-add. */
INLINE vf vf_apart(vf a) {
    __asm__("" : "+x"(a));
    return a;
}
INLINE vf vf_abs(vf a) {
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a);
}
INLINE vf vf_min(vf a, vf b) {
    return _mm256_min_ps(a, b);
}
INLINE vf vf_max(vf a, vf b) {
    return _mm256_max_ps(a, b);
}
INLINE vf vf_round(vf a) {
    return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
INLINE vf vf_rcp_estimate(vf a) {
    return _mm256_rcp_ps(a);
}
INLINE vf vf_mulsign(vf a, vf s) {
    return _mm256_xor_ps(a, _mm256_and_ps(_mm256_set1_ps(-0.0f), s));
}

INLINE vm vf_lt(vf a, vf b) {
    return _mm256_cmp_ps(a, b, _CMP_LT_OQ);
}
INLINE vm vf_beyond(vf a, vf b) {
    return _mm256_cmp_ps(a, b, _CMP_NLE_UQ);
} /* a > b, or either is NaN */
INLINE vm vf_eq(vf a, vf b) {
    return _mm256_cmp_ps(a, b, _CMP_EQ_OQ);
}
INLINE int vm_any(vm a) {
    return _mm256_movemask_ps(a) != 0;
}
INLINE vf vf_select(vm m, vf a, vf b) {
    return _mm256_blendv_ps(b, a, m);
}

INLINE vi vf_bits(vf a) {
    return _mm256_castps_si256(a);
}
INLINE vf vf_from_bits(vi a) {
    return _mm256_castsi256_ps(a);
}
INLINE vi vi_shift(vi a, int n) {
    return _mm256_slli_epi32(a, n);
} /* to the left */
INLINE vi vi_shift_right(vi a, int n) {
    return _mm256_srli_epi32(a, n);
} /* zeros come in */
INLINE vi vi_min_unsigned(vi a, vi b) {
    return _mm256_min_epu32(a, b);
}
INLINE vi vi_or_and(vi a, vi b, vi c) {
    return _mm256_or_si256(a, _mm256_and_si256(b, c));
} /* a | b & c */
INLINE vi vi_set(int32_t a) {
    return _mm256_set1_epi32(a);
}
INLINE vi vi_add(vi a, vi b) {
    return _mm256_add_epi32(a, b);
}
INLINE void vi_store(int32_t *a, vi v) {
    _mm256_storeu_si256((__m256i *)a, v);
}

/* In two factors, so that results reach down into the denormals and up to the largest number. */
INLINE vf vf_scale(vf b, vf a) {
    const vi whole = _mm256_cvttps_epi32(a), half = _mm256_srai_epi32(whole, 1),
             rest = _mm256_sub_epi32(whole, half);
    const vi bias = _mm256_set1_epi32(127);
    const vf first = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(half, bias), 23));
    const vf second = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(rest, bias), 23));
    return _mm256_mul_ps(_mm256_mul_ps(b, first), second);
}

INLINE float vf_sum(vf a) {
    const __m128 c = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    const __m128 d = _mm_add_ps(c, _mm_movehl_ps(c, c));
    return _mm_cvtss_f32(_mm_add_ss(d, _mm_movehdup_ps(d)));
}

INLINE void vf_transpose4(vf v[4]) {
    const vf ab_low = _mm256_unpacklo_ps(v[0], v[1]), ab_high = _mm256_unpackhi_ps(v[0], v[1]);
    const vf cd_low = _mm256_unpacklo_ps(v[2], v[3]), cd_high = _mm256_unpackhi_ps(v[2], v[3]);
    v[0] = _mm256_shuffle_ps(ab_low, cd_low, 0x44), v[1] = _mm256_shuffle_ps(ab_low, cd_low, 0xee);
    v[2] = _mm256_shuffle_ps(ab_high, cd_high, 0x44), v[3] = _mm256_shuffle_ps(ab_high, cd_high, 0xee);
}

INLINE vf bf16_widen(__m128i a) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(a), 16));
}

INLINE __m128i bf16_narrow(vf v) {
    const __m256i bits = _mm256_castps_si256(v);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
    const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
    const __m256 nan = _mm256_cmp_ps(v, v, _CMP_UNORD_Q);
    const __m256i result =
        _mm256_castps_si256(_mm256_blendv_ps(_mm256_castsi256_ps(rounded), _mm256_castsi256_ps(quiet), nan));
    const __m256i high = _mm256_srli_epi32(result, 16);
    return _mm_packus_epi32(_mm256_castsi256_si128(high), _mm256_extracti128_si256(high, 1));
}

INLINE __m128i f16_narrow(vf v) {
    return _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT);
}

INLINE vf io_load(const void *base, int64_t i, enum dtype t) {
    if (t == F32) return _mm256_loadu_ps((const float *)base + i);
    const __m128i half = _mm_loadu_si128((const __m128i *)((const uint16_t *)base + i));
    return t == F16 ? _mm256_cvtph_ps(half) : bf16_widen(half);
}

INLINE vf io_load_n(const void *base, int64_t i, int n, enum dtype t) {
    if (t == F32) return _mm256_maskload_ps((const float *)base + i, lanes_first(n));
    uint16_t part[LANES] = {0};
    memcpy(part, (const uint16_t *)base + i, (size_t)n * 2);
    return io_load(part, 0, t);
}

INLINE void io_store(void *base, int64_t i, enum dtype t, vf v) {
    if (t == F32) {
        _mm256_storeu_ps((float *)base + i, v);
        return;
    }
    _mm_storeu_si128((__m128i *)((uint16_t *)base + i), t == F16 ? f16_narrow(v) : bf16_narrow(v));
}

INLINE void io_store_n(void *base, int64_t i, int n, enum dtype t, vf v) {
    if (t == F32) {
        _mm256_maskstore_ps((float *)base + i, lanes_first(n), v);
        return;
    }
    uint16_t part[LANES];
    io_store(part, 0, t, v);
    memcpy((uint16_t *)base + i, part, (size_t)n * 2);
}

INLINE void io_stream(void *base, int64_t i, enum dtype t, vf v) {
    if (t == F32) {
        _mm256_stream_ps((float *)base + i, v);
        return;
    }
    _mm_stream_si128((__m128i *)((uint16_t *)base + i), t == F16 ? f16_narrow(v) : bf16_narrow(v));
}

INLINE void stream_end(void) {
    _mm_sfence();
}

#endif
