/* conform_bits: what logic, shifts, bit fields and selections must give, a bit at a time as the PTX ISA's own
 * definitions go. */
#include <math.h>
#include <string.h>

#include "conform.h"

static unsigned bit(uint64_t v, unsigned at) {
    return at < 64 ? (unsigned)(v >> at) & 1 : 0;
}

static uint64_t ones(unsigned width) {
    return width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
}

static uint64_t logic(const struct opcode *op, const uint64_t in[4]) {
    uint64_t r = 0;
    const unsigned width = type_bits(opcode_type(op));
    for (unsigned i = 0; i < width; i++) {
        const unsigned a = bit(in[0], i), b = bit(in[1], i);
        unsigned v;
        switch (op->word[0][0]) {
        case 'a': v = a && b; break;
        case 'o': v = a || b; break;
        case 'x': v = a != b; break;
        case 'l': v = bit(op->table, a * 4 + b * 2 + bit(in[2], i)); break;
        default: v = !a;
        }
        r |= (uint64_t)v << i;
    }
    return r;
}

/* lop3 d|p and _|p: what p must be, given d. */
static bool combined(const struct opcode *op, uint64_t d, const uint64_t in[4]) {
    return strcmp(op->word[1], "and") == 0 ? d != 0 && in[3] : d != 0 || in[3];
}

static uint64_t shift(const struct opcode *op, const uint64_t in[4]) {
    const unsigned width = type_bits(opcode_type(op));
    const uint64_t amount = in[1] & UINT32_MAX;
    const bool fill = type_is_signed(opcode_type(op)) && bit(in[0], width - 1);
    uint64_t r = 0;
    for (unsigned i = 0; i < width; i++) {
        const bool left = op->word[0][2] == 'l';
        const bool inside = left ? amount <= i : amount + i < width;
        const unsigned v =
            inside ? bit(in[0], left ? i - (unsigned)amount : i + (unsigned)amount) : !left && fill;
        r |= (uint64_t)v << i;
    }
    return r;
}

static uint64_t funnel(const struct opcode *op, const uint64_t in[4]) {
    const uint32_t a = (uint32_t)in[0], b = (uint32_t)in[1], c = (uint32_t)in[2];
    const unsigned n = opcode_has(op, "wrap") ? c & 31 : c < 32 ? c : 32;
    uint64_t r = 0;
    for (unsigned i = 0; i < 32; i++) {
        /* left: the upper word of b:a shifted left; right: the lower word shifted right */
        const unsigned from = opcode_has(op, "l") ? 32 + i - n : i + n;
        r |= (uint64_t)(from < 32 ? bit(a, from) : bit(b, from - 32)) << i;
    }
    return r;
}

static uint64_t count_bits(const struct opcode *op, const uint64_t in[4]) {
    const char *type = opcode_type(op);
    const unsigned width = type_bits(type);
    uint64_t r = 0;
    if (strcmp(op->word[0], "popc") == 0) {
        for (unsigned i = 0; i < width; i++) {
            r += bit(in[0], i);
        }
    } else if (strcmp(op->word[0], "clz") == 0) {
        while (r < width && !bit(in[0], width - 1 - (unsigned)r)) {
            r++;
        }
    } else if (strcmp(op->word[0], "brev") == 0) {
        for (unsigned i = 0; i < width; i++) {
            r |= (uint64_t)bit(in[0], i) << (width - 1 - i);
        }
    } else { /* bfind */
        const uint64_t a = type_is_signed(type) && bit(in[0], width - 1) ? ~in[0] : in[0];
        r = UINT32_MAX;
        for (unsigned i = 0; i < width; i++) {
            r = bit(a, i) ? i : r;
        }
        r = opcode_has(op, "shiftamt") && r != UINT32_MAX ? width - 1 - r : r;
    }
    return r;
}

static uint64_t field(const struct opcode *op, const uint64_t in[4]) {
    const char *type = opcode_type(op);
    const unsigned width = type_bits(type);
    if (op->word[0][2] == 'e') {
        const unsigned position = in[1] & 255, length = in[2] & 255, top = width - 1;
        const unsigned last = position + length - 1 < top ? position + length - 1 : top;
        const unsigned sign = type_is_signed(type) && length ? bit(in[0], last) : 0;
        uint64_t r = 0;
        for (unsigned i = 0; i < width; i++) {
            r |= (uint64_t)(i < length && position + i < width ? bit(in[0], position + i) : sign) << i;
        }
        return r;
    }
    const unsigned position = in[2] & 255, length = in[3] & 255;
    uint64_t r = in[1];
    for (unsigned i = 0; i < length && position + i < width; i++) {
        r = (r & ~((uint64_t)1 << (position + i))) | (uint64_t)bit(in[0], i) << (position + i);
    }
    return r;
}

