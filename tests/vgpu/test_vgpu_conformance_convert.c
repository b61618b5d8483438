/* cvt: every pair of types with every rounding and modifier that PTX allows, in registers as wide as the type
 * and wider ones; and that all other combinations are refused. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "conform.h"
#include "device.h"

static const char *const types[] = {"u8",  "s8",  "u16",  "s16", "u32", "s32", "u64",
                                    "s64", "f16", "bf16", "f32", "f64", "tf32"};
static const char *const roundings[] = {"", "rn", "rz", "rm", "rp", "rna", "rni", "rzi", "rmi", "rpi"};
enum { TYPES = 13, ROUNDINGS = 10 };
enum { FTZ = 1, SAT = 2, RELU = 4, SATFINITE = 8, MODIFIERS = 16 };

static bool is(const char *a, const char *b) {
    return strcmp(a, b) == 0;
}

static bool is_real(const char *type) {
    return strchr(type, 'f') != NULL;
}

static bool is_legal(const char *to, const char *from, const char *rounding, unsigned modifiers) {
    const bool whole = *rounding && rounding[strlen(rounding) - 1] == 'i', away = is(rounding, "rna");
    const bool plain = *rounding && !whole && !away, inward = is(rounding, "rn") || is(rounding, "rz");
    const bool single = is(to, "f32") || is(from, "f32"), bf16 = is(to, "bf16") || is(from, "bf16");
    if (is(from, "tf32")) {
        return false;
    }
    if (is(to, "tf32")) {
        return is(from, "f32") &&
               ((inward && !(modifiers & ~(RELU | SATFINITE))) || (away && !(modifiers & ~SATFINITE)));
    }
    if (away || (modifiers & FTZ && !single) || (modifiers & SAT && bf16) ||
        (modifiers & (RELU | SATFINITE) &&
         (modifiers & (FTZ | SAT) || !is(from, "f32") || !inward || (!is(to, "f16") && !is(to, "bf16"))))) {
        return false;
    }
    if (!is_real(to) && !is_real(from)) {
        return !*rounding;
    }
    if (!is_real(to)) {
        return whole;
    }
    if (!is_real(from)) {
        return plain;
    }
    if (is(to, from)) {
        return !*rounding || whole;
    }
    if (is(from, "bf16") || (is(to, "bf16") && is(from, "f16"))) {
        return !*rounding || plain;
    }
    return type_bits(to) < type_bits(from) ? plain : !*rounding;
}

static char natural(const char *type) {
    const unsigned bits = type_bits(type);
    return bits <= 16 ? 'h' : bits == 32 ? 'w' : 'd';
}

static void say_opcode(char text[64], const char *to, const char *from, const char *rounding,
                       unsigned modifiers) {
    snprintf(text, 64, "cvt%s%s%s%s%s%s.%s.%s", *rounding ? "." : "", rounding,
             modifiers & RELU ? ".relu" : "", modifiers & SATFINITE ? ".satfinite" : "",
             modifiers & FTZ ? ".ftz" : "", modifiers & SAT ? ".sat" : "", to, from);
}

static void try_one(const char *to, const char *from, const char *rounding, unsigned modifiers,
                    unsigned *executed) {
    char text[64];
    say_opcode(text, to, from, rounding, modifiers);
    const bool legal = is_legal(to, from, rounding, modifiers);
    /* integers may lie in wider registers */
    const char *const outs = !is_real(to) && legal ? "hwd" : (char[]){natural(to), 0},
                      *const ins = !is_real(from) && legal ? "hwd" : (char[]){natural(from), 0};
    for (const char *d = strchr(outs, natural(to)); *d; d++) {
        for (const char *s = strchr(ins, natural(from)); *s; s++) {
            char signature[4] = {*d, ':', *s, 0};
            struct opcode op;
            opcode_split(&op, text, signature);
            if (legal) {
                conform_check(&op, family_convert(&op));
                ++*executed;
            } else {
                cr_assert_not(conform_loads(&op), "%s loads", text);
            }
        }
    }
}

static void try_from(unsigned from) {
    device_open((const char *const[]){"VGPU_DEVICE=b200", NULL});
    unsigned executed = 0;
    for (unsigned to = 0; to < TYPES; to++) {
        for (unsigned r = 0; r < ROUNDINGS; r++) {
            for (unsigned m = 0; m < MODIFIERS; m++) {
                try_one(types[to], types[from], roundings[r], m, &executed);
            }
        }
    }
    printf("%s: %u forms executed\n", types[from], executed);
}

#define FROM(name, number)                                                                                   \
    Test(convert, from_##name) {                                                                             \
        cr_assert_str_eq(#name, types[number]);                                                              \
        try_from(number);                                                                                    \
    }
FROM(u8, 0)
FROM(s8, 1)
FROM(u16, 2)
FROM(s16, 3)
FROM(u32, 4)
FROM(s32, 5)
FROM(u64, 6)
FROM(s64, 7)
FROM(f16, 8)
FROM(bf16, 9)
FROM(f32, 10)
FROM(f64, 11)
FROM(tf32, 12)

Test(convert, pairs) {
    device_open((const char *const[]){"VGPU_DEVICE=b200", NULL});
    static const char *const pairs[] = {"f16x2", "bf16x2"};
    for (unsigned p = 0; p < 2; p++) {
        for (unsigned r = 0; r < ROUNDINGS; r++) {
            for (unsigned m = 0; m < MODIFIERS; m++) {
                char text[64];
                say_opcode(text, pairs[p], "f32", roundings[r], m);
                struct opcode op;
                opcode_split(&op, text, "w:ww");
                if ((is(roundings[r], "rn") || is(roundings[r], "rz")) && !(m & (FTZ | SAT))) {
                    conform_check(&op, family_convert(&op));
                } else {
                    cr_assert_not(conform_loads(&op), "%s loads", text);
                }
            }
        }
    }
}
