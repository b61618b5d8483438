/* setp and set: every comparison of every type, with every way to combine it, into every kind of result; and
 * that all other combinations of these words are refused. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "conform.h"
#include "device.h"

static const char *const comparisons[] = {"eq", "ne",  "lt",  "le",  "gt",  "ge",  "lo",  "ls",  "hi",
                                          "hs", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"};
static const char *const sources[] = {"b16", "b32", "b64",   "u16",  "u32",    "u64", "s16", "s32",
                                      "s64", "f16", "f16x2", "bf16", "bf16x2", "f32", "f64"};
static const char *const results[] = {"",     "u16",   "s16",    "u32", "s32", "f16",
                                      "bf16", "f16x2", "bf16x2", "f32", "b32"};
static const char *const combinations[] = {"", "and", "or", "xor"};
enum { COMPARISONS = 18, SOURCES = 15, RESULTS = 11, COMBINATIONS = 4 };

static bool one_of(const char *word, const char *list) {
    const size_t length = strlen(word);
    for (const char *at = list; (at = strstr(at, word)); at++) {
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || !at[length])) {
            return true;
        }
    }
    return false;
}

/* What PTX has. */
static bool is_legal(const char *comparison, bool ftz, const char *result, const char *source) {
    const bool real = strchr(source, 'f'), pair = strchr(source, 'x');
    const char *has = source[0] == 'b' && !real ? "eq ne"
                      : source[0] == 'u'        ? "eq ne lt le gt ge lo ls hi hs"
                      : source[0] == 's'        ? "eq ne lt le gt ge"
                                                : "eq ne lt le gt ge equ neu ltu leu gtu geu num nan";
    if (!one_of(comparison, has) || (ftz && !one_of(source, "f16 f16x2 f32"))) {
        return false;
    }
    if (pair) {
        return !*result || one_of(result, "u32 s32") || strcmp(result, source) == 0;
    }
    return !*result || one_of(result, "u32 s32 f16 bf16 f32") ||
           (one_of(result, "u16 s16") && one_of(source, "f16 bf16"));
}

static bool holds(const char *comparison, bool less, bool equal, bool greater) {
    const bool unordered = !less && !equal && !greater;
    static const struct {
        const char *name;
        bool less, equal, greater, unordered;
    } table[] = {
        {"eq", 0, 1, 0, 0},  {"ne", 1, 0, 1, 0},  {"lt", 1, 0, 0, 0},  {"le", 1, 1, 0, 0},
        {"gt", 0, 0, 1, 0},  {"ge", 0, 1, 1, 0},  {"lo", 1, 0, 0, 0},  {"ls", 1, 1, 0, 0},
        {"hi", 0, 0, 1, 0},  {"hs", 0, 1, 1, 0},  {"equ", 0, 1, 0, 1}, {"neu", 1, 0, 1, 1},
        {"ltu", 1, 0, 0, 1}, {"leu", 1, 1, 0, 1}, {"gtu", 0, 0, 1, 1}, {"geu", 0, 1, 1, 1},
        {"num", 1, 1, 1, 0}, {"nan", 0, 0, 0, 1},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (strcmp(table[i].name, comparison) == 0) {
            return (less && table[i].less) || (equal && table[i].equal) || (greater && table[i].greater) ||
                   (unordered && table[i].unordered);
        }
    }
    return false;
}

static bool compare_integers(const char *comparison, const char *type, uint64_t a, uint64_t b) {
    const unsigned shift = 64 - type_bits(type);
    a <<= shift;
    b <<= shift;
    return type_is_signed(type) ? holds(comparison, (int64_t)a<(int64_t)b, a == b, (int64_t)a>(int64_t) b)
                                : holds(comparison, a<b, a == b, a> b);
}

static bool compare_reals(const char *comparison, const char *type, bool ftz, uint64_t a, uint64_t b) {
    double v[2];
    for (unsigned k = 0; k < 2; k++) {
        const uint64_t bits = k ? b : a;
        v[k] = strncmp(type, "f16", 3) == 0    ? half_value(bits)
               : strncmp(type, "bf16", 4) == 0 ? bf16_value(bits)
               : strcmp(type, "f32") == 0      ? (double)f32_value(bits)
                                               : f64_value(bits);
        const double least = type[1] == '1' ? 0x1p-14 : 0x1p-126;
        v[k] = ftz && fabs(v[k]) < least ? 0 : v[k];
    }
    return holds(comparison, v[0]<v[1], v[0] == v[1], v[0]> v[1]);
}

