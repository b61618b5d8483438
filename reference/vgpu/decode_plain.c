/* decode_plain: instructions that only read and write registers: those of the table, mov, cvt, cvta, setp and
 * set. */
#include <stdio.h>
#include <string.h>

#include "convert.h"
#include "lower.h"
#include "soft.h"

/* ---- opcodes as words ---- */

void words_split(struct lowering *l, struct words *w, const char *opcode) {
    *w = (struct words){0};
    if (strlen(opcode) >= sizeof w->text) {
        lower_fail(l, "instruction is not supported");
    }
    strcpy(w->text, opcode);
    for (char *at = w->text; at; w->count++) {
        if (w->count == MAX_WORDS) {
            lower_fail(l, "instruction is not supported");
        }
        w->word[w->count] = at;
        at = strchr(at, '.');
        if (at) {
            *at++ = 0;
        }
    }
    w->taken = 1;
}

bool words_take(struct words *w, const char *word) {
    for (unsigned i = 1; i < w->count; i++) {
        if (!(w->taken >> i & 1) && strcmp(w->word[i], word) == 0) {
            w->taken |= 1u << i;
            return true;
        }
    }
    return false;
}

struct ptx_type words_take_type(struct words *w, const char **name) {
    for (unsigned i = 1; i < w->count; i++) {
        const struct ptx_type type = ptx_type_of(w->word[i]);
        if (!(w->taken >> i & 1) && type.kind) {
            w->taken |= 1u << i;
            if (name) {
                *name = w->word[i];
            }
            return type;
        }
    }
    return (struct ptx_type){0};
}

void words_done(struct lowering *l, const struct words *w) {
    if (w->taken != (1u << w->count) - 1) {
        lower_fail(l, "instruction is not supported");
    }
}

/* ---- the table ---- */

static unsigned letter_bits(char c) {
    return c == 'p' ? 1 : c == 'h' ? 16 : c == 'w' ? 32 : 64;
}

static unsigned row_operands(const struct op_row *row) {
    return (unsigned)strlen(row->signature) - 1;
}

bool decode_table(struct lowering *l, const struct ptx_instruction *p) {
    const struct op_row *row = op_find(p->opcode);
    if (!row || p->count != row_operands(row)) {
        char other[64]; /* "min.f32#3": the form with three sources */
        snprintf(other, sizeof other, "%.56s#%u", p->opcode, p->count - 1);
        const struct op_row *form = op_find(other);
        if (row && !form) {
            lower_fail(l, "wrong number of operands");
        }
        row = form;
    }
    if (!row) {
        return false;
    }
    const char *colon = strchr(row->signature, ':');
    const unsigned defs = (unsigned)(colon - row->signature), uses = (unsigned)strlen(colon + 1);
    uint32_t op[INST_OPERANDS];
    for (unsigned i = 0; i < defs; i++) {
        op[i] = lower_target(l, &p->operands[i], letter_bits(row->signature[i]));
    }
    for (unsigned i = 0; i < uses; i++) {
        op[defs + i] = lower_source(l, &p->operands[defs + i], letter_bits(colon[1 + i]), false);
    }
    struct inst *in = lower_emit(l);
    in->run = row->run;
    in->kind = INST_PLAIN;
    in->pipe = row->pipe;
    in->sub = row->sub;
    in->defs = (uint8_t)defs;
    in->used = (uint8_t)(defs + uses);
    memcpy(in->op, op, (defs + uses) * sizeof *op);
    return true;
}

/* ---- mov ---- */

static struct inst *emit_plain(struct lowering *l, const char *name, unsigned defs, unsigned used,
                               const uint32_t *op) {
    exec_fn *run = exec_find(name);
    if (!run) {
        lower_fail(l, "instruction is not supported");
    }
    struct inst *in = lower_emit(l);
    in->run = run;
    in->defs = (uint8_t)defs;
    in->used = (uint8_t)used;
    memcpy(in->op, op, used * sizeof *op);
    return in;
}

static void move_pack(struct lowering *l, const struct ptx_instruction *p, unsigned bits) {
    const struct ptx_operand *from = &p->operands[1];
    uint32_t op[INST_OPERANDS];
    op[0] = lower_target(l, &p->operands[0], bits);
    if (from->count != 2 && !(from->count == 4 && bits == 64)) {
        lower_fail(l, "vector of this size is not supported");
    }
    const unsigned part = bits / from->count;
    for (uint32_t i = 0; i < from->count; i++) {
        op[1 + i] = lower_source(l, &from->list[i], part, false);
    }
    emit_plain(l,
               from->count == 4 ? "pack.4x16"
               : part == 16     ? "pack.16"
                                : "pack.32",
               1, 1 + from->count, op);
}

