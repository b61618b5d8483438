/* conform_convert: what cvt must give, for every pair of types, rounding and modifier. */
#include <fenv.h>
#include <math.h>
#include <string.h>

#include "conform.h"

struct conversion {
    const char *to, *from;
    int mode;
    bool integral, ftz, sat, relu, satfinite, away;
};

static void conversion_read(const struct opcode *op, struct conversion *c) {
    c->to = op->word[op->count - 2];
    c->from = op->word[op->count - 1];
    c->ftz = opcode_has(op, "ftz");
    c->sat = opcode_has(op, "sat");
    c->relu = opcode_has(op, "relu");
    c->satfinite = opcode_has(op, "satfinite");
    c->away = opcode_has(op, "rna");
    static const struct {
        const char *word;
        int mode;
        bool integral;
    } roundings[] = {
        {"rn", FE_TONEAREST, false}, {"rz", FE_TOWARDZERO, false}, {"rm", FE_DOWNWARD, false},
        {"rp", FE_UPWARD, false},    {"rni", FE_TONEAREST, true},  {"rzi", FE_TOWARDZERO, true},
        {"rmi", FE_DOWNWARD, true},  {"rpi", FE_UPWARD, true},
    };
    for (size_t i = 0; i < sizeof roundings / sizeof *roundings; i++) {
        if (opcode_has(op, roundings[i].word)) {
            c->mode = roundings[i].mode;
            c->integral = roundings[i].integral;
        }
    }
}

static bool is_real(const char *type) {
    return strchr(type, 'f') != NULL;
}

static double real_value(const char *type, uint64_t bits) {
    return strcmp(type, "f16") == 0    ? half_value(bits)
           : strcmp(type, "bf16") == 0 ? bf16_value(bits)
           : strcmp(type, "f64") == 0  ? f64_value(bits)
                                       : (double)f32_value(bits);
}

static __int128 integer_value(const char *type, uint64_t bits) {
    const unsigned width = type_bits(type);
    if (width < 64) {
        bits &= ((uint64_t)1 << width) - 1;
        if (type_is_signed(type) && bits >> (width - 1)) {
            return (__int128)bits - ((__int128)1 << width);
        }
    }
    return type_is_signed(type) ? (__int128)(int64_t)bits : (__int128)bits;
}

static uint64_t to_integer(const char *type, __int128 v, bool clamp) {
    const unsigned width = type_bits(type);
    const __int128 most = ((__int128)1 << (width - type_is_signed(type))) - 1,
                   least = type_is_signed(type) ? -most - 1 : 0;
    if (clamp) {
        v = v > most ? most : v < least ? least : v;
    }
    return width == 64 ? (uint64_t)v : (uint64_t)v & (((uint64_t)1 << width) - 1);
}

static double integral(double x, int mode) {
    fesetround(mode);
    volatile double v = x;
    v = nearbyint(v);
    fesetround(FE_TONEAREST);
    return v;
}

static uint64_t to_real(const struct conversion *c, double x, struct expected *want) {
    if (strcmp(c->to, "f64") == 0) {
        want->kind[0] = isnan(x) ? EXPECT_NAN : EXPECT_BITS;
        return f64_bits(x);
    }
    if (strcmp(c->to, "f16") == 0) {
        return narrow_to(x, 5, 10, c->mode);
    }
    if (strcmp(c->to, "bf16") == 0) {
        return narrow_to(x, 8, 7, c->mode);
    }
    if (strcmp(c->to, "tf32") == 0) {
        /* PTX leaves NaN's payload and the 13 lowest bits open; here they are zero */
        if (c->away && isfinite(x)) { /* to nearest, ties away: on the magnitude's bits */
            const uint64_t u = f32_bits((float)x);
            return (u + 0x1000) & 0xffffe000;
        }
        return narrow_to(x, 8, 10, c->mode) << 13;
    }
    const uint64_t bits = narrow_to(x, 8, 23, c->mode);
    return c->ftz ? f32_bits(f32_flush(f32_value(bits))) : bits;
}

