/* gelu(x) = x Phi(x) and its derivative on vectors. */
#ifndef KATUNE_GELU_H
#define KATUNE_GELU_H

#include "silu.h"
#include "vec.h"

/* Phi(x) - 1/2 = x R(x^2): R as a polynomial of degree 14 in v = 2 x^2 / 5.4^2 - 1, fitted to the least
   largest error of x R on [0, 5.4], where |x| is clamped (1 - Phi(5.4) = 3.3e-8). Absolute error
   below 1.2e-7. */
INLINE vf vphi(vf x) {
    static const float coefficient[15] = {
        0.130928114f,   -0.065328069f,   0.048499655f,    -0.0392062739f,  0.0321152657f,
        -0.0257515907f, 0.0196550917f,   -0.013942792f,   0.00961671211f,  -0.00675467262f,
        0.00371899293f, -0.00115066592f, 0.000823927927f, -0.00104073563f, 0.000409633591f,
    };
    const vf clamped = vf_min(vf_set(5.4f), vf_max(vf_set(-5.4f), x)); /* NaN stays NaN */
    const vf v = vf_fma(clamped * clamped, vf_set(2 / (5.4f * 5.4f)), vf_set(-1));
    vf r = vf_set(coefficient[14]);
    for (int i = 13; i >= 0; i--) r = vf_fma(r, v, vf_set(coefficient[i]));
    return vf_fma(clamped, r, vf_set(0.5f));
}

INLINE vf vgelu(vf x) {
    return x * vphi(x);
}

/* g (Phi(x) + x phi(x)), phi(x) = exp(-x^2/2) / sqrt(2 pi). */
INLINE vf vgelu_slope(vf x, vf g) {
    const vf bounded = vf_min(vf_set(16), vf_abs(x)); /* exp(-128) is 0 next to Phi */
    const struct vexp e = vexp_split(bounded * bounded * vf_set(-0.5f));
    const vf density = vf_scale(e.mantissa, e.exponent) * vf_set(0.398942280f);
    return g * vf_fma(vf_mulsign(bounded, x), density, vphi(x));
}

#endif
