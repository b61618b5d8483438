#include "convert.h"

#include <math.h>
#include <string.h>

/* digits: of the significand, with the implicit one; lowest: the exponent of the smallest normal number */
static const struct {
    int digits, lowest;
    double max;
} formats[DTYPE_COUNT] = {{24, -126, 0x1.fffffep127}, {11, -14, 65504}, {8, -126, 0x1.fep127}};

double dtype_max(enum dtype t) {
    return formats[dtype_index(t)].max;
}

double dtype_spacing(double value, enum dtype t) {
    const int d = dtype_index(t);
    int exponent;
    if (value == 0 || !isfinite(value)) return ldexp(1, formats[d].lowest + 1 - formats[d].digits);
    frexp(value, &exponent); /* |value| in [2^(exponent-1), 2^exponent) */
    const int lowest = formats[d].lowest;
    return ldexp(1, (exponent - 1 < lowest ? lowest : exponent - 1) + 1 - formats[d].digits);
}

/* Rounding by arithmetic in double, where every step is exact: the quotient by the spacing to the nearest
 * even. */
static double round_to(double value, enum dtype t) {
    if (!isfinite(value)) return value;
    const double spacing = dtype_spacing(value, t);
    const double rounded = nearbyint(value / spacing) * spacing;
    return fabs(rounded) > dtype_max(t) ? copysign(INFINITY, value) : rounded;
}

float dtype_round(float value, enum dtype t) {
    return t == F32 ? value : (float)round_to((double)value, t);
}

uint16_t bfloat_from_float(float value) {
    const float rounded = isnan(value) ? copysignf(NAN, value) : dtype_round(value, BF16);
    uint32_t bits;
    memcpy(&bits, &rounded, sizeof bits);
    return (uint16_t)(bits >> 16);
}

float bfloat_to_float(uint16_t bfloat) {
    const uint32_t bits = (uint32_t)bfloat << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

uint16_t half_from_float(float value) {
    const uint16_t sign = signbit(value) ? 0x8000 : 0;
    if (isnan(value)) return sign | 0x7e00;
    const double magnitude = fabs(round_to((double)value, F16));
    if (isinf(magnitude)) return sign | 0x7c00;
    if (magnitude < 0x1p-14) return (uint16_t)(sign | (uint16_t)(magnitude * 0x1p24));
    int exponent;
    const double fraction = frexp(magnitude, &exponent); /* [1/2, 1) */
    return (uint16_t)(sign | (exponent + 14) << 10 | (uint16_t)((fraction - 0.5) * 2048));
}

/* Of the bits, as whole outputs are read through it: float32 has the same fraction 13 bits further up and an
   exponent that is larger by 112. */
float half_to_float(uint16_t half) {
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16, magnitude = half & 0x7fff;
    uint32_t bits = sign | ((magnitude << 13) + (112u << 23));
    if (magnitude >= 0x7c00) bits = sign | 0x7f800000 | (magnitude & 0x3ff) << 13;
    float value;
    memcpy(&value, &bits, sizeof value);
    if (magnitude >= 0x400) return value;
    return copysignf((float)magnitude * 0x1p-24f, sign ? -1.0f : 1.0f);
}

void array_from_float(void *array, enum dtype t, const float *values, int64_t count) {
    if (t == F32) {
        memcpy(array, values, (size_t)count * sizeof *values);
        return;
    }
    uint16_t (*const convert)(float) = t == F16 ? half_from_float : bfloat_from_float;
    for (int64_t i = 0; i < count; i++) {
        const uint16_t half = convert(values[i]);
        memcpy((char *)array + 2 * i, &half, sizeof half);
    }
}

void array_to_float(float *values, const void *array, enum dtype t, int64_t count) {
    if (t == F32) {
        memcpy(values, array, (size_t)count * sizeof *values);
        return;
    }
    float (*const convert)(uint16_t) = t == F16 ? half_to_float : bfloat_to_float;
    for (int64_t i = 0; i < count; i++) {
        uint16_t half;
        memcpy(&half, (const char *)array + 2 * i, sizeof half);
        values[i] = convert(half);
    }
}
