/* Sums for the coefficients' gradients on avx512, up to 16 coefficients and orders up to 3: a register of 16
   partial sums for every coefficient. The four values dy B of a lane are rotated so that value q belongs to a
   coefficient 4 j + q, by two blends each, and every coefficient's register takes one addition under a mask
   of the lanes that reach it. Values never cross lanes, and none goes to a bin in memory. */
#ifndef KATUNE_BSPLINE_MASKS_H
#define KATUNE_BSPLINE_MASKS_H

#include "bspline_sums.h"

/* Elements that wait for their sums, in vectors of 16; what is not one has dy 0. */
enum { STAGE_ELEMENTS = 512, STAGE_ROOM = STAGE_ELEMENTS + 2 * LANES };

struct spline_stage {
    float v[STAGE_ROOM], dy[STAGE_ROOM];
    int32_t interval[STAGE_ROOM]; /* in the low bits; beyond the first and the last: one whose word is 0 */
    int filled;
} __attribute__((aligned(64)));

#if defined __AVX512F__

/* Words by interval: bit m is set where coefficient m has a base there, and the two highest bits are by how
   much the bases are rotated. */
enum { MASK_INTERVALS = 32, MASKS_BYTES = MASK_INTERVALS * sizeof(int32_t), ROTATE_ONE = 1 << 30 };
#define ROTATE_TWO INT32_MIN

static inline void masks_fill(const struct problem *p, uint32_t *words) {
    const int intervals = p->grid + 2 * spline_beyond(p);
    memset(words, 0, MASKS_BYTES);
    for (int i = 0; i < intervals; i++) {
        const int first = i - spline_beyond(p); /* coefficient of the first base */
        for (int m = 0; m < coef_count(p); m++)
            if (m >= first && m <= first + p->order) words[i] |= 1u << m;
        words[i] |= (unsigned)(first & (QUAD - 1)) << 30;
    }
}

/* What tests a word for a coefficient: operands in memory, which a compiler would move over from general
   registers one by one if it knew them. */
static const int32_t mask_bits[SUM_LANES] = {1 << 0,  1 << 1,  1 << 2,  1 << 3, 1 << 4,  1 << 5,
                                             1 << 6,  1 << 7,  1 << 8,  1 << 9, 1 << 10, 1 << 11,
                                             1 << 12, 1 << 13, 1 << 14, 1 << 15};

INLINE void stage_put(struct spline_stage *stage, const struct vknot *k, vf dy, enum boundary boundary,
                      int intervals) {
    vf v = k->v;
    vi below = _mm512_srai_epi32(vf_bits(v), 31), interval = _mm512_add_epi32(k->bits, below);
    if (boundary != TAPER) { /* at the ends, the interval inside */
        const vi knot = _mm512_and_si512(k->bits, vi_set(0xff));
        interval = _mm512_add_epi32(knot, below);
        interval = _mm512_max_epi32(_mm512_min_epi32(interval, vi_set(intervals - 1)), vi_set(0));
        v = vf_copysign(v, vf_from_bits(_mm512_sub_epi32(interval, knot)));
    }
    vf_store(stage->v + stage->filled, v);
    vf_store(stage->dy + stage->filled, dy);
    vi_store(stage->interval + stage->filled, interval);
    stage->filled += LANES;
}

/* registers: to add to, at least as many as there are coefficients. */
INLINE void sums_add_masks(const int32_t *words, enum lookup_kind kind, struct spline_sums *sums,
                           const struct spline_stage *stage, int at, int order, int registers) {
    /* u = v or 1 + v, w = 1 - v or -v: each one rounding of the distance to the nearest knot */
    const vf v = _mm512_load_ps(stage->v + at), dy = _mm512_load_ps(stage->dy + at);
    const vi below = _mm512_srai_epi32(vf_bits(v), 31), one = vf_bits(vf_set(1));
    const vf u = vf_from_bits(_mm512_and_si512(below, one)) + v;
    const vf w = vf_from_bits(_mm512_andnot_si512(below, one)) - v;
    vf b[2 * QUAD];
    spline_bases(order, u, w, b);
    for (int i = 0; i <= order; i++) b[i] = b[i] * dy;
    for (int i = order + 1; i < QUAD; i++) b[i] = vf_set(0);
    const vi interval = _mm512_load_si512(stage->interval + at), low = _mm512_loadu_si512(words);
    const vi word = kind == LOOKUP_TWO
                        ? _mm512_permutex2var_epi32(low, interval, _mm512_loadu_si512(words + LANES))
                        : _mm512_permutexvar_epi32(interval, low);
    const vm by_one = _mm512_test_epi32_mask(word, vi_set(ROTATE_ONE)),
             by_two = _mm512_test_epi32_mask(word, vi_set(ROTATE_TWO));
    vf turned[QUAD], value[QUAD];
    for (int i = 0; i < QUAD; i++) turned[i] = vf_select(by_one, b[(i + QUAD - 1) % QUAD], b[i]);
    for (int i = 0; i < QUAD; i++) value[i] = vf_select(by_two, turned[(i + 2) % QUAD], turned[i]);
    const int32_t *bits = mask_bits;
    __asm__("" : "+r"(bits));
    for (int m = 0; m < registers; m++) {
        const vm mine = _mm512_test_epi32_mask(word, vi_set(bits[m]));
        sums->lane[m] = _mm512_mask_add_ps(sums->lane[m], mine, sums->lane[m], value[m % QUAD]);
    }
}

INLINE void sums_flush_masks(const struct spline_sums *s, double *sum, int registers, int order) {
    for (int m = 0; m < registers; m++) sum[m] += (double)vf_sum(s->lane[m]) / bases_scale(order);
}

#endif

#endif
