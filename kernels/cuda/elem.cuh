/* Elements of the problem's dtype: their type, conversion from and to float, and loads and stores of VEC of
   them in accesses of up to 16 bytes. Everything is written in PTX or in integer arithmetic, so that no CUDA
   header is needed. Names in capitals are left to the parameters of variants, which are macros. */
#pragma once

#if DTYPE_F32
#define ELEM float
#else
#define ELEM unsigned short
#endif

/* Where a load or store lets its line stay; values for parameters named LOAD and STORE. */
enum load_policy { LOAD_CA, LOAD_CG, LOAD_CS, LOAD_NC };
enum store_policy { STORE_WB, STORE_CG, STORE_CS };

__device__ __forceinline__ float elem_to_float(ELEM e) {
#if DTYPE_F32
    return e;
#elif DTYPE_F16
    float f;
    asm("cvt.f32.f16 %0, %1;" : "=f"(f) : "h"(e));
    return f;
#else
    return __uint_as_float((unsigned)e << 16);
#endif
}

#if DTYPE_BF16 && __CUDA_ARCH__ < 800
/* To nearest, ties to even; a NaN stays one. */
__device__ __forceinline__ unsigned bf16_bits(float f) {
    const unsigned u = __float_as_uint(f);
    const unsigned rounded = u + 0x7fffu + (u >> 16 & 1);
    return (f != f ? u | 0x400000u : rounded) >> 16;
}
#endif

__device__ __forceinline__ ELEM elem_from_float(float f) {
#if DTYPE_F32
    return f;
#elif DTYPE_F16
    ELEM e;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(e) : "f"(f));
    return e;
#elif __CUDA_ARCH__ >= 800
    /* As one of a pair: a single bfloat16 is converted at a quarter of the rate (sm_90: 16 lanes a clock). */
    unsigned w;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(w) : "f"(0.0f), "f"(f));
    return (ELEM)w;
#else
    return (ELEM)bf16_bits(f);
#endif
}

/* Two elements of 16 bits in a word, the first one low. */
__device__ __forceinline__ void pair_to_float(unsigned w, float &lo, float &hi) {
#if DTYPE_F16
    asm("{.reg .b16 l, h;\n\tmov.b32 {l, h}, %2;\n\tcvt.f32.f16 %0, l;\n\tcvt.f32.f16 %1, h;}"
        : "=f"(lo), "=f"(hi)
        : "r"(w));
#else
    asm("shl.b32 %0, %1, 16;" : "=f"(lo) : "r"(w));
    asm("and.b32 %0, %1, 0xffff0000;" : "=f"(hi) : "r"(w));
#endif
}

__device__ __forceinline__ unsigned pair_from_float(float lo, float hi) {
    unsigned w;
#if __CUDA_ARCH__ >= 800 && DTYPE_BF16
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(w) : "f"(hi), "f"(lo));
#elif __CUDA_ARCH__ >= 800 && DTYPE_F16
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(w) : "f"(hi), "f"(lo));
#else
    w = (unsigned)elem_from_float(lo) | (unsigned)elem_from_float(hi) << 16;
#endif
    return w;
}

/* What an access moves: float32 elements, or pairs of 16-bit ones. PTX has no free change of type: float32
   stays float. */
#if DTYPE_F32
#define WORD float
#define WORD_OUT(w) "=f"(w)
#define WORD_IN(w) "f"(w)
#else
#define WORD unsigned
#define WORD_OUT(w) "=r"(w)
#define WORD_IN(w) "r"(w)
#endif

#define LOAD_WORDS(suffix)                                                                                   \
    if constexpr (bytes == 2) {                                                                              \
        unsigned short h;                                                                                    \
        asm("ld.global" suffix ".u16 %0, [%1];" : "=h"(h) : "l"(p));                                         \
        w[0] = (WORD)h;                                                                                      \
    } else if constexpr (bytes == 4) {                                                                       \
        asm("ld.global" suffix ".b32 %0, [%1];" : WORD_OUT(w[0]) : "l"(p));                                  \
    } else if constexpr (bytes == 8) {                                                                       \
        asm("ld.global" suffix ".v2.b32 {%0, %1}, [%2];" : WORD_OUT(w[0]), WORD_OUT(w[1]) : "l"(p));         \
    } else {                                                                                                 \
        asm("ld.global" suffix ".v4.b32 {%0, %1, %2, %3}, [%4];"                                             \
            : WORD_OUT(w[0]), WORD_OUT(w[1]), WORD_OUT(w[2]), WORD_OUT(w[3])                                 \
            : "l"(p));                                                                                       \
    }

