/* Sums for the coefficients' gradients: of a group's elements, dy B_m(x) for every coefficient m, which is a
   histogram: an element adds to the order + 1 coefficients of its interval alone. Two ways.

   SUMS_BINS: every half interval has bins of moments, dy c^(k-s) a^s, where a is the distance to the nearest
   knot over h, c = 1 - a and k the order; they lie side by side and take one 16-byte addition for orders up
   to 3, two beyond. In these the bases are polynomials without a negative coefficient, so that they follow
   from the moments at the end without cancellation. Four sets of bins take the elements in turn, so that
   neighbours in the same interval do not wait for each other's stores.

   SUMS_LANES (avx512): a register holds the sums of all coefficients, up to 16. An element's dy B, side by
   side in a 128-bit part after a transposition, are moved to the lanes of their coefficients by a
   permutation, zeros to the others; its control word comes from a table by half interval. No memory is
   written, so that nothing depends on whether neighbours share an interval. Four such registers take the
   elements in turn.

   SUMS_MASKS (avx512): bspline_masks.h. */
#ifndef KATUNE_BSPLINE_SUMS_H
#define KATUNE_BSPLINE_SUMS_H

#include "bspline.h"

enum sums_kind { SUMS_BINS, SUMS_LANES, SUMS_MASKS };

enum {
    BIN_SETS = 4,
    SUM_LANES = 16,
    /* A group's sums in double, which a segment adds to. */
    SUM_BASE = SUM_LANES, /* dy silu(x) */
    SUM_BELOW,            /* dy (x - lo), where x is below, and */
    SUM_ABOVE,            /* dy (x - hi), where x is above, for LINEAR */
    SUM_COUNT = 24
};

typedef float quad
    __attribute__((vector_size(QUAD * sizeof(float)), aligned(QUAD * sizeof(float)), may_alias));

/* What a segment adds to. */
struct spline_sums {
    vf lane[SUM_LANES];
    vf base, below, above;
} __attribute__((aligned(64))); /* what follows in scratch is aligned, too */

/* Quads of the order + 1 values of an element. */
static inline int spline_quads(int order) {
    return (order + QUAD) / QUAD;
}

static inline size_t bins_bytes(const struct problem *p) {
    return (size_t)(2 * spline_knots(p) * BIN_SETS * spline_quads(p->order)) * sizeof(quad);
}

/* What the bases of spline_bases() are larger by. */
INLINE double bases_scale(int order) {
    return order == 3 ? 6 : 1;
}

/* The order + 1 bases that live on an interval, of a point u h beyond its lower end and w = 1 - u, times
   bases_scale(). */
INLINE void spline_bases(int order, vf u, vf w, vf b[ORDER_MAX + 1]) {
    if (order == 3) {
        const vf u2 = u * u, w2 = w * w, three = vf_set(3), four = vf_set(4);
        b[0] = w2 * w, b[3] = u2 * u;
        b[1] = vf_fma(u2, vf_fma(u, three, vf_set(-6)), four);
        b[2] = vf_fma(w2, vf_fma(w, three, vf_set(-6)), four);
        return;
    }
    /* Cox-de Boor, every term positive */
    b[0] = vf_set(1);
    for (int d = 1; d <= order; d++) {
        vf saved = vf_set(0);
        for (int i = 0; i < d; i++) {
            const vf part = b[i] * vf_set(1.0f / (float)d);
            b[i] = vf_fma(w + vf_set((float)i), part, saved);
            saved = (u + vf_set((float)(d - 1 - i))) * part;
        }
        b[d] = saved;
    }
}

/* Adds part s, s = 4 q .. 4 q + 3, of every lane's moments to bins that begin `offset` bytes into `bins`. The
   parts go through memory, and the empty asm keeps the compiler from taking them out of the registers one by
   one: that would cost some sixty shuffles a vector, where loads and stores have ports of their own. */
INLINE void bins_add(float *bins, const int32_t offset[LANES], int quads, int q, vf v[QUAD]) {
    float part[QUAD * LANES] __attribute__((aligned(64)));
#if defined __AVX2__
    vf_transpose4(v);
#endif
    for (int i = 0; i < QUAD; i++) vf_store(part + i * LANES, v[i]);
    __asm__("" : "+m"(part));
    for (int l = 0; l < LANES; l++) {
        quad *const bin = (quad *)((char *)bins + offset[l]) + l % BIN_SETS * quads + q;
        *bin += *(const quad *)(part + l % QUAD * LANES + l / QUAD * QUAD);
    }
}

INLINE void sums_add_bins(float *bins, const struct vknot *k, vf dy, int order) {
    const int quads = spline_quads(order);
    const vf a = vf_abs(k->v), c = vf_set(1) - a;
    vf m[2 * QUAD] = {dy};
    for (int d = 1; d <= order; d++) {
        m[d] = m[d - 1] * a;
        for (int s = 0; s < d; s++) m[s] = m[s] * c;
    }
    for (int s = order + 1; s < quads * QUAD; s++) m[s] = vf_set(0);
    int32_t offset[LANES] __attribute__((aligned(64)));
    vi_store(offset, vi_mul(spline_half(k), vi_set(BIN_SETS * quads * (int)sizeof(quad))));
    __asm__("" : "+m"(offset));
    bins_add(bins, offset, quads, 0, m);
    if (quads == 2) bins_add(bins, offset, 2, 1, m + QUAD);
}