static void move_unpack(struct lowering *l, const struct ptx_instruction *p, unsigned bits) {
    const struct ptx_operand *to = &p->operands[0];
    if (to->count != 2 && !(to->count == 4 && bits == 64)) {
        lower_fail(l, "vector of this size is not supported");
    }
    const unsigned part = bits / to->count;
    uint32_t *list = lower_alloc(l, to->count * sizeof *list);
    for (uint32_t i = 0; i < to->count; i++) {
        list[i] = lower_target(l, &to->list[i], part);
    }
    const uint32_t source = lower_source(l, &p->operands[1], bits, false);
    struct inst *in = emit_plain(l,
                                 bits == 32   ? "unpack.32.16"
                                 : part == 32 ? "unpack.64.32"
                                              : "unpack.64.16",
                                 0, 1, &source);
    in->list = list;
    in->count = in->list_defs = (uint8_t)to->count;
    in->lists_registers = true;
}

static bool is_clock(const char *name) {
    return strncmp(name, "%clock", 6) == 0 || strncmp(name, "%globaltimer", 12) == 0;
}

static void move_plain(struct lowering *l, const struct ptx_instruction *p, unsigned bits) {
    const struct ptx_operand *from = &p->operands[1];
    uint32_t op[2] = {lower_target(l, &p->operands[0], bits), 0};
    if (from->kind == PTX_OP_SPECIAL && is_clock(from->name)) {
        if (strstr(from->name, "_hi")) {
            op[1] = lower_constant(l, 0, 4);
            emit_plain(l, "mov.32", 1, 2, op);
            return;
        }
        emit_plain(l, bits == 64 ? "clock.64" : "clock.32", 1, 1, op);
        return;
    }
    if (from->kind == PTX_OP_SPECIAL && bits == 16) {
        lower_fail(l, "special register does not fit");
    }
    if (from->kind == PTX_OP_IMMEDIATE && bits == 1) {
        op[1] = lower_constant(l, from->value != 0, 4);
        emit_plain(l, "mov.pred.constant", 1, 2, op);
        return;
    }
    op[1] = lower_source(l, from, bits, false);
    emit_plain(l, bits == 1 ? "mov.pred" : bits == 64 ? "mov.64" : "mov.32", 1, 2, op);
}

/* The address of a variable: for .param and .local, generic only after cvta. */
static bool decode_mov(struct lowering *l, struct words *w, const struct ptx_instruction *p) {
    const struct ptx_type type = words_take_type(w, NULL);
    words_done(l, w);
    if (!type.kind || p->count != 2 || (type.kind != 'p' && type.bits < 16)) {
        lower_fail(l, "instruction is not supported");
    }
    if (type.kind == 'p' && p->operands[1].kind == PTX_OP_IMMEDIATE) {
        const uint32_t op[2] = {lower_target(l, &p->operands[0], 1),
                                lower_constant(l, p->operands[1].value ? UINT32_MAX : 0, 4)};
        emit_plain(l, "mov.pred", 1, 2, op);
    } else if (p->operands[1].kind == PTX_OP_LIST) {
        move_pack(l, p, type.bits);
    } else if (p->operands[0].kind == PTX_OP_LIST) {
        move_unpack(l, p, type.bits);
    } else {
        move_plain(l, p, type.bits);
    }
    return true;
}

/* ---- cvt ---- */

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

static unsigned cvt_modifiers(struct words *w) {
    static const struct {
        const char *word;
        unsigned sub;
    } modifiers[] = {
        {"rn", ROUND_NEAREST},
        {"rz", ROUND_ZERO},
        {"rm", ROUND_DOWN},
        {"rp", ROUND_UP},
        {"rna", ROUND_AWAY},
        {"rni", ROUND_NEAREST | CVT_INTEGER},
        {"rzi", ROUND_ZERO | CVT_INTEGER},
        {"rmi", ROUND_DOWN | CVT_INTEGER},
        {"rpi", ROUND_UP | CVT_INTEGER},
        {"ftz", CVT_FTZ},
        {"sat", CVT_SAT},
        {"relu", CVT_RELU},
    };
    unsigned sub = 0;
    for (size_t i = 0; i < sizeof modifiers / sizeof *modifiers; i++) {
        if (words_take(w, modifiers[i].word)) {
            sub |= modifiers[i].sub;
        }
    }
    return sub;
}

