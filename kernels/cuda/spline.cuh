/* B-splines on uniform knots, on the device: where x lies, the local bases there, and tables of powers.

   The grid is known when the kernel is compiled, so its constants are worked out in double precision by the
   compiler. As on the CPU, knots are counted from the one nearest to 0, t_J = r + J h with |r| <= h/2, so
   that x - J h is one rounding of a small number, and distances are taken to the *nearest* knot: there a
   basis vanishes like a power of that distance, which a fraction counted from an interval's left end would
   know only to 2^-24 of the interval. */
#pragma once

constexpr int BASES = GRID + ORDER;
constexpr bool TAPERED = BOUNDARY == TAPER, CLAMPED = BOUNDARY == CLAMP, LINEARISED = BOUNDARY == LINEAR;
/* Knots beyond the grid on either side, where a taper runs out. */
constexpr int BEYOND = TAPERED ? ORDER : 0;

struct spline_grid {
    double h, origin, r; /* origin: the index of knot J = 0, lo being 0 */
};

constexpr __host__ __device__ spline_grid spline_grid_make() {
    spline_grid g{};
    g.h = ((double)HI - (double)LO) / GRID;
    const double from_lo = -(double)LO / g.h;
    g.origin = (double)(long long)(from_lo < 0 ? from_lo - 0.5 : from_lo + 0.5);
    g.r = (double)LO + g.origin * g.h;
    return g;
}

constexpr double SPLINE_H = spline_grid_make().h, SPLINE_ORIGIN = spline_grid_make().origin,
                 SPLINE_R = spline_grid_make().r;
constexpr float STEP = (float)SPLINE_H, STEP_REST = (float)(SPLINE_H - (double)STEP);
constexpr float SHIFT = (float)SPLINE_R, SHIFT_REST = (float)(SPLINE_R - (double)SHIFT);
constexpr float INVERSE_STEP = (float)(1 / SPLINE_H), OFFSET = (float)(SPLINE_R / SPLINE_H);
constexpr int KNOT_FIRST = -BEYOND - (int)SPLINE_ORIGIN, KNOT_LAST = GRID + BEYOND - (int)SPLINE_ORIGIN;
constexpr int KNOTS = KNOT_LAST - KNOT_FIRST + 1;
/* A taper's x is clamped a quarter of a step beyond the last knot, where every basis is 0. */
constexpr float X_FIRST = TAPERED ? (float)((double)LO - (BEYOND + 0.25) * SPLINE_H) : LO;
constexpr float X_LAST = TAPERED ? (float)((double)HI + (BEYOND + 0.25) * SPLINE_H) : HI;

/* The nearest knot, counted from the first, and the signed distance to it over h. */
struct spline_knot {
    int index; /* 0 .. KNOTS - 1 */
    float v;
};

__device__ __forceinline__ float spline_clamp(float x) {
    return fminf(fmaxf(x, X_FIRST), X_LAST);
}

/* x clamped; only a linear continuation takes x as it is. */
__device__ __forceinline__ spline_knot spline_nearest(float x) {
    const float magic = 12582912.0f; /* 1.5 2^23: adding it rounds to a whole number */
    float f = fmaf(x, INVERSE_STEP, -OFFSET);
    if constexpr (LINEARISED) f = fminf(fmaxf(f, (float)KNOT_FIRST), (float)KNOT_LAST);
    const float rounded = f + magic, j = rounded - magic;
    float distance = fmaf(-j, STEP, x);
    if constexpr (SHIFT != 0) distance -= SHIFT;
    if constexpr (STEP_REST != 0)
        distance -= fmaf(j, STEP_REST, SHIFT_REST);
    else if constexpr (SHIFT_REST != 0)
        distance -= SHIFT_REST;
    return {__float_as_int(rounded) - (__float_as_int(magic) + KNOT_FIRST), distance * INVERSE_STEP};
}

/* The interval that clamped x lies in, counted from the one that begins at the first knot (for a taper also
   one before and one after, where every basis is 0), and the distances to its ends over h, each of full
   relative accuracy. x = hi is the end of the last interval. */
struct spline_place {
    int interval;
    float u, w; /* u + w = 1 */
};

