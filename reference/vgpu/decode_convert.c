/* decode_convert: cvt, with the combinations of types, roundings and modifiers that PTX has. */
#include <stdio.h>
#include <string.h>

#include "convert.h"
#include "lower.h"
#include "soft.h"

static int cvt_type(const char *name) {
    static const char *const types[] = {"u8",  "s8",  "u16",  "s16", "u32", "s32", "u64",
                                        "s64", "f16", "bf16", "f32", "f64", "tf32"};
    for (int i = 0; i < (int)(sizeof types / sizeof *types); i++) {
        if (strcmp(types[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

/* Not part of inst->sub: a rounding is named; several are, which is all bits set. */
enum { CVT_ROUNDED = 256, CVT_REFUSED = 511 };

static unsigned cvt_modifiers(struct words *w) {
    static const struct {
        const char *word;
        unsigned sub;
    } modifiers[] = {
        {"rn", ROUND_NEAREST | CVT_ROUNDED},
        {"rz", ROUND_ZERO | CVT_ROUNDED},
        {"rm", ROUND_DOWN | CVT_ROUNDED},
        {"rp", ROUND_UP | CVT_ROUNDED},
        {"rna", ROUND_AWAY | CVT_ROUNDED},
        {"rni", ROUND_NEAREST | CVT_INTEGER | CVT_ROUNDED},
        {"rzi", ROUND_ZERO | CVT_INTEGER | CVT_ROUNDED},
        {"rmi", ROUND_DOWN | CVT_INTEGER | CVT_ROUNDED},
        {"rpi", ROUND_UP | CVT_INTEGER | CVT_ROUNDED},
        {"ftz", CVT_FTZ},
        {"sat", CVT_SAT},
        {"relu", CVT_RELU},
        {"satfinite", CVT_SATFINITE},
    };
    unsigned sub = 0;
    for (size_t i = 0; i < sizeof modifiers / sizeof *modifiers; i++) {
        if (words_take(w, modifiers[i].word)) {
            const bool twice = (sub & CVT_ROUNDED) && (modifiers[i].sub & CVT_ROUNDED);
            sub = twice ? CVT_REFUSED : sub | modifiers[i].sub;
        }
    }
    return sub;
}

static unsigned cvt_bits(int type) {
    static const uint8_t bits[] = {8, 8, 16, 16, 32, 32, 64, 64, 16, 16, 32, 64, 32};
    return bits[type];
}

/* A register may be wider than an integer, of which it has the low bits, and no float. */
static void require_width(struct lowering *l, const struct ptx_operand *o, int type) {
    const unsigned bits = o->kind == PTX_OP_REG ? o->symbol->type.bits : 32;
    if ((o->kind == PTX_OP_REG || o->kind == PTX_OP_SPECIAL) &&
        (type >= CVT_F16 ? bits != cvt_bits(type) : bits < cvt_bits(type))) {
        lower_fail(l, "operand has the wrong width");
    }
}

static uint32_t cvt_source(struct lowering *l, const struct ptx_operand *o, int type, enum reg_class *class) {
    if (o->kind == PTX_OP_REG || o->kind == PTX_OP_SPECIAL) {
        *class = REG_32;
        return lower_any(l, o, false, class);
    }
    const bool is_real = type >= CVT_F16;
    const unsigned bits = !is_real && cvt_bits(type) < 32 ? 32 : cvt_bits(type);
    *class = bits == 64 ? REG_64 : REG_32;
    return lower_source(l, o, bits, is_real ? 'f' : 's');
}

static bool real_is_allowed(int to, int from, bool integral, bool rounded) {
    if (to == from) {
        return integral || !rounded;
    }
    if (integral) {
        return false;
    }
    if (from == CVT_BF16 || cvt_bits(to) == cvt_bits(from)) {
        return true; /* a rounding that has nothing to do is accepted there */
    }
    return rounded == (cvt_bits(to) < cvt_bits(from));
}

/* What .relu and .satfinite are for, from f32. */
static bool is_narrow(int to) {
    return to == CVT_F16 || to == CVT_BF16 || to == CVT_TF32;
}

/* PTX ISA, section 9.7.9.21: which roundings and modifiers the types ask for and allow. */
static bool is_allowed(int to, int from, unsigned sub) {
    const bool to_real = to >= CVT_F16, from_real = from >= CVT_F16;
    const bool rounded = sub & CVT_ROUNDED, integral = sub & CVT_INTEGER;
    const bool away = (sub & CVT_ROUNDING) == ROUND_AWAY,
               up_or_down = (sub & CVT_ROUNDING) == ROUND_DOWN || (sub & CVT_ROUNDING) == ROUND_UP;
    if (sub == CVT_REFUSED || (away && to != CVT_TF32)) {
        return false;
    }
    if ((sub & (CVT_RELU | CVT_SATFINITE)) && (from != CVT_F32 || !is_narrow(to) || !rounded || integral ||
                                               up_or_down || (sub & (CVT_FTZ | CVT_SAT)))) {
        return false;
    }
    if (to == CVT_TF32) {
        return from == CVT_F32 && rounded && !integral && !up_or_down && !(sub & (CVT_FTZ | CVT_SAT)) &&
               !(away && (sub & CVT_RELU));
    }
    if ((sub & CVT_FTZ) && to != CVT_F32 && from != CVT_F32) {
        return false;
    }
    if ((sub & CVT_SAT) && (to == CVT_BF16 || from == CVT_BF16)) {
        return false;
    }
    if (to_real && from_real) {
        return real_is_allowed(to, from, integral, rounded);
    }
    return from_real ? rounded && integral : to_real ? rounded && !integral : !rounded;
}

/* Two f32 into the halves of a register. */
static void cvt_pair(struct lowering *l, int to, const struct ptx_instruction *p, unsigned sub) {
    const unsigned rounding = sub & CVT_ROUNDING;
    if (p->count != 3 || !is_allowed(to, CVT_F32, sub) || (sub & (CVT_FTZ | CVT_SAT)) ||
        (rounding != ROUND_NEAREST && rounding != ROUND_ZERO)) {
        lower_fail(l, "instruction is not supported");
    }
    const uint32_t op[3] = {lower_target(l, &p->operands[0], 32), lower_source(l, &p->operands[1], 32, 'f'),
                            lower_source(l, &p->operands[2], 32, 'f')};
    struct inst *in = decode_emit(l, "cvt.pair", 1, 3, op);
    in->sub = (uint8_t)sub;
    in->aux = (uint8_t)to;
}

static void cvt_one(struct lowering *l, int to, int from, const struct ptx_instruction *p, unsigned sub) {
    if (to < 0 || from < 0 || from == CVT_TF32 || p->count != 2 || !is_allowed(to, from, sub)) {
        lower_fail(l, "instruction is not supported");
    }
    enum reg_class to_class = REG_32, from_class = REG_32;
    uint32_t op[2];
    op[1] = cvt_source(l, &p->operands[1], from, &from_class);
    op[0] = lower_any(l, &p->operands[0], true, &to_class);
    require_width(l, &p->operands[0], to);
    require_width(l, &p->operands[1], from);
    if (to_class == REG_PREDICATE || from_class == REG_PREDICATE) {
        lower_fail(l, "operand has the wrong width");
    }
    char name[16];
    snprintf(name, sizeof name, "cvt.%d.%d", from_class == REG_64 ? 64 : 32, to_class == REG_64 ? 64 : 32);
    struct inst *in = decode_emit(l, name, 1, 2, op);
    in->sub = (uint8_t)sub;
    in->bytes = (uint8_t)from;
    in->aux = (uint8_t)to;
    const struct ptx_operand *d = &p->operands[0];
    in->flags = d->kind == PTX_OP_REG && d->symbol->type.bits == 16 ? FLAG_WIDE_DATA : 0;
    in->pipe = from >= CVT_F64 || to == CVT_F64       ? PIPE_FP64
               : (from >= CVT_F16) != (to >= CVT_F16) ? PIPE_SFU
                                                      : PIPE_ALU;
}

bool decode_convert(struct lowering *l, const struct ptx_instruction *p) {
    struct words w;
    words_split(l, &w, p->opcode);
    if (strcmp(w.word[0], "cvt") != 0) {
        return false;
    }
    if (w.count < 3) {
        lower_fail(l, "instruction is not supported");
    }
    const unsigned sub = cvt_modifiers(&w);
    const char *to = w.word[w.count - 2], *from = w.word[w.count - 1];
    w.taken |= 3u << (w.count - 2);
    words_done(l, &w);
    const bool half = strcmp(to, "f16x2") == 0;
    if ((half || strcmp(to, "bf16x2") == 0) && strcmp(from, "f32") == 0) {
        cvt_pair(l, half ? CVT_F16 : CVT_BF16, p, sub);
    } else {
        cvt_one(l, cvt_type(to), cvt_type(from), p, sub);
    }
    return true;
}
