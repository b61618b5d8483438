/* Sums for the coefficients' gradients on avx512, up to 16 coefficients on 16 intervals, orders up to 3: a
   register of 16 partial sums for every coefficient. The four values dy B of a lane are rotated so that value
   q belongs to a coefficient 4 j + q, by two blends each, and every coefficient's register takes one addition
   under a mask of the lanes that reach it: four masks a test of 64 bytes. No permutation across lanes and no
   memory between an element and its sums. */
#ifndef KATUNE_BSPLINE_MASKS_H
#define KATUNE_BSPLINE_MASKS_H

#include "bspline_sums.h"

/* Elements that wait for their sums, in vectors of 16; what is not one has dy 0. */
enum { STAGE_ELEMENTS = 512, STAGE_ROOM = STAGE_ELEMENTS + 2 * LANES };

struct spline_stage {
    float v[STAGE_ROOM], dy[STAGE_ROOM];
    uint8_t interval[STAGE_ROOM]; /* beyond the first and the last: one whose word in the table is 0 */
    int filled;
} __attribute__((aligned(64)));

#if defined __AVX512F__

/* Intervals that the table of SUMS_MASKS has room for. */
enum { MASK_INTERVALS = 16, MASKS_BYTES = QUAD * MASK_INTERVALS };

/* Byte i of quarter q belongs to interval i: bit j is set where coefficient 4 j + q has a base there, and
   bits 6 and 7 are by how much the bases are rotated, so that value q is of a coefficient 4 j + q. */
static inline void masks_fill(const struct problem *p, uint8_t *table) {
    const int intervals = p->grid + 2 * spline_beyond(p);
    memset(table, 0, MASKS_BYTES);
    for (int i = 0; i < intervals; i++) {
        const int first = i - spline_beyond(p); /* coefficient of the first base */
        for (int m = 0; m < coef_count(p); m++)
            if (m >= first && m <= first + p->order)
                table[m % QUAD * MASK_INTERVALS + i] |= (uint8_t)(1 << m / QUAD);
        for (int q = 0; q < QUAD; q++)
            table[q * MASK_INTERVALS + i] |= (uint8_t)((unsigned)(first & (QUAD - 1)) << 6);
    }
}

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
    _mm_storeu_si128((__m128i *)(stage->interval + stage->filled), _mm512_cvtepi32_epi8(interval));
    stage->filled += LANES;
}

/* What the bases of bases_scaled() are larger by. */
INLINE double bases_scale(int order) {
    return order == 3 ? 6 : 1;
}

INLINE void bases_scaled(int order, vf u, vf w, vf b[ORDER_MAX + 1]) {
    if (order != 3) {
        spline_bases(order, u, w, b);
        return;
    }
    const vf u2 = u * u, w2 = w * w, three = vf_set(3), six = vf_set(-6), four = vf_set(4);
    b[0] = w2 * w, b[3] = u2 * u;
    b[1] = vf_fma(u2, vf_fma(u, three, six), four);
    b[2] = vf_fma(w2, vf_fma(w, three, six), four);
}

/* sum + value where one of the mask's first 16 bits is set. Narrowing the mask in C takes it through two
   general registers. */
INLINE vf add_where(vf sum, __mmask64 mask, vf value) {
    __asm__("vaddps %2, %0, %0 %{%1%}" : "+v"(sum) : "Yk"(mask), "v"(value));
    return sum;
}

/* registers: to add to, a multiple of 4, at least as many as there are coefficients. */
INLINE void sums_add_masks(const uint8_t *table, struct spline_sums *sums, const struct spline_stage *stage,
                           int at, int order, int registers) {
    /* u = v or 1 + v, w = 1 - v or -v: each one rounding of the distance to the nearest knot */
    const vf v = _mm512_load_ps(stage->v + at), dy = _mm512_load_ps(stage->dy + at);
    const vi below = _mm512_srai_epi32(vf_bits(v), 31), one = vf_bits(vf_set(1));
    const vf u = vf_from_bits(_mm512_and_si512(below, one)) + v;
    const vf w = vf_from_bits(_mm512_andnot_si512(below, one)) - v;
    vf b[2 * QUAD];
    bases_scaled(order, u, w, b);
    for (int i = 0; i <= order; i++) b[i] = b[i] * dy;
    for (int i = order + 1; i < QUAD; i++) b[i] = vf_set(0);
    const vi reach =
        _mm512_shuffle_epi8(_mm512_loadu_si512(table),
                            _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(stage->interval + at))));
    const vm by_one = (vm)_mm512_test_epi8_mask(reach, _mm512_set1_epi8(1 << 6)),
             by_two = (vm)_mm512_test_epi8_mask(reach, _mm512_set1_epi8((char)(1 << 7)));
    vf turned[QUAD], value[QUAD];
    for (int i = 0; i < QUAD; i++) turned[i] = vf_select(by_one, b[(i + QUAD - 1) % QUAD], b[i]);
    for (int i = 0; i < QUAD; i++) value[i] = vf_select(by_two, turned[(i + 2) % QUAD], turned[i]);
    for (int m = 0; m < registers; m += QUAD) {
        const __mmask64 four = _mm512_test_epi8_mask(reach, _mm512_set1_epi8((char)(1 << m / QUAD)));
        sums->lane[m] = add_where(sums->lane[m], four, value[0]);
        sums->lane[m + 1] = add_where(sums->lane[m + 1], _kshiftri_mask64(four, 16), value[1]);
        sums->lane[m + 2] = add_where(sums->lane[m + 2], _kshiftri_mask64(four, 32), value[2]);
        sums->lane[m + 3] = add_where(sums->lane[m + 3], _kshiftri_mask64(four, 48), value[3]);
    }
}

INLINE void sums_flush_masks(const struct spline_sums *s, double *sum, int registers, int order) {
    for (int m = 0; m < registers; m++) sum[m] += (double)vf_sum(s->lane[m]) / bases_scale(order);
}

#endif

#endif