__device__ __forceinline__ spline_place spline_place_of(const spline_knot &k) {
    bool left = k.v < 0;
    if constexpr (!TAPERED) left = (left && k.index > 0) || k.index == KNOTS - 1;
    spline_place p;
    p.interval = k.index - left;
    p.u = left ? 1 + k.v : k.v;
    p.w = left ? -k.v : 1 - k.v;
    return p;
}

/* For a taper interval -1 .. KNOTS - 1, else 0 .. GRID - 1; the bases of interval j are j - BEYOND + 0 ..
   ORDER. Bins and coefficients with room for those that do not exist: entry j + BIN_FIRST + i. */
constexpr int BIN_FIRST = TAPERED ? 1 : 0;
constexpr int INTERVALS = TAPERED ? KNOTS + 1 : GRID;
constexpr int BINS = INTERVALS + ORDER;
/* The basis of a bin, which exists if it is 0 .. BASES - 1. */
__device__ __forceinline__ constexpr int bin_basis(int bin) {
    return bin - BIN_FIRST - BEYOND;
}

/* The ORDER + 1 bases that live on an interval: by closed form for cubics, else by Cox and de Boor's
   recursion with every term positive. */
template <int K> __device__ __forceinline__ void spline_bases(float u, float w, float *b) {
    if constexpr (K == 3) {
        const float u2 = u * u, w2 = w * w;
        b[0] = w2 * w * (1.0f / 6);
        b[3] = u2 * u * (1.0f / 6);
        b[1] = fmaf(u2, fmaf(u, 0.5f, -1.0f), 2.0f / 3);
        b[2] = fmaf(w2, fmaf(w, 0.5f, -1.0f), 2.0f / 3);
    } else {
        b[0] = 1;
#pragma unroll
        for (int d = 1; d <= K; d++) {
            float saved = 0;
#pragma unroll
            for (int i = 0; i < d; i++) {
                const float part = b[i] * (1.0f / (float)d);
                b[i] = fmaf(w + (float)i, part, saved);
                saved = (u + (float)(d - 1 - i)) * part;
            }
            b[d] = saved;
        }
    }
}

/* Their derivatives by u: B_i' = B_(i-1),(k-1) - B_i,(k-1). */
template <int K> __device__ __forceinline__ void spline_slopes(float u, float w, float *d) {
    if constexpr (K == 3) {
        d[0] = w * w * -0.5f;
        d[3] = u * u * 0.5f;
        d[1] = u * fmaf(u, 1.5f, -2.0f);
        d[2] = -w * fmaf(w, 1.5f, -2.0f);
    } else {
        spline_bases<K - 1>(u, w, d);
        d[K] = d[K - 1];
#pragma unroll
        for (int i = K - 1; i >= 1; i--) d[i] = d[i - 1] - d[i];
        d[0] = -d[0];
    }
}

/* A bin's coefficient times `scale`, 0 where there is none. */
__device__ __forceinline__ float spline_coef_bin(const float *coef, float scale, int bin) {
    const int m = bin_basis(bin);
    return m >= 0 && m < BASES ? coef[m] * scale : 0;
}

/* All bins' coefficients. All threads of the block take part; the caller synchronises. */
__device__ __forceinline__ void spline_coef_bins(float *bins, const float *coef, float scale) {
    for (int bin = (int)threadIdx.x; bin < BINS; bin += (int)blockDim.x)
        bins[bin] = spline_coef_bin(coef, scale, bin);
}

/* The spline at x by its local bases; lookup(bin) gives a coefficient. */
template <class LOOKUP> __device__ __forceinline__ float spline_local(float x, LOOKUP lookup) {
    const float clamped = spline_clamp(x);
    const spline_place at = spline_place_of(spline_nearest(clamped));
    const int first = at.interval + BIN_FIRST;
    float b[ORDER + 1], c[ORDER + 1], sum = 0;
    spline_bases<ORDER>(at.u, at.w, b);
#pragma unroll
    for (int i = 0; i <= ORDER; i++) {
        c[i] = lookup(first + i);
        sum = fmaf(c[i], b[i], sum);
    }
    if (LINEARISED && x != clamped) {
        float d[ORDER + 1], slope = 0;
        spline_slopes<ORDER>(at.u, at.w, d);
#pragma unroll
        for (int i = 0; i <= ORDER; i++) slope = fmaf(c[i], d[i], slope);
        sum = fmaf((x - clamped) * INVERSE_STEP, slope, sum);
    }
    return sum;
}

