/* decode_plain: instructions that only read and write registers: those of the table, mov, cvta, isspacep and
 * lop3. */
#include <stdio.h>
#include <string.h>

#include "lower.h"

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

/* The registers are as wide as the row's. */
static bool fits_exactly(const struct ptx_instruction *p, const struct op_row *row) {
    const char *letter = row->signature;
    for (uint32_t i = 0; i < p->count; i++, letter++) {
        letter += *letter == ':';
        if (p->operands[i].kind == PTX_OP_REG && p->operands[i].symbol->type.bits != letter_bits(*letter)) {
            return false;
        }
    }
    return true;
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
    if (strncmp(p->opcode, "cvt.", 4) == 0 && !fits_exactly(p, row)) {
        return false; /* registers wider than the type: decode_convert() */
    }
    const char *colon = strchr(row->signature, ':'), *dot = strrchr(p->opcode, '.');
    /* of the sources; those of slct differ */
    const char kind = dot && strncmp(p->opcode, "slct.", 5) != 0 ? ptx_type_of(dot + 1).kind : 'b';
    const unsigned defs = (unsigned)(colon - row->signature), uses = (unsigned)strlen(colon + 1);
    uint32_t op[INST_OPERANDS];
    for (unsigned i = 0; i < defs; i++) {
        op[i] = lower_target(l, &p->operands[i], letter_bits(row->signature[i]));
    }
    for (unsigned i = 0; i < uses; i++) {
        op[defs + i] = lower_source(l, &p->operands[defs + i], letter_bits(colon[1 + i]), kind);
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

struct inst *decode_emit(struct lowering *l, const char *name, unsigned defs, unsigned used,
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
    if (bits < 32 || (from->count != 2 && !(from->count == 4 && bits == 64))) {
        lower_fail(l, "vector of this size is not supported");
    }
    const unsigned part = bits / from->count;
    for (uint32_t i = 0; i < from->count; i++) {
        op[1 + i] = lower_source(l, &from->list[i], part, 'b');
    }
    decode_emit(l,
                from->count == 4 ? "pack.4x16"
                : part == 16     ? "pack.16"
                                 : "pack.32",
                1, 1 + from->count, op);
}

static void move_unpack(struct lowering *l, const struct ptx_instruction *p, unsigned bits) {
    const struct ptx_operand *to = &p->operands[0];
    if (bits < 32 || (to->count != 2 && !(to->count == 4 && bits == 64))) {
        lower_fail(l, "vector of this size is not supported");
    }
    const unsigned part = bits / to->count;
    uint32_t *list = lower_alloc(l, to->count * sizeof *list);
    for (uint32_t i = 0; i < to->count; i++) {
        list[i] = lower_target(l, &to->list[i], part);
    }
    const uint32_t source = lower_source(l, &p->operands[1], bits, 'b');
    struct inst *in = decode_emit(l,
                                  bits == 32   ? "unpack.32.16"
                                  : part == 32 ? "unpack.64.32"
                                               : "unpack.64.16",
                                  0, 1, &source);
    in->list = list;
    in->count = in->list_defs = (uint8_t)to->count;
    in->lists_registers = true;
}

/* Bits of a clock's register; 0: it is none. */
static unsigned clock_bits(const char *name) {
    static const struct {
        const char *name;
        unsigned bits;
    } clocks[] = {{"%clock", 32},       {"%clock_hi", 32},       {"%clock64", 64},
                  {"%globaltimer", 64}, {"%globaltimer_lo", 32}, {"%globaltimer_hi", 32}};
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        if (strcmp(clocks[i].name, name) == 0) {
            return clocks[i].bits;
        }
    }
    return 0;
}

static void move_clock(struct lowering *l, const char *name, uint32_t target, unsigned bits) {
    if (clock_bits(name) != bits) {
        lower_fail(l, "operand has the wrong width");
    }
    if (strstr(name, "_hi")) {
        const uint32_t op[2] = {target, lower_constant(l, 0, 4)};
        decode_emit(l, "mov.32", 1, 2, op);
        return;
    }
    decode_emit(l, bits == 64 ? "clock.64" : "clock.32", 1, 1, &target);
}

static void move_plain(struct lowering *l, const struct ptx_instruction *p, struct ptx_type type) {
    const struct ptx_operand *from = &p->operands[1];
    const unsigned bits = type.bits;
    uint32_t op[2] = {lower_target(l, &p->operands[0], bits), 0};
    if (from->kind == PTX_OP_SPECIAL && clock_bits(from->name)) {
        move_clock(l, from->name, op[0], bits);
        return;
    }
    op[1] = lower_source(l, from, bits, type.kind);
    decode_emit(l, bits == 1 ? "mov.pred" : bits == 64 ? "mov.64" : "mov.32", 1, 2, op);
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
        decode_emit(l, "mov.pred", 1, 2, op);
    } else if (p->operands[1].kind == PTX_OP_LIST) {
        move_pack(l, p, type.bits);
    } else if (p->operands[0].kind == PTX_OP_LIST) {
        move_unpack(l, p, type.bits);
    } else {
        move_plain(l, p, type);
    }
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
    if (type.bits != 64 || type.kind != 'u' || p->count != 2) {
        lower_fail(l, "instruction is not supported");
    }
    const uint32_t op[2] = {lower_target(l, &p->operands[0], 64), lower_source(l, &p->operands[1], 64, 'u')};
    struct inst *in = decode_emit(l, "cvta", 1, 2, op);
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
    const uint32_t op[2] = {lower_target(l, &p->operands[0], 1), lower_source(l, &p->operands[1], 64, 'u')};
    struct inst *in = decode_emit(l, "isspacep", 1, 2, op);
    in->sub = base == 0;
    in->imm = (int64_t)(base ? base : VGPU_GLOBAL_BASE);
    return true;
}