/* The bases of the interval in terms of the moments: B_i = sum_s t[i][s] w^(k-s) u^s. */
static inline struct spline_basis moment_basis(int order) {
    struct spline_basis basis = {{{0}}};
    double(*const t)[ORDER_MAX + 1] = basis.t;
    t[0][0] = 1;
    for (int d = 1; d <= order; d++) {
        double saved[ORDER_MAX + 1] = {0};
        for (int i = 0; i < d; i++) {
            double part[ORDER_MAX + 1];
            for (int s = 0; s <= order; s++) part[s] = t[i][s] / d;
            for (int s = 0; s <= order; s++) { /* w + i = (1 + i) w + i u, u + j = (1 + j) u + j w */
                const double before = s ? part[s - 1] : 0;
                const int j = d - 1 - i;
                t[i][s] = saved[s] + (1 + i) * part[s] + i * before;
                saved[s] = (1 + j) * before + j * part[s];
            }
        }
        memcpy(t[d], saved, sizeof saved);
    }
    return basis;
}

/* Adds to sum_m a group's bins. */
static inline void bins_fold(const struct problem *p, const struct spline_basis *basis, const float *bins,
                             double *sum) {
    const int order = p->order, quads = spline_quads(order);
    for (int half = 0; half < 2 * spline_knots(p); half++) {
        const float *const bin = bins + half * BIN_SETS * quads * QUAD;
        double moment[ORDER_MAX + 1] = {0};
        for (int s = 0; s <= order; s++)
            for (int set = 0; set < BIN_SETS; set++) moment[s] += (double)bin[set * quads * QUAD + s];
        int interval;
        const int below = half_interval(p, half, &interval);
        for (int i = 0; i <= order; i++) {
            const int m = interval + i;
            if (m < 0 || m >= coef_count(p)) continue;
            for (int s = 0; s <= order; s++) sum[m] += basis->t[below ? order - i : i][s] * moment[s];
        }
    }
}

#if defined __AVX512F__

enum { CONTROL_HALVES = 64, CONTROL_BYTES = CONTROL_HALVES * QUAD * 64 };

/* Control words by half interval and 128-bit part: lane m takes the value of coefficient m out of the part of
   a first register, the fifth and further values out of a second one; the others a zero out of the second.
 */
static inline void control_fill(const struct problem *p, int32_t *control) {
    for (int half = 0; half < 2 * spline_knots(p); half++) {
        int interval;
        const int below = half_interval(p, half, &interval);
        for (int part = 0; part < QUAD; part++) {
            int32_t *const word = control + (half * QUAD + part) * SUM_LANES;
            for (int m = 0; m < SUM_LANES; m++) {
                const int i = below ? interval + p->order - m : m - interval;
                const int used = m < coef_count(p) && i >= 0 && i <= p->order;
                const int from = used ? i : 2 * QUAD - 1;
                word[m] = from / QUAD * LANES + part * QUAD + from % QUAD;
            }
        }
    }
}

INLINE void sums_add_lanes(const void *control, struct spline_sums *sums, const struct vknot *k, vf dy,
                           int order) {
    const vf a = vf_abs(k->v);
    vf b[2 * QUAD];
    spline_bases(order, a, vf_set(1) - a, b);
    for (int i = 0; i <= order; i++) b[i] = b[i] * dy;
    for (int i = order + 1; i < 2 * QUAD; i++) b[i] = vf_set(0);
    vf_transpose4(b);
    if (order >= QUAD) vf_transpose4(b + QUAD);
    /* 512 bytes a knot, of which the half below, where v has its sign bit, is the second part */
    uint32_t offset[LANES] __attribute__((aligned(64)));
    const vi knot = _mm512_and_si512(vi_shift(k->bits, 9), vi_set(CONTROL_BYTES - 512));
    const vi below = _mm512_srli_epi32(vf_bits(k->v), 23);
    vi_store((int32_t *)offset, _mm512_ternarylogic_epi32(knot, below, vi_set(256), 0xf8)); /* a | b & c */
    __asm__("" : "+m"(offset));
    for (int l = 0; l < LANES; l++) {
        const char *const at = (const char *)control + offset[l] + l / QUAD * 64;
        const vi word = _mm512_load_si512(at);
        sums->lane[l / QUAD] +=
            _mm512_permutex2var_ps(b[l % QUAD], word, order >= QUAD ? b[QUAD + l % QUAD] : vf_set(0));
    }
}

INLINE void sums_flush_lanes(const struct spline_sums *s, double *sum, int order) {
    const vf total = (s->lane[0] + s->lane[1]) + (s->lane[2] + s->lane[3]);
    float part[SUM_LANES];
    vf_store(part, total);
    for (int m = 0; m < SUM_LANES; m++) sum[m] += (double)part[m] / bases_scale(order);
}

#endif

#endif