/* ---- powers: every half interval has the polynomial of its interval in powers of the distance v to its
   knot; half 2 J is the one below knot J, 2 J + 1 the one above. ---- */

constexpr int HALVES = 2 * KNOTS;

/* t[end][i][q] = B_i^(q)(u) / q! at u = end, which is 0 or 1. */
struct spline_taylor {
    double t[2][ORDER + 1][ORDER + 1];
};

constexpr __host__ __device__ spline_taylor spline_taylor_make() {
    spline_taylor all{};
    for (int end = 0; end < 2; end++) {
        auto &t = all.t[end];
        const double u = end, w = 1 - end;
        t[0][0] = 1;
        for (int d = 1; d <= ORDER; d++) {
            double saved[ORDER + 1]{};
            for (int i = 0; i < d; i++) {
                double part[ORDER + 1]{};
                for (int q = 0; q <= ORDER; q++) part[q] = t[i][q] / d;
                for (int q = 0; q <= ORDER; q++) { /* (w + i) falls, (u + d - 1 - i) rises by 1 a unit of u */
                    const double before = q ? part[q - 1] : 0;
                    t[i][q] = saved[q] + (w + i) * part[q] - before;
                    saved[q] = (u + d - 1 - i) * part[q] + before;
                }
            }
            for (int q = 0; q <= ORDER; q++) t[d][q] = saved[q];
        }
    }
    return all;
}

/* The interval whose polynomial holds on a half, and at which of its ends the knot is. Beyond the grid: -1
   for a taper's outermost halves; for the others the polynomial of the interval inside, around the same knot.
 */
struct spline_half {
    int interval; /* of the grid, 0 .. GRID - 1 inside it */
    bool at_end, outside;
};

__device__ __forceinline__ spline_half spline_half_of(int half) {
    const int knot = half / 2 - BEYOND;
    const bool above = half & 1;
    spline_half s = {above ? knot : knot - 1, !above, false};
    s.outside = s.interval < 0 || s.interval >= GRID;
    if (!TAPERED && s.outside) {
        s.interval = above ? knot - 1 : knot;
        s.at_end = above;
    }
    return s;
}

/* Fills rows q = FIRST .. ORDER of a table (row length HALVES, at table[(q - FIRST) * HALVES]) with the
   factors of v^q, times q if SLOPE, times `scale`. All threads of the block take part; the caller
   synchronises. */
template <bool SLOPE>
__device__ __forceinline__ void spline_power_table(float *table, const float *coef, float scale) {
    constexpr spline_taylor taylor = spline_taylor_make();
    constexpr int FIRST = SLOPE ? 1 : 0;
    for (int half = (int)threadIdx.x; half < HALVES; half += (int)blockDim.x) {
        const spline_half s = spline_half_of(half);
        float sum[ORDER + 1] = {};
#pragma unroll
        for (int i = 0; i <= ORDER; i++) {
            const int m = s.interval + i;
            const float c = m >= 0 && m < BASES ? coef[m] : 0;
#pragma unroll
            for (int q = FIRST; q <= ORDER; q++)
                sum[q] = fmaf(c, s.at_end ? (float)taylor.t[1][i][q] : (float)taylor.t[0][i][q], sum[q]);
        }
#pragma unroll
        for (int q = FIRST; q <= ORDER; q++) {
            float value = sum[q] * (SLOPE ? scale * (float)q : scale);
            if (s.outside && LINEARISED && q > 1) value = 0;
            table[(q - FIRST) * HALVES + half] = value;
        }
    }
}

/* Which half clamped x lies on, and the distance to its knot. */
__device__ __forceinline__ int spline_half_at(const spline_knot &k) {
    return 2 * k.index + (k.v >= 0);
}

/* Horner's rule over rows FIRST .. ORDER of a table. */
template <int ROWS_USED>
__device__ __forceinline__ float spline_horner(const float *table, int half, float v) {
    float sum = table[(ROWS_USED - 1) * HALVES + half];
#pragma unroll
    for (int q = ROWS_USED - 2; q >= 0; q--) sum = fmaf(sum, v, table[q * HALVES + half]);
    return sum;
}