/* .L2::evict_last and the like, for the lines that a policy is for and for the others. */
static bool take_priority(struct words *w) {
    static const char *const priorities[] = {"L2::evict_last", "L2::evict_normal", "L2::evict_first",
                                             "L2::evict_unchanged"};
    for (size_t i = 0; i < sizeof priorities / sizeof *priorities; i++) {
        if (words_take(w, priorities[i])) {
            return true;
        }
    }
    return false;
}

/* createpolicy: how caches should treat what is accessed. Nothing but cache hints reads a policy, so any
 * value serves. */
static bool decode_policy(struct lowering *l, struct words *w, const struct ptx_instruction *p) {
    const bool fraction = words_take(w, "fractional"), range = !fraction && words_take(w, "range");
    const bool convert = !fraction && !range && words_take(w, "cvt") && words_take(w, "L2");
    bool fits = convert ? p->count == 2 : take_priority(w) && (range || fraction);
    take_priority(w);
    words_take(w, range ? "global" : "");
    fits &= words_take(w, "b64");
    words_done(l, w);
    fits &= range ? p->count == 4 && p->operands[1].kind == PTX_OP_ADDRESS : p->count >= 1 && p->count <= 2;
    if (!fits) {
        lower_fail(l, "instruction is not supported");
    }
    const uint32_t op[2] = {lower_target(l, &p->operands[0], 64), lower_constant(l, 0, 8)};
    for (uint32_t i = range ? 2 : 1; i < p->count; i++) {
        lower_source(l, &p->operands[i], convert ? 64 : 32, fraction ? 'f' : 'b');
    }
    decode_emit(l, "mov.64", 1, 2, op);
    return true;
}

/* ---- lop3 ---- */

/* lop3.b32 d, a, b, c, table; lop3.and.b32 d|p, a, b, c, table, q, and .or: p = (d != 0) and q. */
static bool decode_lop3(struct lowering *l, struct words *w, const struct ptx_instruction *p) {
    const bool combines = w->count == 3;
    if (!exec_find(p->opcode) || p->count != (combines ? 6 : 5)) {
        lower_fail(l, "instruction is not supported");
    }
    const struct ptx_operand *d = &p->operands[0], *table = &p->operands[4];
    if (combines ? !d->second : d->kind == PTX_OP_SINK) {
        lower_fail(l, "instruction is not supported");
    }
    if (table->kind != PTX_OP_IMMEDIATE || table->value < 0 || table->value > 255) {
        lower_fail(l, "the table is not a constant from 0 to 255");
    }
    uint32_t op[INST_OPERANDS];
    unsigned defs = 1;
    if (combines) {
        lower_targets(l, d, 32, op);
        op[5] = lower_source(l, &p->operands[5], 1, 'p');
        defs = 2;
    } else {
        op[0] = lower_target(l, d, 32);
    }
    for (unsigned k = 0; k < 3; k++) {
        op[defs + k] = lower_source(l, &p->operands[1 + k], 32, 'b');
    }
    decode_emit(l, p->opcode, defs, combines ? 6 : 4, op)->sub = (uint8_t)table->value;
    return true;
}

bool decode_move(struct lowering *l, const struct ptx_instruction *p) {
    struct words w;
    words_split(l, &w, p->opcode);
    static const struct {
        const char *name;
        bool (*decode)(struct lowering *, struct words *, const struct ptx_instruction *);
    } operations[] = {{"mov", decode_mov},
                      {"cvta", decode_cvta},
                      {"isspacep", decode_isspacep},
                      {"lop3", decode_lop3},
                      {"createpolicy", decode_policy}};
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        if (strcmp(operations[i].name, w.word[0]) == 0) {
            return operations[i].decode(l, &w, p);
        }
    }
    return false;
}
