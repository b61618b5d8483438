/* Sums for the coefficients' gradients: of a group's elements, dy B_m(x) for every coefficient m, which is a
   histogram: an element adds to the order + 1 coefficients of its interval alone.

   Every half interval has bins of moments, dy c^(k-s) a^s, where a is the distance to the nearest knot over
   h, c = 1 - a and k the order; they lie side by side and take one 16-byte addition for orders up to 3, two
   beyond. In these the bases are polynomials without a negative coefficient, so that they follow from the
   moments at the end without cancellation. Four sets of bins take the elements in turn, so that neighbours in
   the same interval do not wait for each other's stores. */
#ifndef KATUNE_BSPLINE_SUMS_H
#define KATUNE_BSPLINE_SUMS_H

#include "bspline.h"

enum {
    BIN_SETS = 4,
    /* A group's other sums in double, which a segment adds to. */
    SUM_BASE = 0, /* dy silu(x) */
    SUM_BELOW,    /* dy (x - lo), where x is below, and */
    SUM_ABOVE,    /* dy (x - hi), where x is above, for LINEAR */
    SUM_COUNT = 8 /* a cache line */
};

typedef float quad
    __attribute__((vector_size(QUAD * sizeof(float)), aligned(QUAD * sizeof(float)), may_alias));

/* What a segment adds to. */
struct spline_sums {
    vf base, below, above;
} __attribute__((aligned(64))); /* what follows in scratch is aligned, too */

/* Quads of the order + 1 values of an element. */
static inline int spline_quads(int order) {
    return (order + QUAD) / QUAD;
}

static inline size_t bins_bytes(const struct problem *p) {
    return (size_t)(2 * spline_entries(p) * BIN_SETS * spline_quads(p->order)) * sizeof(quad);
}

/* Moments on their way to the bins, a vector's a slot. They go through memory, where loads and stores have
   ports of their own: to take them out of the registers one by one would cost some sixty shuffles a vector.
   And they wait for some vectors to pass, since a load of a part of what was just stored waits for the whole:
   28 cycles a vector instead of 60 (Zen 4). */
enum { WAIT_SLOTS = LANES > 1 ? 8 : 1 };

struct spline_wait {
    struct wait_slot {
        float part[2][QUAD * LANES] __attribute__((aligned(64)));
        int32_t offset[LANES] __attribute__((aligned(64))); /* bytes into bins */
        float *bins;
    } slot[WAIT_SLOTS];
    unsigned put;
};

/* Nothing waits; `bins` are any that zeros may be added to. */
static inline void wait_start(struct spline_wait *w, float *bins) {
    memset(w, 0, sizeof *w);
    for (int i = 0; i < WAIT_SLOTS; i++) w->slot[i].bins = bins;
}

/* Adds what a slot holds to its bins. Two offsets are loaded at once: a load of less is slower still. */
INLINE void wait_take(const struct wait_slot *s, int quads) {
    for (int l = 0; l < LANES; l++) {
        uint64_t both = (uint32_t)s->offset[l];
        if (LANES > 1) memcpy(&both, &s->offset[l & ~1], sizeof both);
        const size_t offset = LANES > 1 && l % 2 ? both >> 32 : (uint32_t)both;
        quad *const bin = (quad *)((char *)s->bins + offset) + l % BIN_SETS * quads;
        for (int q = 0; q < quads; q++)
            bin[q] += *(const quad *)(s->part[q] + l % QUAD * LANES + l / QUAD * QUAD);
    }
}

/* What is still waiting. */
static inline void wait_end(struct spline_wait *w, int quads) {
    for (unsigned i = 0; i < WAIT_SLOTS; i++) wait_take(&w->slot[(w->put + i) % WAIT_SLOTS], quads);
}

/* An element's moments; m holds dy and zeros. For cubics 1 and a^2 take the place of c^2 a and c a^2, which
   costs six products instead of nine: only the bases that vanish at an end have to be kept from cancellation.
 */
INLINE void spline_moments(vf dy, vf a, vf c, int order, vf m[2 * QUAD]) {
    if (order == 3) {
        m[0] = dy * c * (c * c), m[2] = dy * a * a, m[3] = m[2] * a, m[1] = dy;
        return;
    }
    for (int d = 1; d <= order; d++) {
        m[d] = m[d - 1] * a;
        for (int s = 0; s < d; s++) m[s] = m[s] * c;
    }
}

/* An element's moments, of which the slot that has waited longest makes room. */
INLINE void sums_add(struct spline_wait *w, float *bins, const struct vknot *k, vf dy, int order) {
    struct wait_slot *const s = &w->slot[w->put++ % WAIT_SLOTS];
    const int quads = spline_quads(order);
    wait_take(s, quads);
    const vf a = vf_abs(k->v);
    vf m[2 * QUAD] = {dy};
    spline_moments(dy, a, vf_set(1) - a, order, m);
    for (int q = 0; q < quads; q++) {
#if defined __AVX2__
        vf_transpose4(m + q * QUAD);
#endif
        for (int i = 0; i < QUAD; i++) vf_store(s->part[q] + i * LANES, m[q * QUAD + i]);
    }
    vi_store(s->offset, spline_half(k, quads == 2 ? 7 : 6)); /* 64 or 128 bytes: BIN_SETS x quads */
    s->bins = bins;
}

/* The bases of the interval in terms of the moments: B_i = sum_s t[i][s] w^(k-s) u^s; for cubics of w^3, 1,
   u^2 and u^3, u not beyond 1/2. */
static inline struct spline_basis moment_basis(int order) {
    if (order == 3)
        return (struct spline_basis){
            {{1.0 / 6}, {0, 2.0 / 3, -1, 1.0 / 2}, {-1.0 / 6, 1.0 / 3, 1, -2.0 / 3}, {0, 0, 0, 1.0 / 6}}};
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

#endif
