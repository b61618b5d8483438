/* Tables of floats that every lane indexes for itself: gathered from memory, or kept in registers where a
   backend has permutations wide enough. */
#ifndef KATUNE_LOOKUP_H
#define KATUNE_LOOKUP_H

#include "vec.h"

enum lookup_kind {
    LOOKUP_GATHER,
    LOOKUP_PERMUTE, /* up to LOOKUP_PERMUTE_MAX entries, in two registers */
};

#if defined __AVX512F__

enum { LOOKUP_PERMUTE_MAX = 32 };
struct lookup {
    vf low, high;
    const float *table;
};

/* The table must be readable up to LOOKUP_PERMUTE_MAX entries for LOOKUP_PERMUTE. */
INLINE struct lookup lookup_load(const float *table, enum lookup_kind kind) {
    struct lookup l = {vf_set(0), vf_set(0), table};
    if (kind == LOOKUP_PERMUTE) l.low = vf_load(table), l.high = vf_load(table + LANES);
    return l;
}

INLINE vf lookup_get(const struct lookup *l, vi index, enum lookup_kind kind) {
    if (kind == LOOKUP_PERMUTE) return _mm512_permutex2var_ps(l->low, index, l->high);
    return vf_gather(l->table, index);
}

#else

struct lookup {
    const float *table;
};

INLINE struct lookup lookup_load(const float *table, enum lookup_kind kind) {
    (void)kind;
    return (struct lookup){table};
}

INLINE vf lookup_get(const struct lookup *l, vi index, enum lookup_kind kind) {
    (void)kind;
    return vf_gather(l->table, index);
}

#endif

#endif
