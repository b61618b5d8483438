/* Polynomials whose coefficients every lane finds by an index of its own: in registers, where a backend has
   permutations, or row by row in memory. */
#ifndef KATUNE_LOOKUP_H
#define KATUNE_LOOKUP_H

#include "vec.h"

enum { QUAD = 4 };

enum lookup_kind {
    LOOKUP_ROWS, /* a row of all coefficients for every entry, in memory */
    LOOKUP_ONE,  /* a table for every coefficient, up to 16 entries: one register (avx512) or two (avx2) */
    LOOKUP_TWO,  /* the same up to 32 entries in two registers; avx512 only */
    LOOKUP_JOINT /* as LOOKUP_TWO, with the base branch in the polynomials: bspline_joint.h */
};

/* Entries of a table; the tables of LOOKUP_ONE and LOOKUP_TWO must be readable up to it. */
static inline int lookup_entries(enum lookup_kind kind) {
    return kind == LOOKUP_TWO || kind == LOOKUP_JOINT ? 32 : 16;
}

static inline int lookup_serves(enum lookup_kind kind, int entries) {
    return kind == LOOKUP_ROWS || entries <= lookup_entries(kind);
}

#if defined __AVX512F__

struct lookup {
    vf low, high;
};
/* What all look-ups at one index share. */
struct lookup_at {
    vi index;
};

INLINE struct lookup lookup_load(const float *table, enum lookup_kind kind) {
    return (struct lookup){vf_load(table), kind == LOOKUP_ONE ? vf_set(0) : vf_load(table + LANES)};
}

/* The index is in the low bits of an integer; the bits above are ignored. */
INLINE struct lookup_at lookup_at(vi index) {
    return (struct lookup_at){index};
}

INLINE vf lookup_get(const struct lookup *l, struct lookup_at at, enum lookup_kind kind) {
    if (kind == LOOKUP_ONE) return _mm512_permutexvar_ps(at.index, l->low);
    return _mm512_permutex2var_ps(l->low, at.index, l->high);
}

INLINE vf row_part(const float *rows, const int32_t *offset, int part) {
    const vf a = _mm512_castps128_ps512(_mm_loadu_ps(rows + offset[part]));
    const vf b = _mm512_insertf32x4(a, _mm_loadu_ps(rows + offset[part + 4]), 1);
    const vf c = _mm512_insertf32x4(b, _mm_loadu_ps(rows + offset[part + 8]), 2);
    return _mm512_insertf32x4(c, _mm_loadu_ps(rows + offset[part + 12]), 3);
}

#elif defined __AVX2__

struct lookup {
    vf low, high;
};
struct lookup_at {
    vi index;
    vm upper; /* whether the index is beyond 7 */
};

INLINE struct lookup lookup_load(const float *table, enum lookup_kind kind) {
    (void)kind;
    return (struct lookup){vf_load(table), vf_load(table + LANES)};
}

INLINE struct lookup_at lookup_at(vi index) {
    return (struct lookup_at){index, _mm256_castsi256_ps(_mm256_slli_epi32(index, 28))};
}

INLINE vf lookup_get(const struct lookup *l, struct lookup_at at, enum lookup_kind kind) {
    (void)kind;
    return _mm256_blendv_ps(_mm256_permutevar8x32_ps(l->low, at.index),
                            _mm256_permutevar8x32_ps(l->high, at.index), at.upper);
}

INLINE vf row_part(const float *rows, const int32_t *offset, int part) {
    const vf a = _mm256_castps128_ps256(_mm_loadu_ps(rows + offset[part]));
    return _mm256_insertf128_ps(a, _mm_loadu_ps(rows + offset[part + 4]), 1);
}

#else

struct lookup {
    const float *table;
};
struct lookup_at {
    vi index;
};

INLINE struct lookup lookup_load(const float *table, enum lookup_kind kind) {
    (void)kind;
    return (struct lookup){table};
}

INLINE struct lookup_at lookup_at(vi index) {
    return (struct lookup_at){index & 15};
}

INLINE vf lookup_get(const struct lookup *l, struct lookup_at at, enum lookup_kind kind) {
    (void)kind;
    return l->table[at.index];
}

#endif

/* Four coefficients out of every lane's row, which begins offset[lane] floats into `rows`. */
INLINE void rows_get(const float *rows, const int32_t offset[LANES], vf out[QUAD]) {
#if defined __AVX2__
    out[0] = row_part(rows, offset, 0), out[1] = row_part(rows, offset, 1);
    out[2] = row_part(rows, offset, 2), out[3] = row_part(rows, offset, 3);
    vf_transpose4(out);
#else
    for (int i = 0; i < QUAD; i++) out[i] = rows[offset[0] + i];
#endif
}

#endif