#define STORE_WORDS(suffix)                                                                                  \
    if constexpr (bytes == 2) {                                                                              \
        asm volatile("st.global" suffix ".u16 [%0], %1;" ::"l"(p), "h"((unsigned short)w[0]));               \
    } else if constexpr (bytes == 4) {                                                                       \
        asm volatile("st.global" suffix ".b32 [%0], %1;" ::"l"(p), WORD_IN(w[0]));                           \
    } else if constexpr (bytes == 8) {                                                                       \
        asm volatile("st.global" suffix ".v2.b32 [%0], {%1, %2};" ::"l"(p), WORD_IN(w[0]), WORD_IN(w[1]));   \
    } else {                                                                                                 \
        asm volatile("st.global" suffix ".v4.b32 [%0], {%1, %2, %3, %4};" ::"l"(p), WORD_IN(w[0]),           \
                     WORD_IN(w[1]), WORD_IN(w[2]), WORD_IN(w[3]));                                           \
    }

/* bytes is 2, 4, 8 or 16, p aligned to it. The memory must not be written by the same kernel: loads are free
   to move. */
template <int bytes, int policy> __device__ __forceinline__ void load_words(const void *p, WORD *w) {
    if constexpr (policy == LOAD_CG) {
        LOAD_WORDS(".cg")
    } else if constexpr (policy == LOAD_CS) {
        LOAD_WORDS(".cs")
    } else if constexpr (policy == LOAD_NC) {
        LOAD_WORDS(".nc")
    } else {
        LOAD_WORDS(".ca")
    }
}

template <int bytes, int policy> __device__ __forceinline__ void store_words(void *p, const WORD *w) {
    if constexpr (policy == STORE_CG) {
        STORE_WORDS(".cg")
    } else if constexpr (policy == STORE_CS) {
        STORE_WORDS(".cs")
    } else {
        STORE_WORDS("")
    }
}

/* The bytes of one access when vec elements are loaded or stored. */
template <int vec> struct access {
    enum { total = vec * (int)sizeof(ELEM), bytes = total < 16 ? total : 16, count = total / bytes };
    enum { words = (total + 3) / 4, step = bytes / 4 };
};

/* Whether all of the tensors are. */
template <int vec, class... Pointer> __device__ __forceinline__ bool aligned_to(Pointer... p) {
    return ((... | (unsigned long long)p) & (access<vec>::bytes - 1)) == 0;
}

/* vec elements (a power of two) as they lie in memory. */
template <int vec> struct __align__(access<vec>::bytes) packed {
    WORD w[access<vec>::words];
};

template <int vec> __device__ __forceinline__ void unpack(const packed<vec> &from, float (&v)[vec]) {
#if DTYPE_F32
#pragma unroll
    for (int i = 0; i < vec; i++) v[i] = from.w[i];
#else
    if constexpr (vec == 1) {
        v[0] = elem_to_float((ELEM)from.w[0]);
    } else {
#pragma unroll
        for (int i = 0; i < vec / 2; i++) pair_to_float(from.w[i], v[2 * i], v[2 * i + 1]);
    }
#endif
}

/* vec elements from p on; p is aligned to min(16, vec * sizeof(ELEM)). */
template <int vec, int policy> __device__ __forceinline__ void load_vec(const ELEM *p, float (&v)[vec]) {
    using a = access<vec>;
    packed<vec> from;
#pragma unroll
    for (int i = 0; i < a::count; i++)
        load_words<a::bytes, policy>((const char *)p + i * a::bytes, from.w + i * a::step);
    unpack(from, v);
}

template <int vec, int policy> __device__ __forceinline__ void store_vec(ELEM *p, const float (&v)[vec]) {
    using a = access<vec>;
#if DTYPE_F32
    const float *const w = v;
#else
    unsigned w[a::words];
    if constexpr (vec == 1) {
        w[0] = elem_from_float(v[0]);
    } else {
#pragma unroll
        for (int i = 0; i < vec / 2; i++) w[i] = pair_from_float(v[2 * i], v[2 * i + 1]);
    }
#endif
#pragma unroll
    for (int i = 0; i < a::count; i++)
        store_words<a::bytes, policy>((char *)p + i * a::bytes, w + i * a::step);
}

/* The same for any alignment, element by element. */
template <int vec> __device__ __forceinline__ void load_each(const ELEM *p, float (&v)[vec]) {
#pragma unroll
    for (int i = 0; i < vec; i++) v[i] = elem_to_float(p[i]);
}

template <int vec> __device__ __forceinline__ void store_each(ELEM *p, const float (&v)[vec]) {
#pragma unroll
    for (int i = 0; i < vec; i++) p[i] = elem_from_float(v[i]);
}
