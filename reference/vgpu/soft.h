/* soft: floating-point formats in integer arithmetic, exact for every operand and rounding. The slow and
 * certain way: conversions that are not hot, and everything with a rounding other than to nearest even. */
#ifndef VGPU_SOFT_H
#define VGPU_SOFT_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum rounding { ROUND_NEAREST, ROUND_ZERO, ROUND_DOWN, ROUND_UP, ROUND_AWAY };

static inline uint32_t bits_of(float x) {
    uint32_t u;
    memcpy(&u, &x, 4);
    return u;
}

static inline float float_of(uint32_t u) {
    float x;
    memcpy(&x, &u, 4);
    return x;
}

static inline uint64_t bits_of_double(double x) {
    uint64_t u;
    memcpy(&u, &x, 8);
    return u;
}

static inline double double_of(uint64_t u) {
    double x;
    memcpy(&x, &u, 8);
    return x;
}

/* A double, or the double nearest below or above with its last bit set when inexact ("round to odd"), to a
 * format of exponent_bits and fraction_bits with one rounding. NaN gives the canonical NaN, all ones but the
 * sign. */
static inline uint32_t soft_narrow(double x, unsigned exponent_bits, unsigned fraction_bits,
                                   enum rounding rounding) {
    const uint64_t u = bits_of_double(x);
    const uint32_t sign = (uint32_t)(u >> 63) << (exponent_bits + fraction_bits);
    const uint64_t magnitude = u & INT64_MAX;
    const uint32_t infinity = ((1u << exponent_bits) - 1) << fraction_bits;
    if (magnitude > 0x7ff0000000000000u) {
        return infinity | ((1u << fraction_bits) - 1);
    }
    if (magnitude == 0x7ff0000000000000u) {
        return sign | infinity;
    }
    if (magnitude == 0) {
        return sign;
    }
    const int bias = (1 << (exponent_bits - 1)) - 1;
    int exponent = (int)(magnitude >> 52) - 1023;
    uint64_t fraction = magnitude & (((uint64_t)1 << 52) - 1);
    if (magnitude >> 52) {
        fraction |= (uint64_t)1 << 52;
    } else {
        exponent = -1022;
    }
    /* value = fraction * 2^(exponent - 52); drop so many bits that the format's last bit remains */
    const int lowest = exponent < 1 - bias ? 1 - bias : exponent;
    int drop = 52 - (int)fraction_bits + (lowest - exponent);
    if (drop > 63) {
        fraction = 1; /* only that it is not zero matters */
        drop = 63;
    }
    uint64_t kept = fraction >> drop;
    const uint64_t rest = fraction & (((uint64_t)1 << drop) - 1), half = (uint64_t)1 << (drop - 1);
    const bool negative = u >> 63;
    bool up = false;
    switch (rounding) {
    case ROUND_NEAREST: up = rest > half || (rest == half && (kept & 1)); break;
    case ROUND_AWAY: up = rest >= half; break;
    case ROUND_ZERO: break;
    case ROUND_DOWN: up = negative && rest; break;
    case ROUND_UP: up = !negative && rest; break;
    }
    kept += up;
    /* a carry out of the fraction moves on into the exponent by itself */
    uint64_t result = kept;
    if (kept >> fraction_bits) {
        result += (uint64_t)(lowest + bias - 1) << fraction_bits;
    }
    if (result >= infinity) {
        const bool to_infinity = rounding == ROUND_NEAREST || rounding == ROUND_AWAY ||
                                 (rounding == ROUND_UP && !negative) || (rounding == ROUND_DOWN && negative);
        result = to_infinity ? infinity : infinity - 1;
    }
    return sign | (uint32_t)result;
}

/* f16 and bf16 to float: exact. Branch-free, so that it vectorises. */
static inline float half_to_float(uint32_t h) {
    const uint32_t shifted = (h & 0x7fff) << 13;
    const float scaled =
        float_of(shifted) * float_of(0x77800000); /* 2^112 moves the exponent, denormals included */
    const uint32_t special = (h & 0x7c00) == 0x7c00 ? shifted | 0x7f800000 : bits_of(scaled);
    return float_of(special | (h & 0x8000) << 16);
}

static inline float bf16_to_float(uint32_t h) {
    return float_of(h << 16);
}

/* To nearest even. */
static inline uint32_t float_to_half(float x) {
    const uint32_t u = bits_of(x), sign = u >> 16 & 0x8000, magnitude = u & INT32_MAX;
    /* below 2^-14 the addition of 0.5 aligns the denormal's last bit with the float's */
    const uint32_t tiny = bits_of(float_of(magnitude) + 0.5f) - 0x3f000000;
    const uint32_t normal = (magnitude - 0x38000000 + 0xfff + (magnitude >> 13 & 1)) >> 13;
    uint32_t r = magnitude < 0x38800000 ? tiny : normal;
    r = magnitude >= 0x47800000 || r > 0x7c00 ? 0x7c00 : r;
    return magnitude > 0x7f800000 ? 0x7fff : sign | r;
}

static inline uint32_t float_to_bf16(float x) {
    const uint32_t u = bits_of(x);
    const uint32_t r = (u + 0x7fff + (u >> 16 & 1)) >> 16;
    return (u & INT32_MAX) > 0x7f800000 ? 0x7fff : r;
}

/* a*b + c where a*b is exact in a double: the sum rounded to odd, so that one more rounding to a narrow
 * format is right (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums"). */
static inline double sum_to_odd(double p, double c) {
    const double s = p + c;
    const double back = s - p;
    const double error = (p - (s - back)) + (c - back);
    uint64_t u = bits_of_double(s);
    if (error != 0 && s - s == 0 && !(u & 1)) {
        const bool grow = (error > 0) == (s > 0);
        u = grow ? u + 1 : u - 1;
    }
    return double_of(u);
}

#endif
