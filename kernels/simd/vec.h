/* One vocabulary for vectors of float lanes, so that a mechanism is written once and compiled for each
   backend.

   LANES      lanes of a vector: 16 (avx512), 8 (avx2), 1 (scalar)
   vf, vi, vm vectors of float, of int32, and masks
   vf values take the operators + - * / and unary -.

   load, store   float32 parameters and scratch
   io_load, ...  activations: element i of an array of dtype t, widened to float or rounded to nearest even.
                 t must be a compile-time constant where it matters; the functions are inlined.
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

/* Where vf_transpose4() puts lane l: the lanes of each 128-bit part together. */
INLINE int transpose4_at(int l) {
    return l % 4 * LANES + l / 4 * 4;
}

#endif
