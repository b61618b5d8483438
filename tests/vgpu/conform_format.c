/* conform_format: opcodes in words, floating-point formats and the operands that are tried. */
#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "conform.h"
#include "device.h"

void opcode_split(struct opcode *op, const char *text, const char *signature) {
    *op = (struct opcode){.signature = signature};
    snprintf(op->text, sizeof op->text, "%s", text);
    op->text[strcspn(op->text, "#")] = 0; /* "#3": the opcode's form with three sources */
    snprintf(op->storage, sizeof op->storage, "%s", op->text);
    for (char *at = op->storage; at && op->count < CONFORM_WORDS;) {
        op->word[op->count++] = at;
        at = strchr(at, '.');
        if (at) {
            *at++ = 0;
        }
    }
}

bool opcode_has(const struct opcode *op, const char *word) {
    for (unsigned i = 0; i < op->count; i++) {
        if (strcmp(op->word[i], word) == 0) {
            return true;
        }
    }
    return false;
}

static const struct {
    const char *name;
    uint8_t bits, is_signed;
} types[] = {
    {"u8", 8, 0},     {"s8", 8, 1},      {"b16", 16, 0},   {"u16", 16, 0}, {"s16", 16, 1},   {"f16", 16, 0},
    {"bf16", 16, 0},  {"b32", 32, 0},    {"u32", 32, 0},   {"s32", 32, 1}, {"f32", 32, 0},   {"tf32", 32, 0},
    {"b64", 64, 0},   {"u64", 64, 0},    {"s64", 64, 1},   {"f64", 64, 0}, {"u16x2", 32, 0}, {"s16x2", 32, 1},
    {"f16x2", 32, 0}, {"bf16x2", 32, 0}, {"f32x2", 64, 0}, {"pred", 1, 0},
};