static uint32_t cvt_source(struct lowering *l, const struct ptx_operand *o, int type, enum reg_class *class) {
    if (o->kind == PTX_OP_REG || o->kind == PTX_OP_SPECIAL) {
        *class = REG_32;
        return lower_any(l, o, false, class);
    }
    const unsigned bits = type == CVT_F64 || type == CVT_U64 || type == CVT_S64 ? 64 : 32;
    *class = bits == 64 ? REG_64 : REG_32;
    return lower_source(l, o, bits, false);
}

static void cvt_pair(struct lowering *l, struct words *w, const struct ptx_instruction *p, unsigned sub) {
    const char *to = w->word[w->count - 2], *from = w->word[w->count - 1];
    if (p->count != 3 || strcmp(from, "f32") != 0) {
        lower_fail(l, "instruction is not supported");
    }
    const uint32_t op[3] = {lower_target(l, &p->operands[0], 32), lower_source(l, &p->operands[1], 32, true),
                            lower_source(l, &p->operands[2], 32, true)};
    struct inst *in = emit_plain(l, "cvt.pair", 1, 3, op);
    in->sub = (uint8_t)sub;
    in->aux = strcmp(to, "f16x2") == 0 ? CVT_F16 : CVT_BF16;
}

static bool decode_cvt(struct lowering *l, struct words *w, const struct ptx_instruction *p) {
    if (w->count < 3) {
        lower_fail(l, "instruction is not supported");
    }
    const unsigned sub = cvt_modifiers(w);
    const char *to_name = w->word[w->count - 2], *from_name = w->word[w->count - 1];
    w->taken |= 3u << (w->count - 2);
    words_done(l, w);
    if (strcmp(to_name, "f16x2") == 0 || strcmp(to_name, "bf16x2") == 0) {
        cvt_pair(l, w, p, sub);
        return true;
    }
    const int to = cvt_type(to_name), from = cvt_type(from_name);
    if (to < 0 || from < 0 || from == CVT_TF32 || p->count != 2) {
        lower_fail(l, "instruction is not supported");
    }
    enum reg_class to_class = REG_32, from_class = REG_32;
    uint32_t op[2];
    op[1] = cvt_source(l, &p->operands[1], from, &from_class);
    op[0] = lower_any(l, &p->operands[0], true, &to_class);
    if (to_class == REG_PREDICATE || from_class == REG_PREDICATE) {
        lower_fail(l, "operand has the wrong width");
    }
    char name[16];
    snprintf(name, sizeof name, "cvt.%d.%d", from_class == REG_64 ? 64 : 32, to_class == REG_64 ? 64 : 32);
    struct inst *in = emit_plain(l, name, 1, 2, op);
    in->sub = (uint8_t)sub;
    in->bytes = (uint8_t)from;
    in->aux = (uint8_t)to;
    const struct ptx_operand *d = &p->operands[0];
    in->flags = d->kind == PTX_OP_REG && d->symbol->type.bits == 16 ? FLAG_WIDE_DATA : 0;
    in->pipe = from >= CVT_F64 || to == CVT_F64       ? PIPE_FP64
               : (from >= CVT_F16) != (to >= CVT_F16) ? PIPE_SFU
                                                      : PIPE_ALU;
    return true;
}

/* ---- cvta, isspacep ---- */

static uint64_t window_of(struct lowering *l, struct words *w) {
    static const struct {
        const char *name;
        uint64_t base;
    } windows[] = {
        {"global", 0},
        {"const", 0},
        {"shared", VGPU_SHARED_BASE},
        {"shared::cta", VGPU_SHARED_BASE},
        {"shared::cluster", VGPU_SHARED_BASE},
        {"local", VGPU_LOCAL_BASE},
        {"param", VGPU_PARAM_BASE},
        {"param::entry", VGPU_PARAM_BASE},
    };
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        if (words_take(w, windows[i].name)) {
            return windows[i].base;
        }
    }
    lower_fail(l, "instruction is not supported");
}

