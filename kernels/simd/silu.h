/* exp, silu and its derivative on vectors, relative error a few units in the last place down to the
 * denormals. */
#ifndef KATUNE_SILU_H
#define KATUNE_SILU_H

#include "vec.h"

/* exp(a) = mantissa * 2^exponent for a <= 0: kept apart so that a product can be rounded once, at its end.
   Below -120 (where float32 results are 0 whatever multiplies them) a is clamped. NaN stays NaN. */
struct vexp {
    vf mantissa, exponent;
};

/* Cody and Waite's reduction by ln 2 in two parts, then the Taylor series to degree 6 on [-ln 2/2, ln 2/2]:
   the first term left out is below 1.2e-7 times 1. */
INLINE struct vexp vexp_split(vf a) {
    const vf bounded = vf_max(vf_set(-120), a); /* a where a is NaN */
    const vf n = vf_round(bounded * vf_set(1.44269504f));
    vf r = vf_fnma(n, vf_set(0.693145752f), bounded);
    r = vf_fnma(n, vf_set(1.42860677e-6f), r);
    vf e = vf_fma(vf_set(1.0f / 720), r, vf_set(1.0f / 120));
    e = vf_fma(e, r, vf_set(1.0f / 24));
    e = vf_fma(e, r, vf_set(1.0f / 6));
    e = vf_fma(e, r, vf_set(0.5f));
    e = vf_fma(e, r, vf_set(1));
    return (struct vexp){vf_fma(e, r, vf_set(1)), n};
}

/* What silu is made of wherever x lies: with e = exp(-|x|), sigma(-|x|) = e/(1+e) and sigma(|x|) = 1/(1+e).
 */
struct vsigmoid {
    struct vexp e;
    vf whole;   /* e as a number */
    vf upper;   /* 1/(1+e) */
    vf bounded; /* x, not below -120: there silu and its slope are 0, however large a factor x is */
    vm negative;
};

INLINE struct vsigmoid vsigmoid_of(vf x) {
    struct vsigmoid s;
    s.e = vexp_split(-vf_abs(x));
    s.whole = vf_scale(s.e.mantissa, s.e.exponent);
    s.upper = vf_set(1) / (vf_set(1) + s.whole);
    s.bounded = vf_max(vf_set(-120), x);
    s.negative = vf_lt(x, vf_set(0));
    return s;
}

/* x sigma(x). */
INLINE vf vsilu(const struct vsigmoid *s) {
    const vf product = s->bounded * s->upper;
    return vf_select(s->negative, vf_scale(product * s->e.mantissa, s->e.exponent), product);
}

/* silu and what its slope needs, in half the operations, for |x| <= 80: there exp(-x) and all that is made of
   it stay within float32's normal numbers, so nothing needs to be kept apart. Other lanes are mended, which
   takes long.

   exp(-x): adding 1.5 2^23 rounds -x log2(e) to a whole number n; float32's ln 2 is right to 2^-28, so that n
   times it is off by 2.4e-7 at the most; then a polynomial of degree 5 fitted to exp(-r) on
   [-ln 2/2, ln 2/2], relative error below 1.1e-7. The reciprocal is an estimate with one step of Newton's:
   2^-28 off on avx512, 2^-22.8 on avx2. */
struct vsilu_pair {
    vf silu, sigmoid, rest; /* rest: 1 - sigmoid */
};
#define SILU_NEAR 80.0f

INLINE struct vsilu_pair vsilu_near(vf x) {
    const vf magic = vf_set(0x1.8p23f);
    const vf sum = vf_fma(x, vf_set(-1.44269504f), magic);
    const vf r = vf_fma(sum - magic, vf_set(0.693147182f), x); /* exp(-x) = 2^n exp(-r) */
    vf e = vf_fma(vf_set(-0.00829764642f), r, vf_set(0.0419154316f));
    e = vf_fma(e, r, vf_set(-0.166675746f));
    e = vf_fma(e, r, vf_set(0.499988943f));
    e = vf_fma(e, r, vf_set(-0.999999702f));
    e = vf_fma(e, r, vf_set(1.00000012f));
    e = vf_from_bits(vi_add(vf_bits(e), vi_shift(vf_bits(sum), 23))); /* n is in the sum's low bits */
    struct vsilu_pair pair;
    const vf whole = vf_set(1) + e, estimate = vf_rcp_estimate(whole);
    pair.sigmoid = estimate * vf_fnma(whole, estimate, vf_set(2));
    pair.silu = x * pair.sigmoid;
    pair.rest = e * pair.sigmoid;
    return pair;
}

/* Mends the lanes that are far, and no others: a lane's value must not depend on its neighbours. */
static __attribute__((noinline)) struct vsilu_pair vsilu_mended(struct vsilu_pair near, vf x, vm far) {
    const struct vsigmoid s = vsigmoid_of(x);
    const vf lesser = s.whole * s.upper;
    return (struct vsilu_pair){vf_select(far, vsilu(&s), near.silu),
                               vf_select(far, vf_select(s.negative, lesser, s.upper), near.sigmoid),
                               vf_select(far, vf_select(s.negative, s.upper, lesser), near.rest)};
}

INLINE struct vsilu_pair vsilu_both(vf x) {
    const struct vsilu_pair pair = vsilu_near(x);
    const vm far = vf_beyond(vf_abs(x), vf_set(SILU_NEAR));
    return __builtin_expect(vm_any(far), 0) ? vsilu_mended(pair, x, far) : pair;
}

/* sigma + x sigma (1 - sigma) */
INLINE vf vsilu_pair_slope(const struct vsilu_pair *s) {
    return vf_fma(s->silu, s->rest, s->sigmoid);
}

#endif
