#include "inputs.h"

#include <math.h>
#include <stddef.h>

#include "convert.h"

/* A counter-based generator: the splitmix64 finaliser over seed, tensor and index. */
static uint64_t mix(uint64_t z) {
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

struct stream {
    uint64_t key;
};

static struct stream stream_of(uint64_t seed, enum tensor t) {
    return (struct stream){mix(mix(seed) ^ (uint64_t)t)};
}

/* The draw-th of the random numbers that belong to an index. */
static uint64_t stream_bits(struct stream s, int64_t index, int draw) {
    return mix(mix(s.key + (uint64_t)index) + (uint64_t)draw);
}

/* In (0, 1). */
static double stream_unit(struct stream s, int64_t index, int draw) {
    return ((double)(stream_bits(s, index, draw) >> 11) + 0.5) * 0x1p-53;
}

static double stream_normal(struct stream s, int64_t index, int draw) {
    const double two_pi = 6.283185307179586;
    return sqrt(-2 * log(stream_unit(s, index, draw))) * cos(two_pi * stream_unit(s, index, draw + 1));
}

/* Released KATs start act2 from these, a fit of swish in form A (Adamdad/rational_kat_cu, "swish"). */
static const double swish_num[6] = {3.054879741161051e-07, 0.5000007853744493,   0.24999783422824703,
                                    0.05326628273219478,   0.005803034571292244, 0.0002751961022402342};
static const double swish_den[4] = {-4.111554955950634e-06, 0.10652899335007572, -1.2690007399796238e-06,
                                    0.0005502331264140556};

/* Swish's coefficients disturbed from group to group; degrees it lacks get small ones that fall with the
   degree. */
static void num_fill(const struct problem *p, struct stream s, float *out) {
    for (int64_t i = 0; i < shape_count(tensor_shape(p, T_NUM)); i++) {
        const int degree = (int)(i % (p->m + 1));
        const double base = degree < 6 ? swish_num[degree] : 0, spread = 0.2 * exp2(-2 * degree);
        out[i] = (float)(base * (1 + 0.1 * stream_normal(s, i, 2)) + spread * stream_normal(s, i, 0));
    }
}

static void den_fill(const struct problem *p, struct stream s, float *out) {
    for (int64_t i = 0; i < shape_count(tensor_shape(p, T_DEN)); i++) {
        const int degree = (int)(i % p->n) + 1;
        const double base = degree <= 4 ? swish_den[degree - 1] : 0, spread = 0.2 * exp2(-2 * degree);
        out[i] = (float)(base * (1 + 0.1 * stream_normal(s, i, 2)) + spread * stream_normal(s, i, 0));
    }
}

static void spline_fill(const struct problem *p, enum tensor t, struct stream s, float *out) {
    const double mean = t == T_COEF ? 0 : 1, spread = t == T_COEF ? 0.5 : 0.2;
    for (int64_t i = 0; i < shape_count(tensor_shape(p, t)); i++)
        out[i] = (float)(mean + spread * stream_normal(s, i, 0));
}

/* What x ranges over: the grid, or [-3, 3] for operations that have none. */
struct range {
    double lo, hi;
    bool grid;
};

static bool has_grid(const struct problem *p) {
    return p->op == BSPLINE_FWD || p->op == BSPLINE_BWD;
}

static bool has_powers(const struct problem *p) {
    return p->op == RATIONAL_FWD || p->op == RATIONAL_BWD;
}

static struct range range_of(const struct problem *p) {
    return has_grid(p) ? (struct range){p->lo, p->hi, true} : (struct range){-3, 3, false};
}

static double normal_x(const struct range *r, struct stream s, int64_t i) {
    const double z = stream_normal(s, i, 0);
    return r->grid ? (r->lo + r->hi) / 2 + (r->hi - r->lo) / 2 * z : z;
}

static double uniform_x(const struct range *r, struct stream s, int64_t i) {
    return r->lo + (r->hi - r->lo) * stream_unit(s, i, 0);
}

static double onebin_x(const struct problem *p, const struct range *r, struct stream s, int64_t i) {
    if (!r->grid) return 0.25 + 0.25 * stream_unit(s, i, 0);
    const double h = (r->hi - r->lo) / p->grid;
    return r->lo + h * (p->grid / 2 + 0.01 + 0.98 * stream_unit(s, i, 0)); /* clear of both knots */
}

/* Up to two widths beyond either end, further than any base reaches. */
static double oob_x(const struct range *r, struct distribution d, struct stream s, int64_t i) {
    if (stream_unit(s, i, 2) * 100 >= d.percent) return uniform_x(r, s, i);
    const double beyond = 2 * (r->hi - r->lo) * stream_unit(s, i, 0);
    return stream_bits(s, i, 3) & 1 ? r->hi + beyond : r->lo - beyond;
}

/* Large enough to matter, and such that no power or product that a float32 evaluation of a rational needs
   overflows: x^(2 degree) stays below 2^120. */
static double large_x(const struct problem *p) {
    double exponent = has_powers(p) ? fmin(20, floor(60.0 / fmax(p->m, p->n))) : 60;
    if (p->dtype == F16) exponent = fmin(exponent, 14);
    return exp2(exponent);
}

static double denormal_of(enum dtype dtype, int k) {
    return (dtype == F16 ? 0x1p-24 : dtype == BF16 ? 0x1p-133 : 0x1p-149) * k;
}

static double special_x(const struct problem *p, const struct range *r, struct stream s, int64_t i) {
    if (i % 2) return normal_x(r, s, i);
    const double large = large_x(p);
    const double values[] = {0.0,   -0.0,  denormal_of(p->dtype, 1), -denormal_of(p->dtype, 77), r->lo, r->hi,
                             large, -large};
    return values[stream_bits(s, i, 4) % (sizeof values / sizeof *values)];
}

/* A small number rather than a denormal: a product of two factors in any kernel may fall below float32
   before a third brings it back, and an operation's scale does not know of that. */
static double special_dy(const struct problem *p, struct stream s, int64_t i) {
    const double values[] = {0.0, -0.0, p->dtype == F16 ? 0x1p-14 : 0x1p-100, 1024, -1024};
    return i % 3 ? stream_normal(s, i, 0) : values[stream_bits(s, i, 4) % (sizeof values / sizeof *values)];
}

static double draw_x(const struct problem *p, const struct range *r, struct distribution d, struct stream s,
                     int64_t i) {
    switch (d.kind) {
    case DIST_NORMAL: return normal_x(r, s, i);
    case DIST_UNIFORM: return uniform_x(r, s, i);
    case DIST_ONEBIN: return onebin_x(p, r, s, i);
    case DIST_OOB: return oob_x(r, d, s, i);
    case DIST_SPECIAL: return special_x(p, r, s, i);
    }
    return 0;
}

/* Form B: whether sum b_i x^i is so near a root other than 0 that its sign hangs on rounding. */
static bool near_root(const struct problem *p, const float *den, double x) {
    double sum = 0, terms = 0, power = 1;
    for (int i = 0; i < p->n; i++) {
        power *= x;
        sum += den[i] * power;
        terms += fabs(den[i] * power);
    }
    return x != 0 && (fabs(sum) < 1e-4 * terms || fabs(sum) < 1e-30);
}

/* Splines: whether x is so near a point where the derivative jumps, and not on it exactly, that its interval
   hangs on rounding. Those are the knots for order 1, and the grid's ends unless the bases run out smoothly.
 */
static bool near_knot(const struct problem *p, double x) {
    if (p->order > 1 && p->boundary == TAPER) return false;
    const double h = ((double)p->hi - p->lo) / p->grid, at = (x - p->lo) / h, knot = nearbyint(at);
    if (p->order > 1 && knot != 0 && knot != p->grid) return false;
    if (knot < -p->order || knot > p->grid + p->order) return false;
    const float step = (p->hi - p->lo) / (float)p->grid, inverse = 1 / step;
    const bool exact = at == knot && ((float)x - p->lo) * inverse == (float)knot && (double)step == h;
    return !exact && fabs(at - knot) < 1e-5 * (p->grid + fabs(p->lo / h) + 1);
}

static bool unsure(const struct problem *p, const float *den, double x) {
    if (has_powers(p)) return p->form == 'B' && near_root(p, den, x);
    return has_grid(p) && near_knot(p, x);
}

static void x_fill(const struct problem *p, struct stream s, struct distribution d,
                   const float *const params[TENSOR_COUNT], float *out) {
    const struct range r = range_of(p);
    const int64_t width = channels_per_group(p);
    for (int64_t i = 0; i < problem_elements(p); i++) {
        const int64_t group = i % p->channels / width;
        const float *const den =
            has_powers(p) ? params[T_DEN] + (p->den_groups > 1 ? group : 0) * p->n : NULL;
        float x = dtype_round((float)draw_x(p, &r, d, s, i), p->dtype);
        for (int try = 0; unsure(p, den, x) && try < 16; try++)
            x = try < 15 ? dtype_round(x + (float)((r.hi - r.lo) * 0x1p-9 * (1 + try)), p->dtype) : 0;
        out[i] = x;
    }
}

static void dy_fill(const struct problem *p, struct stream s, struct distribution d, float *out) {
    for (int64_t i = 0; i < problem_elements(p); i++) {
        const double dy = d.kind == DIST_SPECIAL ? special_dy(p, s, i) : stream_normal(s, i, 0);
        out[i] = dtype_round((float)dy, p->dtype);
    }
}

void input_fill(const struct problem *p, enum tensor t, uint64_t seed, struct distribution d,
                const float *const params[TENSOR_COUNT], float *out) {
    const struct stream s = stream_of(seed, t);
    switch (t) {
    case T_X: x_fill(p, s, d, params, out); break;
    case T_NUM: num_fill(p, s, out); break;
    case T_DEN: den_fill(p, s, out); break;
    case T_DY: dy_fill(p, s, d, out); break;
    default: spline_fill(p, t, s, out); break;
    }
}
