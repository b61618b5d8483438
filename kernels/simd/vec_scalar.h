/* vec.h in portable C: one lane. */
#ifndef KATUNE_VEC_SCALAR_H
#define KATUNE_VEC_SCALAR_H

enum { LANES = 1 };
typedef float vf;
typedef int32_t vi;
typedef int vm;

INLINE vf vf_set(float a) {
    return a;
}
INLINE vf vf_load(const float *a) {
    return *a;
}
INLINE void vf_store(float *a, vf v) {
    *a = v;
}
INLINE vm vm_first(int n) {
    return n > 0;
}
INLINE vf vf_load_n(const float *a, int n) {
    return n ? *a : 0;
}

/* Without an FMA instruction fmaf() is a slow library call: two roundings here. */
INLINE vf vf_fma(vf a, vf b, vf c) {
    return a * b + c;
}
INLINE vf vf_fnma(vf a, vf b, vf c) {
    return c - a * b;
}
/* A product that stays one: what is added to it does not become part of a multiply-add. */
INLINE vf vf_apart(vf a) {
    return a;
}
INLINE vf vf_abs(vf a) {
    return fabsf(a);
}
INLINE vf vf_min(vf a, vf b) {
    return a < b ? a : b;
}
INLINE vf vf_max(vf a, vf b) {
    return a > b ? a : b;
}
INLINE vf vf_round(vf a) {
    return nearbyintf(a);
}
INLINE vf vf_rcp_estimate(vf a) {
    return 1 / a;
}
INLINE vf vf_mulsign(vf a, vf s) {
    return signbit(s) ? -a : a;
}
INLINE vf vf_scale(vf b, vf a) {
    return ldexpf(b, (int)a);
}

INLINE vm vf_lt(vf a, vf b) {
    return a < b;
}
INLINE vm vf_beyond(vf a, vf b) {
    return !(a <= b);
} /* a > b, or either is NaN */
INLINE vm vf_eq(vf a, vf b) {
    return a == b;
}
INLINE int vm_any(vm a) {
    return a;
}
INLINE vf vf_select(vm m, vf a, vf b) {
    return m ? a : b;
}

/* What the vector instructions give for values beyond int32, instead of undefined behaviour. */
INLINE vi vf_bits(vf a) {
    vi bits;
    memcpy(&bits, &a, sizeof bits);
    return bits;
}
INLINE vf vf_from_bits(vi a) {
    vf value;
    memcpy(&value, &a, sizeof value);
    return value;
}
INLINE vi vi_shift(vi a, int n) {
    return (vi)((uint32_t)a << n);
}
INLINE vi vi_shift_right(vi a, int n) {
    return (vi)((uint32_t)a >> n);
} /* zeros come in */
INLINE vi vi_min_unsigned(vi a, vi b) {
    return (uint32_t)a < (uint32_t)b ? a : b;
}
INLINE vi vi_or_and(vi a, vi b, vi c) {
    return a | (b & c);
} /* a | b & c */
INLINE vi vi_set(int32_t a) {
    return a;
}
INLINE vi vi_add(vi a, vi b) {
    return (vi)((uint32_t)a + (uint32_t)b);
}
INLINE void vi_store(int32_t *a, vi v) {
    *a = v;
}
INLINE float vf_sum(vf a) {
    return a;
}

INLINE uint32_t float_bits(float a) {
    uint32_t bits;
    memcpy(&bits, &a, 4);
    return bits;
}

INLINE float float_from_bits(uint32_t bits) {
    float a;
    memcpy(&a, &bits, 4);
    return a;
}

INLINE float bf16_widen(uint16_t a) {
    return float_from_bits((uint32_t)a << 16);
}

INLINE uint16_t bf16_narrow(float a) {
    const uint32_t bits = float_bits(a);
    if (a != a) return (uint16_t)((bits | 0x400000) >> 16);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

INLINE float f16_widen(uint16_t a) {
    const uint32_t sign = (uint32_t)(a & 0x8000) << 16, rest = a & 0x7fff;
    if (rest >= 0x7c00) return float_from_bits(sign | 0x7f800000 | (rest & 0x3ff) << 13); /* infinity, NaN */
    /* The exponent is wrong by 2^112 for normal and denormal numbers alike: a product mends both, exactly. */
    return float_from_bits(sign | float_bits(float_from_bits(rest << 13) * 0x1p112f));
}

INLINE uint16_t f16_narrow(float a) {
    const uint32_t bits = float_bits(a), sign = bits >> 16 & 0x8000;
    const float magnitude = fabsf(a);
    if (a != a) return (uint16_t)(sign | 0x7e00);
    if (magnitude >= 65520.0f) return (uint16_t)(sign | 0x7c00);
    if (magnitude < 0x1p-14f) /* adding 1/2 lines the last place up with 2^-24 and rounds to even */
        return (uint16_t)(sign | (float_bits(magnitude + 0.5f) - float_bits(0.5f)));
    const uint32_t rest = bits & 0x7fffffff;
    return (uint16_t)(sign | (rest - 0x38000000 + 0xfff + (rest >> 13 & 1)) >> 13);
}

INLINE vf io_load(const void *base, int64_t i, enum dtype t) {
    if (t == F32) return ((const float *)base)[i];
    const uint16_t half = ((const uint16_t *)base)[i];
    return t == F16 ? f16_widen(half) : bf16_widen(half);
}

INLINE vf io_load_n(const void *base, int64_t i, int n, enum dtype t) {
    return n ? io_load(base, i, t) : 0;
}

INLINE void io_store(void *base, int64_t i, enum dtype t, vf v) {
    if (t == F32)
        ((float *)base)[i] = v;
    else
        ((uint16_t *)base)[i] = t == F16 ? f16_narrow(v) : bf16_narrow(v);
}

INLINE void io_store_n(void *base, int64_t i, int n, enum dtype t, vf v) {
    if (n) io_store(base, i, t, v);
}

/* Portable C has no streaming store. */
INLINE void io_stream(void *base, int64_t i, enum dtype t, vf v) {
    io_store(base, i, t, v);
}
INLINE void stream_end(void) {}

#endif