static bool decode_cvta(struct lowering *l, struct words *w, const struct ptx_instruction *p) {
    const bool back = words_take(w, "to");
    const uint64_t base = window_of(l, w);
    const struct ptx_type type = words_take_type(w, NULL);
    words_done(l, w);
    if (type.bits != 64 || p->count != 2) {
        lower_fail(l, "instruction is not supported");
    }
    const uint32_t op[2] = {lower_target(l, &p->operands[0], 64),
                            lower_source(l, &p->operands[1], 64, false)};
    struct inst *in = emit_plain(l, "cvta", 1, 2, op);
    in->imm = (int64_t)base;
    in->sub = back;
    return true;
}

static bool decode_isspacep(struct lowering *l, struct words *w, const struct ptx_instruction *p) {
    uint64_t base = window_of(l, w);
    words_done(l, w);
    if (p->count != 2) {
        lower_fail(l, "wrong number of operands");
    }
    const uint32_t op[2] = {lower_target(l, &p->operands[0], 1), lower_source(l, &p->operands[1], 64, false)};
    struct inst *in = emit_plain(l, "isspacep", 1, 2, op);
    in->sub = base == 0;
    in->imm = (int64_t)(base ? base : VGPU_GLOBAL_BASE);
    return true;
}

bool decode_move(struct lowering *l, const struct ptx_instruction *p) {
    struct words w;
    words_split(l, &w, p->opcode);
    static const struct {
        const char *name;
        bool (*decode)(struct lowering *, struct words *, const struct ptx_instruction *);
    } operations[] = {
        {"mov", decode_mov}, {"cvt", decode_cvt}, {"cvta", decode_cvta}, {"isspacep", decode_isspacep}};
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        if (strcmp(operations[i].name, w.word[0]) == 0) {
            return operations[i].decode(l, &w, p);
        }
    }
    return false;
}

/* ---- setp, set ---- */

static const char *take_comparison(struct lowering *l, struct words *w) {
    static const char *const comparisons[] = {"eq", "ne",  "lt",  "le",  "gt",  "ge",  "lo",  "ls",  "hi",
                                              "hs", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"};
    for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++) {
        if (words_take(w, comparisons[i])) {
            return comparisons[i];
        }
    }
    lower_fail(l, "instruction is not supported");
}

bool decode_compare(struct lowering *l, const struct ptx_instruction *p) {
    struct words w;
    words_split(l, &w, p->opcode);
    const bool is_set = strcmp(w.word[0], "set") == 0;
    if (!is_set && strcmp(w.word[0], "setp") != 0) {
        return false;
    }
    const char *comparison = take_comparison(l, &w);
    const unsigned combine = words_take(&w, "and")   ? 1
                             : words_take(&w, "or")  ? 2
                             : words_take(&w, "xor") ? 3
                                                     : 0;
    const bool ftz = words_take(&w, "ftz");
    const struct ptx_type to = is_set ? words_take_type(&w, NULL) : (struct ptx_type){'p', 1};
    const char *type_name = "";
    const struct ptx_type type = words_take_type(&w, &type_name);
    words_done(l, &w);
    char name[24];
    snprintf(name, sizeof name, "%s.%s%s", comparison, ftz ? "ftz." : "", type_name);
    if (p->count != 3u + (combine != 0) || (is_set && to.bits != 32) || !type.kind) {
        lower_fail(l, "instruction is not supported");
    }
    uint32_t op[INST_OPERANDS];
    op[0] = lower_target(l, &p->operands[0], is_set ? 32 : 1);
    op[1] = p->operands[0].second ? lower_symbol_register(l, p->operands[0].second)
                                  : lower_register(l, REG_PREDICATE);
    if (lower_class(l, op[1]) != REG_PREDICATE) {
        lower_fail(l, "operand has the wrong width");
    }
    op[2] = lower_source(l, &p->operands[1], type.bits, type.kind == 'f');
    op[3] = lower_source(l, &p->operands[2], type.bits, type.kind == 'f');
    bool negated = false;
    if (combine) {
        struct ptx_operand c = p->operands[3];
        negated = c.negated;
        c.negated = false;
        op[4] = lower_source(l, &c, 1, false);
    }
    struct inst *in = emit_plain(l, name, 2, combine ? 5 : 4, op);
    in->aux = (uint8_t)combine;
    in->flags = negated ? FLAG_NEGATED : 0;
    in->space = !is_set ? 0 : to.kind == 'f' ? 2 : 1;
    return true;
}
