/* conform_integer: what integer arithmetic must give. Everything is computed in 128 bits and cut to size. */
#include <stdlib.h>
#include <string.h>

#include "conform.h"

typedef __int128 wide;
typedef unsigned __int128 uwide;

static wide extended(uint64_t bits, unsigned width, bool is_signed) {
    uint64_t v = width == 64 ? bits : bits & (((uint64_t)1 << width) - 1);
    if (is_signed && width < 64 && v >> (width - 1)) {
        v |= ~(uint64_t)0 << width;
    }
    return is_signed ? (wide)(int64_t)v : (wide)v;
}

static uint64_t cut(wide v, unsigned width) {
    return width == 64 ? (uint64_t)v : (uint64_t)v & (((uint64_t)1 << width) - 1);
}

static wide saturated(wide v) {
    return v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : v;
}

struct arithmetic {
    const struct opcode *op;
    unsigned width;
    bool is_signed;
    wide a, b, c;
    const uint64_t *in;
};

static bool named(const struct arithmetic *x, const char *name) {
    return strcmp(x->op->word[0], name) == 0;
}

static bool has(const struct arithmetic *x, const char *word) {
    return opcode_has(x->op, word);
}

/* The part of the product that .lo, .hi or .wide asks for. */
static wide product(const struct arithmetic *x) {
    if (named(x, "mul24") || named(x, "mad24")) {
        const wide p = extended(x->in[0], 24, x->is_signed) * extended(x->in[1], 24, x->is_signed);
        return has(x, "hi") ? extended((uint64_t)(p >> 16), 32, x->is_signed) : p;
    }
    const uwide p = (uwide)x->a * (uwide)x->b;
    if (!has(x, "hi")) {
        return (wide)p;
    }
    /* the sign is that of the whole product */
    return x->width == 64 ? extended((uint64_t)(p >> 64), 64, x->is_signed)
                          : (wide)((x->is_signed ? (uwide)((wide)p >> x->width) : p >> x->width));
}

static wide quotient(const struct arithmetic *x, bool rest) {
    if (x->b == 0) {
        return rest ? x->a : -1; /* left open by PTX; what hardware gives */
    }
    return rest ? x->a % x->b : x->a / x->b;
}

static wide extreme(const struct arithmetic *x, wide a, wide b) {
    const wide r = named(x, "min") ? (a < b ? a : b) : a > b ? a : b;
    return has(x, "relu") && r < 0 ? 0 : r;
}

static void evaluate_pairs(const struct opcode *op, const uint64_t in[4], unsigned carry,
                           struct expected *want) {
    (void)carry;
    const bool is_signed = type_is_signed(opcode_type(op));
    struct arithmetic x = {.op = op};
    for (unsigned k = 0; k < 2; k++) {
        const wide a = extended(in[0] >> 16 * k, 16, is_signed), b = extended(in[1] >> 16 * k, 16, is_signed);
        const wide r = strcmp(op->word[0], "add") == 0 ? a + b : extreme(&x, a, b);
        want->bits |= cut(r, 16) << 16 * k;
    }
}

static void evaluate_carry(const struct arithmetic *x, unsigned carry, struct expected *want) {
    const char last = x->op->word[0][strlen(x->op->word[0]) - 1];
    const wide with = last == 'c' ? (wide)carry : 0;
    const uwide limit = (uwide)1 << x->width;
    uwide r;
    if (x->op->word[0][0] == 's') {
        r = (uwide)cut(x->a, x->width) + limit - cut(x->b, x->width) - (uwide)with;
        want->carry = r < limit;
    } else {
        const uint64_t first = x->op->word[0][0] == 'm' ? cut(product(x), x->width) : cut(x->a, x->width);
        const uint64_t second = cut(x->op->word[0][0] == 'm' ? x->c : x->b, x->width);
        r = (uwide)first + second + (uwide)with;
        want->carry = r >= limit;
    }
    want->bits = cut((wide)r, x->width);
}

static void evaluate_dots(const struct opcode *op, const uint64_t in[4], struct expected *want) {
    const bool four = strcmp(op->word[0], "dp4a") == 0, high = opcode_has(op, "hi");
    const char *a_type = op->word[op->count - 2], *b_type = op->word[op->count - 1];
    wide sum = (wide)(uint32_t)in[2];
    for (unsigned k = 0; k < (four ? 4 : 2); k++) {
        const wide a = four ? extended(in[0] >> 8 * k, 8, type_is_signed(a_type))
                            : extended(in[0] >> 16 * k, 16, type_is_signed(a_type));
        sum += a * extended(in[1] >> 8 * (k + (high ? 2 : 0)), 8, type_is_signed(b_type));
    }
    want->bits = cut(sum, 32);
}

static void evaluate(const struct opcode *op, const uint64_t in[4], unsigned carry, struct expected *want) {
    const char *type = opcode_type(op);
    struct arithmetic x = {.op = op, .width = type_bits(type), .is_signed = type_is_signed(type), .in = in};
    x.a = extended(in[0], x.width, x.is_signed);
    x.b = extended(in[1], x.width, x.is_signed);
    x.c = extended(in[2], has(&x, "wide") ? 2 * x.width : x.width, x.is_signed);
    unsigned out = has(&x, "wide") ? 2 * x.width : x.width;
    wide r = 0;
    if (has(&x, "cc") || named(&x, "addc") || named(&x, "subc") || named(&x, "madc")) {
        evaluate_carry(&x, carry, want);
        return;
    }
    if (named(&x, "dp4a") || named(&x, "dp2a")) {
        evaluate_dots(op, in, want);
        return;
    }
    if (named(&x, "add")) {
        r = x.a + x.b;
    } else if (named(&x, "sub")) {
        r = x.a - x.b;
    } else if (named(&x, "mul") || named(&x, "mul24")) {
        r = product(&x);
    } else if (named(&x, "mad") || named(&x, "mad24")) {
        r = product(&x) + x.c;
    } else if (named(&x, "sad")) {
        r = x.c + (x.a < x.b ? x.b - x.a : x.a - x.b);
    } else if (named(&x, "div") || named(&x, "rem")) {
        r = quotient(&x, named(&x, "rem"));
    } else if (named(&x, "abs")) {
        r = x.a < 0 ? -x.a : x.a;
    } else if (named(&x, "neg")) {
        r = -x.a;
    } else if (named(&x, "vabsdiff4")) {
        out = 32;
        uint64_t sum = 0;
        for (unsigned k = 0; k < 32; k += 8) {
            const wide d = extended(in[0] >> k, 8, false) - extended(in[1] >> k, 8, false);
            sum += has(&x, "add") ? cut(d < 0 ? -d : d, 8) : cut(d < 0 ? -d : d, 8) << k;
        }
        r = (wide)(sum + (has(&x, "add") ? (uint32_t)in[2] : 0));
    } else {
        r = extreme(&x, x.a, x.b);
    }
    want->bits = cut(has(&x, "sat") ? saturated(r) : r, out);
}

evaluate_fn *family_integer(const struct opcode *op) {
    static const char *const names[] = {"add",  "sub",  "mul",  "mad",  "mul24",    "mad24", "sad",
                                        "div",  "rem",  "abs",  "neg",  "min",      "max",   "addc",
                                        "subc", "madc", "dp4a", "dp2a", "vabsdiff4"};
    const char *type = opcode_type(op);
    if (*type != 'u' && *type != 's') {
        return NULL;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], op->word[0]) == 0) {
            return strchr(type, 'x') ? evaluate_pairs : evaluate;
        }
    }
    return NULL;
}