static uint64_t mask_of(const struct opcode *op, const uint64_t in[4]) {
    const uint32_t a = (uint32_t)in[0], b = (uint32_t)in[1];
    const bool clamp = opcode_has(op, "clamp");
    if (strcmp(op->word[0], "bmsk") == 0) {
        uint64_t r = 0;
        for (unsigned i = 0; i < 32; i++) {
            const uint64_t start = clamp ? a : a & 31, length = clamp && b >= 32 ? 32 : b & 31;
            r |= (uint64_t)(i >= start && i < start + length) << i;
        }
        return r;
    }
    /* szext: the b lower bits, extended */
    const unsigned n = b & 31;
    if (clamp && b >= 32) {
        return a;
    }
    const bool sign = n && type_is_signed(opcode_type(op)) && bit(a, n - 1);
    return n ? ((a & ones(n)) | (sign ? ~ones(n) & UINT32_MAX : 0)) : 0;
}

static uint64_t find_nth(const uint64_t in[4]) {
    const uint32_t mask = (uint32_t)in[0], base = (uint32_t)in[1];
    const int32_t offset = (int32_t)in[2];
    if (offset == 0) {
        return base < 32 && bit(mask, base) ? base : UINT32_MAX;
    }
    int64_t count = offset < 0 ? -(int64_t)offset : offset;
    for (int64_t at = base; at >= 0 && at < 32; at += offset < 0 ? -1 : 1) {
        if (bit(mask, (unsigned)at) && --count == 0) {
            return (uint64_t)at;
        }
    }
    return UINT32_MAX;
}

static uint64_t permutation(const struct opcode *op, const uint64_t in[4]) {
    /* from the most significant byte of the result to the least, for each value of the selector */
    static const struct {
        const char *mode, *bytes[4];
    } modes[] = {
        {"f4e", {"3210", "4321", "5432", "6543"}}, {"b4e", {"5670", "6701", "7012", "0123"}},
        {"rc8", {"0000", "1111", "2222", "3333"}}, {"ecl", {"3210", "3211", "3222", "3333"}},
        {"ecr", {"0000", "1110", "2210", "3210"}}, {"rc16", {"1010", "3232", "1010", "3232"}},
    };
    uint8_t bytes[8];
    for (unsigned k = 0; k < 8; k++) {
        bytes[k] = (uint8_t)((k < 4 ? in[0] : in[1]) >> 8 * (k & 3));
    }
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (opcode_has(op, modes[i].mode)) {
            uint64_t r = 0;
            for (unsigned k = 0; k < 4; k++) {
                r = r << 8 | bytes[modes[i].bytes[in[2] & 3][k] - '0'];
            }
            return r;
        }
    }
    uint64_t r = 0;
    for (unsigned k = 0; k < 4; k++) {
        const unsigned selector = in[2] >> 4 * k & 15;
        const uint8_t byte = bytes[selector & 7];
        r |= (uint64_t)(selector & 8 ? (byte & 0x80 ? 0xff : 0) : byte) << 8 * k;
    }
    return r;
}

static uint64_t selection(const struct opcode *op, const uint64_t in[4]) {
    if (strcmp(op->word[0], "selp") == 0) {
        return in[2] & 1 ? in[0] : in[1];
    }
    if (strcmp(opcode_type(op), "f32") == 0) {
        float c = f32_value(in[2]);
        c = opcode_has(op, "ftz") ? f32_flush(c) : c;
        return c >= 0 ? in[0] : in[1];
    }
    return (int32_t)in[2] >= 0 ? in[0] : in[1];
}

static uint64_t conditional_not(const struct opcode *op, const uint64_t in[4]) {
    return (in[0] & ones(type_bits(opcode_type(op)))) == 0;
}

static uint64_t nth(const struct opcode *op, const uint64_t in[4]) {
    (void)op;
    return find_nth(in);
}

static const struct {
    const char *name;
    uint64_t (*compute)(const struct opcode *op, const uint64_t in[4]);
} operations[] = {
    {"and", logic},        {"or", logic},       {"xor", logic},
    {"not", logic},        {"lop3", logic},     {"cnot", conditional_not},
    {"shl", shift},        {"shr", shift},      {"shf", funnel},
    {"popc", count_bits},  {"clz", count_bits}, {"brev", count_bits},
    {"bfind", count_bits}, {"bfe", field},      {"bfi", field},
    {"bmsk", mask_of},     {"szext", mask_of},  {"fns", nth},
    {"prmt", permutation}, {"selp", selection}, {"slct", selection},
};

static void evaluate(const struct opcode *op, const uint64_t in[4], unsigned carry, struct expected *want) {
    (void)carry;
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        if (strcmp(operations[i].name, op->word[0]) == 0) {
            want->bits = operations[i].compute(op, in);
        }
    }
    if (op->second) {
        want->carry = combined(op, want->bits, in);
    } else if (op->to_sink) {
        want->bits = combined(op, want->bits, in);
    }
}

evaluate_fn *family_bits(const struct opcode *op) {
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        if (strcmp(operations[i].name, op->word[0]) == 0) {
            return evaluate;
        }
    }
    return NULL;
}