/* A 64-bit integer as a double; below the double's last bit whatever is left is made sticky. */
static double sticky(__int128 v) {
    const unsigned __int128 magnitude = v < 0 ? (unsigned __int128)-v : (unsigned __int128)v;
    unsigned drop = 0;
    while (magnitude >> drop >> 53) {
        drop++;
    }
    uint64_t kept = (uint64_t)(magnitude >> drop);
    kept |= ((unsigned __int128)kept << drop) != magnitude;
    const double r = ldexp((double)kept, (int)drop);
    return v < 0 ? -r : r;
}

/* Of the numbers in a format's bits: the one below infinity in place of all that is larger or infinite. */
static double to_finite(const struct conversion *c, double x) {
    const double most = strcmp(c->to, "f16") == 0    ? half_value(0x7bff)
                        : strcmp(c->to, "bf16") == 0 ? bf16_value(0x7f7f)
                                                     : (double)f32_value(0x7f7fe000);
    return x > most ? most : x < -most ? -most : x;
}

static uint64_t one(const struct conversion *c, uint64_t in, struct expected *want) {
    if (!is_real(c->from)) {
        const __int128 v = integer_value(c->from, in);
        if (!is_real(c->to)) {
            return to_integer(c->to, v, c->sat);
        }
        if (strcmp(c->to, "f64") == 0) {
            fesetround(c->mode);
            volatile int64_t s = (int64_t)v;
            volatile uint64_t u = (uint64_t)v;
            const volatile double r = type_is_signed(c->from) ? (double)s : (double)u;
            fesetround(FE_TONEAREST);
            return f64_bits(r);
        }
        double x = sticky(v);
        x = c->sat ? (x > 1 ? 1 : x < 0 ? 0 : x) : x;
        return to_real(c, x, want);
    }
    double x = real_value(c->from, in);
    if (c->ftz && strcmp(c->from, "f32") == 0) {
        x = (double)f32_flush((float)x);
    }
    if (!is_real(c->to)) {
        if (isnan(x)) {
            return 0;
        }
        x = integral(x, c->mode);
        return to_integer(c->to,
                          x > 0x1p100    ? (__int128)1 << 100
                          : x < -0x1p100 ? -((__int128)1 << 100)
                                         : (__int128)x,
                          true);
    }
    if (c->integral && isfinite(x)) {
        x = integral(x, c->mode);
    }
    if (c->sat) {
        x = isnan(x) || x <= 0 ? 0 : x > 1 ? 1 : x;
    }
    if (c->relu && !isnan(x) && signbit(x)) {
        x = 0;
    }
    x = c->satfinite ? to_finite(c, x) : x;
    return to_real(c, x, want);
}

static void evaluate(const struct opcode *op, const uint64_t in[4], unsigned carry, struct expected *want) {
    (void)carry;
    struct conversion c = {.mode = FE_TONEAREST};
    conversion_read(op, &c);
    if (strchr(c.to, 'x') && strlen(c.to) > 4) { /* d = first in the upper half, second in the lower */
        c.to = c.to[0] == 'b' ? "bf16" : "f16";
        want->bits = one(&c, in[0], want) << 16 | one(&c, in[1], want);
        return;
    }
    want->bits = one(&c, in[0], want);
    /* a narrow integer fills the register that holds it */
    const unsigned width = type_bits(c.to), holds = op->signature[0] == 'h'   ? 16
                                                    : op->signature[0] == 'w' ? 32
                                                                              : 64;
    if (!is_real(c.to) && width < holds && type_is_signed(c.to) && want->bits >> (width - 1) & 1) {
        want->bits |= ~(uint64_t)0 << width;
        want->bits &= holds == 64 ? UINT64_MAX : ((uint64_t)1 << holds) - 1;
    }
}

evaluate_fn *family_convert(const struct opcode *op) {
    return strcmp(op->word[0], "cvt") == 0 ? evaluate : NULL;
}
