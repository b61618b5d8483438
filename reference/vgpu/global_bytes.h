/* global_bytes: the host's bytes of global memory, as kernels read and write them.
 *
 * Blocks run on several host threads, and a kernel may let them touch the same bytes, all writing one value
 * for instance. So each element of 1, 2, 4 or 8 bytes is read and written in one piece and in no particular
 * order, like a weak access of PTX: by C's relaxed atomics, and where a warp takes 64 bytes and more together
 * by vector instructions in assembly, of which an x86 processor moves each aligned element whole. */
#ifndef VGPU_GLOBAL_BYTES_H
#define VGPU_GLOBAL_BYTES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __AVX2__
#include <immintrin.h>
#endif

/* One element; p is aligned to bytes, which is 1, 2, 4 or 8. */
static inline uint64_t element_read(const uint8_t *p, unsigned bytes) {
    switch (bytes) {
    case 1: return __atomic_load_n(p, __ATOMIC_RELAXED);
    case 2: return __atomic_load_n((const uint16_t *)(const void *)p, __ATOMIC_RELAXED);
    case 4: return __atomic_load_n((const uint32_t *)(const void *)p, __ATOMIC_RELAXED);
    default: return __atomic_load_n((const uint64_t *)(const void *)p, __ATOMIC_RELAXED);
    }
}

static inline void element_write(uint8_t *p, unsigned bytes, uint64_t value) {
    switch (bytes) {
    case 1: __atomic_store_n(p, (uint8_t)value, __ATOMIC_RELAXED); break;
    case 2: __atomic_store_n((uint16_t *)(void *)p, (uint16_t)value, __ATOMIC_RELAXED); break;
    case 4: __atomic_store_n((uint32_t *)(void *)p, (uint32_t)value, __ATOMIC_RELAXED); break;
    default: __atomic_store_n((uint64_t *)(void *)p, value, __ATOMIC_RELAXED);
    }
}

/* Up to 16 bytes; from is aligned to the power of two that is not less than bytes. */
static inline void elements_read(uint8_t *to, const uint8_t *from, unsigned bytes) {
    for (unsigned at = 0; at < bytes;) {
        const unsigned left = bytes - at, size = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
        const uint64_t value = element_read(from + at, size);
        for (unsigned k = 0; k < size; k++) {
            to[at + k] = (uint8_t)(value >> 8 * k);
        }
        at += size;
    }
}

/* Words of 32 bits; count is a multiple of 16, the words in the block's own memory are aligned to 64 bytes.
 */
static inline void words_read(uint32_t *to, const uint8_t *from, unsigned count) {
#if defined __AVX512F__
    for (unsigned k = 0; k < count; k += 16) {
        __m512i v;
        __asm__ volatile("vmovdqu32 %1, %0" : "=v"(v) : "m"(*(const uint8_t(*)[64])(from + 4 * k)));
        _mm512_store_si512(to + k, v);
    }
#elif defined __AVX2__
    for (unsigned k = 0; k < count; k += 8) {
        __m256i v;
        __asm__ volatile("vmovdqu %1, %0" : "=x"(v) : "m"(*(const uint8_t(*)[32])(from + 4 * k)));
        _mm256_store_si256((__m256i *)(void *)(to + k), v);
    }
#else
    for (unsigned k = 0; k < count; k++) {
        to[k] = (uint32_t)element_read(from + 4 * k, 4);
    }
#endif
}

static inline void words_write(uint8_t *to, const uint32_t *from, unsigned count) {
#if defined __AVX512F__
    for (unsigned k = 0; k < count; k += 16) {
        const __m512i v = _mm512_load_si512(from + k);
        __asm__ volatile("vmovdqu32 %1, %0" : "=m"(*(uint8_t(*)[64])(to + 4 * k)) : "v"(v));
    }
#elif defined __AVX2__
    for (unsigned k = 0; k < count; k += 8) {
        const __m256i v = _mm256_load_si256((const __m256i *)(const void *)(from + k));
        __asm__ volatile("vmovdqu %1, %0" : "=m"(*(uint8_t(*)[32])(to + 4 * k)) : "x"(v));
    }
#else
    for (unsigned k = 0; k < count; k++) {
        element_write(to + 4 * k, 4, from[k]);
    }
#endif
}

#endif