static bool combined(const struct opcode *op, bool r, const uint64_t in[4]) {
    const bool c = (in[2] & 1) != op->negated_last;
    return opcode_has(op, "and")   ? r && c
           : opcode_has(op, "or")  ? r || c
           : opcode_has(op, "xor") ? r != c
                                   : r;
}

static void evaluate(const struct opcode *op, const uint64_t in[4], unsigned carry, struct expected *want) {
    (void)carry;
    const char *type = opcode_type(op), *comparison = op->word[1];
    const bool ftz = opcode_has(op, "ftz"), pair = strchr(type, 'x'), real = strchr(type, 'f');
    bool low, high;
    if (real) {
        low = compare_reals(comparison, type, ftz, in[0], in[1]);
        high = pair ? compare_reals(comparison, type, ftz, in[0] >> 16, in[1] >> 16) : !low;
    } else {
        low = compare_integers(comparison, type, in[0], in[1]);
        high = !low;
    }
    low = combined(op, low, in);
    high = combined(op, high, in);
    if (strcmp(op->word[0], "setp") == 0) {
        want->bits = low;
        want->carry = high;
        return;
    }
    const char *to = op->word[op->count - 2];
    if (pair) {
        const uint64_t one = strcmp(to, "f16x2") == 0 ? 0x3c00 : strcmp(to, "bf16x2") == 0 ? 0x3f80 : 0xffff;
        want->bits = (low ? one : 0) | (high ? one << 16 : 0);
    } else {
        want->bits = !low                      ? 0
                     : strcmp(to, "f32") == 0  ? 0x3f800000
                     : strcmp(to, "f16") == 0  ? 0x3c00
                     : strcmp(to, "bf16") == 0 ? 0x3f80
                     : type_bits(to) == 16     ? 0xffff
                                               : 0xffffffff;
    }
}

static char letter_of(const char *type) {
    const unsigned bits = type_bits(type);
    return bits == 16 ? 'h' : bits == 32 ? 'w' : 'd';
}

static void try_one(unsigned c, unsigned s, unsigned r, unsigned b, bool ftz, unsigned *executed) {
    char text[64], signature[8];
    const bool set = *results[r];
    snprintf(text, sizeof text, "%s.%s%s%s%s%s%s.%s", set ? "set" : "setp", comparisons[c], b ? "." : "",
             combinations[b], ftz ? ".ftz" : "", set ? "." : "", results[r], sources[s]);
    const char source = letter_of(sources[s]);
    snprintf(signature, sizeof signature, "%c:%c%c%s", set ? letter_of(results[r]) : 'p', source, source,
             b ? "p" : "");
    struct opcode op;
    opcode_split(&op, text, signature);
    op.second = !set;
    op.negated_last = b && (c + s + r) % 2;
    const bool legal = is_legal(comparisons[c], ftz, results[r], sources[s]);
    /* each way to combine is the same code for all results: they take turns with the kinds of result */
    if (legal && (!set || b == (c + s + r) % COMBINATIONS)) {
        conform_check(&op, evaluate);
        ++*executed;
    } else {
        cr_assert_eq(conform_loads(&op), legal, "%s %s", text, legal ? "does not load" : "loads");
    }
}

static void try_source(unsigned s) {
    device_open((const char *const[]){"VGPU_DEVICE=b200", NULL});
    unsigned executed = 0;
    for (unsigned c = 0; c < COMPARISONS; c++) {
        for (unsigned r = 0; r < RESULTS; r++) {
            for (unsigned b = 0; b < COMBINATIONS; b++) {
                try_one(c, s, r, b, false, &executed);
                try_one(c, s, r, b, true, &executed);
            }
        }
    }
    printf("%s: %u forms executed\n", sources[s], executed);
}

/* One test for each type, so that they run side by side. */
#define SOURCE(name, number)                                                                                 \
    Test(compare, name) {                                                                                    \
        cr_assert_str_eq(#name, sources[number]);                                                            \
        try_source(number);                                                                                  \
    }
SOURCE(b16, 0)
SOURCE(b32, 1)
SOURCE(b64, 2)
SOURCE(u16, 3)
SOURCE(u32, 4)
SOURCE(u64, 5)
SOURCE(s16, 6)
SOURCE(s32, 7)
SOURCE(s64, 8)
SOURCE(f16, 9)
SOURCE(f16x2, 10)
SOURCE(bf16, 11)
SOURCE(bf16x2, 12)
SOURCE(f32, 13)
SOURCE(f64, 14)