static int type_find(const char *name) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(types[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

const char *opcode_type(const struct opcode *op) {
    for (unsigned i = op->count; i-- > 1;) {
        if (type_find(op->word[i]) >= 0) {
            return op->word[i];
        }
    }
    return "";
}

unsigned type_bits(const char *type) {
    const int i = type_find(type);
    return i < 0 ? 0 : types[i].bits;
}

bool type_is_signed(const char *type) {
    const int i = type_find(type);
    return i >= 0 && types[i].is_signed;
}

unsigned opcode_sources(const struct opcode *op) {
    return (unsigned)strlen(strchr(op->signature, ':') + 1);
}

int opcode_rounding(const struct opcode *op) {
    return opcode_has(op, "rz")   ? FE_TOWARDZERO
           : opcode_has(op, "rm") ? FE_DOWNWARD
           : opcode_has(op, "rp") ? FE_UPWARD
                                  : FE_TONEAREST;
}

/* ---- formats ---- */

float f32_value(uint64_t bits) {
    const uint32_t u = (uint32_t)bits;
    float x;
    memcpy(&x, &u, 4);
    return x;
}

double f64_value(uint64_t bits) {
    double x;
    memcpy(&x, &bits, 8);
    return x;
}

uint64_t f32_bits(float x) {
    uint32_t u;
    memcpy(&u, &x, 4);
    return u;
}

uint64_t f64_bits(double x) {
    uint64_t u;
    memcpy(&u, &x, 8);
    return u;
}

float f32_flush(float x) {
    return fpclassify(x) == FP_SUBNORMAL ? copysignf(0, x) : x;
}

static double value_of(uint64_t bits, int exponent_bits, int fraction_bits) {
    const int bias = (1 << (exponent_bits - 1)) - 1, most = (1 << exponent_bits) - 1;
    const int exponent = (int)(bits >> fraction_bits) & most;
    const double fraction = (double)(bits & ((1u << fraction_bits) - 1)), one = (double)(1u << fraction_bits);
    const double sign = bits >> (exponent_bits + fraction_bits) & 1 ? -1 : 1;
    if (exponent == most) {
        return fraction != 0 ? NAN : sign * INFINITY;
    }
    return exponent ? sign * ldexp(one + fraction, exponent - bias - fraction_bits)
                    : sign * ldexp(fraction, 1 - bias - fraction_bits);
}

double half_value(uint64_t bits) {
    return value_of(bits & 0xffff, 5, 10);
}

double bf16_value(uint64_t bits) {
    return value_of(bits & 0xffff, 8, 7);
}

uint64_t narrow_to(double x, int exponent_bits, int fraction_bits, int mode) {
    const int bias = (1 << (exponent_bits - 1)) - 1;
    const uint64_t infinity = (((uint64_t)1 << exponent_bits) - 1) << fraction_bits;
    const uint64_t sign = (uint64_t)(signbit(x) != 0) << (exponent_bits + fraction_bits);
    if (isnan(x)) {
        return infinity | (((uint64_t)1 << fraction_bits) - 1);
    }
    if (isinf(x) || x == 0) {
        return sign | (isinf(x) ? infinity : 0);
    }
    int exponent;
    frexp(x, &exponent); /* |x| in [2^(exponent - 1), 2^exponent) */
    const int scale = (exponent - 1 < 1 - bias ? 1 - bias : exponent - 1) - fraction_bits;
    fesetround(mode);
    volatile double steps = ldexp(x, -scale); /* exact: formats are far inside a double's range */
    steps = nearbyint(steps);
    fesetround(FE_TONEAREST);
    const double rounded = ldexp(fabs(steps), scale);
    const double limit = ldexp(2 - ldexp(1, -fraction_bits), bias);
    if (rounded > limit) {
        const bool away =
            mode == FE_TONEAREST || (mode == FE_UPWARD && x > 0) || (mode == FE_DOWNWARD && x < 0);
        return sign | (away ? infinity : infinity - 1);
    }
    if (rounded < ldexp(1, 1 - bias)) {
        return sign | (uint64_t)ldexp(rounded, bias - 1 + fraction_bits);
    }
    frexp(rounded, &exponent);
    const uint64_t significand = (uint64_t)ldexp(rounded, fraction_bits - (exponent - 1));
    return sign | (significand + ((uint64_t)(exponent - 1 + bias - 1) << fraction_bits));
}

/* ---- operands ---- */

#define SPECIALS(name, ...) static const uint64_t name[] = {__VA_ARGS__}
SPECIALS(specials_half, 0, 0x8000, 1, 0x8001, 0x03ff, 0x0400, 0x8400, 0x3c00, 0xbc00, 0x3bff, 0x3c01, 0x3800,
         0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x7e01, 0xfe00, 0x7c01, 0x5bff, 0x1400, 0x4248);
SPECIALS(specials_bf16, 0, 0x8000, 1, 0x8001, 0x007f, 0x0080, 0x8080, 0x3f80, 0xbf80, 0x3f7f, 0x3f81, 0x3f00,
         0x7f7f, 0xff7f, 0x7f80, 0xff80, 0x7fc1, 0xffc0, 0x7f81, 0x4b00, 0x1f80, 0x4049);
SPECIALS(specials_f32, 0, 0x80000000, 1, 0x80000001, 0x007fffff, 0x807fffff, 0x00800000, 0x80800000,
         0x3f800000, 0xbf800000, 0x3f7fffff, 0x3f800001, 0x3f000000, 0x7f7fffff, 0xff7fffff, 0x7f800000,
         0xff800000, 0x7fc00001, 0xffc12345, 0x7f800001, 0x4b800000, 0x1f800000, 0x40490fdb, 0xc0490fdb,
         0x7e800001, 0x42fe0000, 0xc3150000,
         /* about the largest f16, bf16 and tf32 */ 0x477fefff, 0x477ff000, 0xc77ff001, 0x7f7f8000,
         0xff7fefff);
SPECIALS(specials_f64, 0, 0x8000000000000000, 1, 0x8000000000000001, 0x000fffffffffffff, 0x0010000000000000,
         0x3ff0000000000000, 0xbff0000000000000, 0x3fefffffffffffff, 0x3ff0000000000001, 0x3fe0000000000000,
         0x7fefffffffffffff, 0xffefffffffffffff, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000001,
         0xfff8000000012345, 0x7ff0000000000001, 0x41e0000000000000, 0xc1e0000000200000, 0x43e0000000000000,
         0x400921fb54442d18, 0x36a0000000000000, 0x47efffffe0000000, 0x47effffff0000000);
SPECIALS(specials_integer, 0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 255, 256, 0x7fff,
         0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x7fffffffffffffff,
         0x8000000000000000, 0xfffffffffffffffe, 0xffffffffffffffff, 0x5555555555555555, 0x0123456789abcdef);

static bool is(const char *a, const char *b) {
    return strcmp(a, b) == 0;
}

const uint64_t *operand_specials(const char *type, size_t *count) {
#define GIVE(array) return *count = sizeof(array) / sizeof *(array), array
    if (is(type, "f16") || is(type, "f16x2")) {
        GIVE(specials_half);
    }
    if (is(type, "bf16") || is(type, "bf16x2")) {
        GIVE(specials_bf16);
    }
    if (is(type, "f32") || is(type, "f32x2") || is(type, "tf32")) {
        GIVE(specials_f32);
    }
    if (is(type, "f64")) {
        GIVE(specials_f64);
    }
    GIVE(specials_integer);
}

/* Random bits; a float with an exponent near one; a special value. Integers of every length. */
static uint64_t sample_one(const char *type, uint64_t *seed) {
    size_t count;
    const uint64_t *specials = operand_specials(type, &count);
    const uint64_t bits = device_random(seed), choice = device_random(seed) % 8;
    if (choice == 0) {
        return specials[bits % count];
    }
    if (type[0] == 'f' || type[0] == 'b' || type[0] == 't') {
        if (choice < 3) {
            return bits;
        }
        const double x = ldexp((double)(int64_t)bits, -60) * ldexp(1, (int)(device_random(seed) % 9) - 4);
        if (is(type, "f64")) {
            return f64_bits(x);
        }
        if (is(type, "f32") || is(type, "f32x2") || is(type, "tf32")) {
            return f32_bits((float)x);
        }
        if (is(type, "f16") || is(type, "f16x2")) {
            return narrow_to(x, 5, 10, FE_TONEAREST);
        }
        if (is(type, "bf16") || is(type, "bf16x2")) {
            return narrow_to(x, 8, 7, FE_TONEAREST);
        }
    }
    if (choice < 4) {
        return bits >> (device_random(seed) % 64);
    }
    return choice < 5 ? 0 - (bits >> (device_random(seed) % 64)) : choice < 6 ? bits % 72 : bits;
}

uint64_t operand_sample(const char *type, uint64_t *seed) {
    const size_t length = strlen(type);
    if (length > 2 && is(type + length - 2, "x2")) {
        const unsigned half = type_bits(type) / 2;
        const uint64_t low = ((uint64_t)1 << half) - 1;
        const uint64_t first = sample_one(type, seed) & low;
        return first | (sample_one(type, seed) & low) << half;
    }
    return sample_one(type, seed);
}
