/* decode_memory: ld, st, atom, red, cp.async, ldmatrix and stmatrix. */
#include <stdio.h>
#include <string.h>

#include "atomics.h"
#include "lower.h"

/* ---- what they share ---- */

static enum ptx_space take_space(struct words *w, bool *found) {
    static const struct {
        const char *name;
        enum ptx_space space;
    } spaces[] = {
        {"global", PTX_GLOBAL},      {"shared", PTX_SHARED},     {"shared::cta", PTX_SHARED},
        {"local", PTX_LOCAL},        {"const", PTX_CONST},       {"param", PTX_PARAM},
        {"param::entry", PTX_PARAM}, {"param::func", PTX_PARAM}, {"shared::cluster", PTX_SHARED},
    };
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
        if (words_take(w, spaces[i].name)) {
            *found = true;
            return spaces[i].space;
        }
    }
    *found = false;
    return PTX_GENERIC;
}

/* Hints that change speed at most. Returns true if an operand with a cache policy follows. */
static bool take_cache_hints(struct words *w, bool *bypass) {
    static const char *const ignored[] = {
        "ca",
        "cs",
        "lu",
        "wb",
        "nc",
        "L1::evict_normal",
        "L1::evict_unchanged",
        "L1::evict_first",
        "L1::evict_last",
        "L2::evict_first",
        "L2::evict_last",
        "L2::evict_normal",
        "L2::64B",
        "L2::128B",
        "L2::256B",
        "weak",
        "cta",
        "gpu",
        "sys",
        "cluster",
    };
    static const char *const passing[] = {"cg",      "cv",      "wt",      "L1::no_allocate", "volatile",
                                          "relaxed", "acquire", "release", "acq_rel",         "mmio"};
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) {
        words_take(w, ignored[i]);
    }
    *bypass = false;
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++) {
        *bypass |= words_take(w, passing[i]);
    }
    return words_take(w, "L2::cache_hint");
}

static unsigned take_vector(struct words *w) {
    return words_take(w, "v2") ? 2 : words_take(w, "v4") ? 4 : words_take(w, "v8") ? 8 : 1;
}

void decode_address(struct lowering *l, struct inst *in, unsigned at, const struct ptx_operand *o,
                    enum ptx_space space) {
    if (o->kind != PTX_OP_ADDRESS) {
        lower_fail(l, "an address in brackets is expected");
    }
    in->imm = o->value;
    in->space = (uint8_t)space;
    in->op[at] = UINT32_MAX;
    if (!o->symbol) {
        return;
    }
    if (o->symbol->kind == PTX_SYM_REG) {
        const uint32_t reg = lower_symbol_register(l, o->symbol);
        const enum reg_class class = lower_class(l, reg);
        if (class == REG_PREDICATE) {
            lower_fail(l, "operand has the wrong width");
        }
        in->op[at] = reg;
        in->flags |= class == REG_64 ? FLAG_WIDE_ADDRESS : 0;
        return;
    }
    enum ptx_space own;
    in->imm += (int64_t)lower_address(l, o->symbol, &own);
    if (own != space && !(space == PTX_PARAM && own == PTX_LOCAL)) {
        lower_fail(l, "variable is in another state space");
    }
    in->space = (uint8_t)own;
}

/* A vector operand's parts, or the operand itself. */
static const struct ptx_operand *part(const struct ptx_operand *o, unsigned i) {
    return o->kind == PTX_OP_LIST ? &o->list[i] : o;
}

/* Registers of a load or store: may be wider than the type. All must be of one class. */
static void data_registers(struct lowering *l, struct inst *in, const struct ptx_operand *o, unsigned count,
                           unsigned bits, bool load) {
    if ((o->kind == PTX_OP_LIST ? o->count : 1) != count) {
        lower_fail(l, "vector has the wrong length");
    }
    uint32_t *list = lower_alloc(l, count * sizeof *list);
    unsigned wide = 0, narrow = 0;
    for (unsigned k = 0; k < count; k++) {
        const struct ptx_operand *p = part(o, k);
        enum reg_class class = bits == 64 ? REG_64 : REG_32;
        if (p->kind == PTX_OP_REG || p->kind == PTX_OP_SINK) {
            list[k] = lower_any(l, p, load, &class);
            if (p->kind == PTX_OP_REG && p->symbol->type.bits < bits) {
                lower_fail(l, "register is narrower than the type");
            }
            if (p->kind == PTX_OP_REG && p->symbol->type.bits == 16) {
                in->aux = 16;
            }
        } else if (!load) {
            list[k] = lower_source(l, p, bits < 32 ? 32 : bits, false);
        } else {
            lower_fail(l, "destination is not a register");
        }
        wide += class == REG_64;
        narrow += class == REG_32;
    }
    if (wide + narrow != count || (wide && narrow)) {
        lower_fail(l, "registers of a vector differ in width");
    }
    in->flags |= wide ? FLAG_WIDE_DATA : 0;
    in->list = list;
    in->count = (uint8_t)count;
    in->lists_registers = true;
    in->list_defs = load ? (uint8_t)count : 0;
}

static void finish_memory(struct inst *in, const char *handler) {
    in->run = exec_find(handler);
    in->kind = INST_MEMORY;
    in->pipe = PIPE_LSU;
    in->used = 1;
}

static bool decode_load_store(struct lowering *l, struct words *w, const struct ptx_instruction *p,
                              bool load) {
    bool bypass, has_space;
    const bool hint = take_cache_hints(w, &bypass);
    const enum ptx_space space = take_space(w, &has_space);
    const unsigned count = take_vector(w);
    const struct ptx_type type = words_take_type(w, NULL);
    words_done(l, w);
    if (!type.kind || type.kind == 'p' || p->count != 2u + hint) {
        lower_fail(l, "instruction is not supported");
    }
    struct inst *in = lower_emit(l);
    const struct ptx_operand *address = &p->operands[load ? 1 : 0], *data = &p->operands[load ? 0 : 1];
    decode_address(l, in, 0, address, space);
    in->bytes = type.bits / 8;
    in->flags |= (type.kind == 's' ? FLAG_SIGNED : 0) | (bypass ? FLAG_VOLATILE : 0);
    data_registers(l, in, data, count, type.bits, load);
    const bool fixed = in->space == PTX_PARAM && in->op[0] == UINT32_MAX;
    if (fixed && (!load || in->imm < 0 || in->imm + in->bytes * in->count > l->kernel->param_bytes)) {
        lower_fail(l, "parameter access out of bounds");
    }
    finish_memory(in, !load ? "store" : fixed ? "load.param" : "load");
    if (bypass && (space == PTX_GLOBAL || space == PTX_GENERIC) &&
        (strstr(p->opcode, "volatile") || strstr(p->opcode, "acquire") || strstr(p->opcode, "relaxed"))) {
        l->kernel->ordered = true; /* it may wait for another block */
    }
    return true;
}

bool decode_memory(struct lowering *l, const struct ptx_instruction *p) {
    struct words w;
    words_split(l, &w, p->opcode);
    if (strcmp(w.word[0], "ld") == 0 || strcmp(w.word[0], "ldu") == 0) {
        return decode_load_store(l, &w, p, true);
    }
    return strcmp(w.word[0], "st") == 0 && decode_load_store(l, &w, p, false);
}

/* ---- atomics ---- */

static int take_atomic(struct words *w) {
    static const char *const operations[] = {"add", "min", "max", "exch", "cas",
                                             "and", "or",  "xor", "inc",  "dec"};
    for (int i = 0; i < 10; i++) {
        if (words_take(w, operations[i])) {
            return i;
        }
    }
    return -1;
}

/* Is it one of the words of the list? */
static bool is_listed(const char *word, const char *list) {
    const size_t length = strlen(word);
    for (const char *at = list; (at = strstr(at, word)); at += length) {
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || !at[length])) {
            return true;
        }
    }
    return false;
}

static int atomic_type(const char *name) {
    static const struct {
        const char *name;
        int type;
    } types[] = {
        {"u32", TYPE_U32},     {"s32", TYPE_S32},       {"u64", TYPE_U64}, {"s64", TYPE_S64},
        {"f32", TYPE_F32},     {"f64", TYPE_F64},       {"f16", TYPE_F16}, {"bf16", TYPE_BF16},
        {"f16x2", TYPE_F16X2}, {"bf16x2", TYPE_BF16X2}, {"b32", TYPE_U32}, {"b64", TYPE_U64},
        {"b16", TYPE_U16},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(types[i].name, name) == 0) {
            return types[i].type;
        }
    }
    return -1;
}

/* PTX ISA, sections 9.7.13.5 and 9.7.13.7: types of each operation, and of its vectors in global memory. */
static bool atomic_is_allowed(int op, const char *type, unsigned vector, bool noftz, bool shared,
                              bool returns) {
    const char *const sums = "u32 s32 u64 f32 f64 f16 bf16 f16x2 bf16x2", *const order = "u32 s32 u64 s64";
    const char *const bits = "b32 b64", *const halves = "f16 bf16 f16x2 bf16x2";
    const char *const scalars[] = {
        [ATOMIC_ADD] = sums,          [ATOMIC_MIN] = order, [ATOMIC_MAX] = order, [ATOMIC_EXCH] = bits,
        [ATOMIC_CAS] = "b16 b32 b64", [ATOMIC_AND] = bits,  [ATOMIC_OR] = bits,   [ATOMIC_XOR] = bits,
        [ATOMIC_INC] = "u32",         [ATOMIC_DEC] = "u32"};
    const bool half = is_listed(type, halves), pair = half && strstr(type, "x2");
    if (noftz != half || (!returns && (op == ATOMIC_EXCH || op == ATOMIC_CAS))) {
        return false;
    }
    if (vector == 1) {
        return is_listed(type, scalars[op]);
    }
    if (shared || op > ATOMIC_MAX) {
        return false;
    }
    return half ? vector <= (pair ? 4 : 8) : op == ATOMIC_ADD && strcmp(type, "f32") == 0 && vector <= 4;
}

/* Integer sums and the like come out the same in any order; everything else shows the order of blocks. */
static bool shows_order(int op, int type, bool returns) {
    const bool integer = type <= TYPE_S64;
    return returns || !integer || op == ATOMIC_EXCH || op == ATOMIC_CAS || op == ATOMIC_INC ||
           op == ATOMIC_DEC;
}

bool decode_atomic(struct lowering *l, const struct ptx_instruction *p) {
    struct words w;
    words_split(l, &w, p->opcode);
    const bool returns = strcmp(w.word[0], "atom") == 0;
    if (!returns && strcmp(w.word[0], "red") != 0) {
        return false;
    }
    bool bypass, has_space;
    const bool hint = take_cache_hints(&w, &bypass);
    const enum ptx_space space = take_space(&w, &has_space);
    const bool noftz = words_take(&w, "noftz");
    const int op = take_atomic(&w);
    const unsigned vector = take_vector(&w);
    const char *type_name = "";
    const struct ptx_type type = words_take_type(&w, &type_name);
    words_done(l, &w);
    const int kind = atomic_type(type_name);
    const unsigned sources = op == ATOMIC_CAS ? 2 : 1;
    if (op < 0 || kind < 0 || p->count != 1u + returns + sources + hint ||
        !atomic_is_allowed(op, type_name, vector, noftz, space == PTX_SHARED, returns) ||
        (space != PTX_GLOBAL && space != PTX_SHARED && space != PTX_GENERIC)) {
        lower_fail(l, "instruction is not supported");
    }
    struct inst *in = lower_emit(l);
    decode_address(l, in, 0, &p->operands[returns], space);
    const unsigned count = vector * (returns + sources);
    uint32_t *list = lower_alloc(l, count * sizeof *list);
    unsigned at = 0;
    for (unsigned k = 0; returns && k < vector; k++) {
        list[at++] = lower_target(l, part(&p->operands[0], k), type.bits);
    }
    for (unsigned s = 0; s < sources; s++) {
        for (unsigned k = 0; k < vector; k++) {
            list[at++] = lower_source(l, part(&p->operands[1 + returns + s], k), type.bits, type.kind == 'f');
        }
    }
    in->list = list;
    in->count = (uint8_t)count;
    in->lists_registers = true;
    in->list_defs = returns ? (uint8_t)vector : 0;
    in->bytes = type.bits / 8;
    in->sub = (uint8_t)op;
    in->aux = (uint8_t)kind;
    in->flags |= (returns ? FLAG_RETURNS : 0) | (type.bits == 64 ? FLAG_WIDE_DATA : 0) | FLAG_VOLATILE;
    finish_memory(in, "atomic");
    in->order = in->space != PTX_SHARED && shows_order(op, kind, false) ? 2
                : in->space != PTX_SHARED && returns                    ? 1
                                                                        : 0;
    return true;
}

/* ---- cp.async ---- */

static void decode_copy(struct lowering *l, struct words *w, const struct ptx_instruction *p) {
    bool bypass;
    words_take(w, "async");
    words_take(w, "ca");
    const bool hint = take_cache_hints(w, &bypass);
    const bool to =
        words_take(w, "shared") || words_take(w, "shared::cta") || words_take(w, "shared::cluster");
    const bool from = words_take(w, "global");
    words_done(l, w);
    if (!to || !from || p->count < 3u + hint || p->count > 4u + hint ||
        p->operands[2].kind != PTX_OP_IMMEDIATE) {
        lower_fail(l, "instruction is not supported");
    }
    const int64_t bytes = p->operands[2].value;
    if (bytes != 4 && bytes != 8 && bytes != 16) {
        lower_fail(l, "cp.async copies 4, 8 or 16 bytes");
    }
    const bool sized = p->count - hint == 4;
    const uint32_t size = sized ? lower_source(l, &p->operands[3], 32, false) : UINT32_MAX;
    struct inst *in = lower_emit(l);
    decode_address(l, in, 0, &p->operands[0], PTX_SHARED);
    const int64_t to_offset = in->imm;
    in->flags = in->flags & FLAG_WIDE_ADDRESS ? FLAG_NEGATED : 0;
    decode_address(l, in, 1, &p->operands[1], PTX_GLOBAL);
    if (in->op[1] == UINT32_MAX || !(in->flags & FLAG_WIDE_ADDRESS)) {
        lower_fail(l, "source of cp.async must be a 64-bit register");
    }
    in->flags &= (uint8_t)~FLAG_WIDE_ADDRESS;
    in->imm = (int64_t)((uint64_t)in->imm << 32 | (uint32_t)to_offset);
    in->space = PTX_SHARED;
    in->op[2] = size;
    in->bytes = (uint8_t)bytes;
    finish_memory(in, "copy.async");
    in->used = 3;
}

static void decode_copy_wait(struct lowering *l, const struct ptx_instruction *p, bool all) {
    if (!all && (p->count != 1 || p->operands[0].kind != PTX_OP_IMMEDIATE)) {
        lower_fail(l, "a number of groups is expected");
    }
    struct inst *in = lower_emit(l);
    finish_memory(in, "copy.wait");
    in->used = 0;
    in->imm = all ? -1 : p->operands[0].value;
}

static bool decode_matrix_move(struct lowering *l, struct words *w, const struct ptx_instruction *p,
                               bool load) {
    bool found;
    words_take(w, "sync");
    words_take(w, "aligned");
    const bool shape = words_take(w, "m8n8");
    const unsigned count = words_take(w, "x1") ? 1 : words_take(w, "x2") ? 2 : words_take(w, "x4") ? 4 : 0;
    const bool transposed = words_take(w, "trans");
    enum ptx_space space = take_space(w, &found);
    const struct ptx_type type = words_take_type(w, NULL);
    words_done(l, w);
    if (!shape || !count || type.bits != 16 || p->count != 2) {
        lower_fail(l, "instruction is not supported");
    }
    struct inst *in = lower_emit(l);
    decode_address(l, in, 0, &p->operands[load ? 1 : 0], found ? space : PTX_GENERIC);
    data_registers(l, in, &p->operands[load ? 0 : 1], count, 32, load);
    in->sub = transposed;
    in->bytes = 16;
    finish_memory(in, load ? "load.matrix" : "store.matrix");
    in->kind = INST_WARP;
    in->aux = UINT8_MAX;
    return true;
}

bool decode_async(struct lowering *l, const struct ptx_instruction *p) {
    struct words w;
    words_split(l, &w, p->opcode);
    if (strcmp(w.word[0], "ldmatrix") == 0 || strcmp(w.word[0], "stmatrix") == 0) {
        return decode_matrix_move(l, &w, p, w.word[0][0] == 'l');
    }
    if (strcmp(p->opcode, "cp.async.commit_group") == 0) {
        struct inst *in = lower_emit(l);
        in->run = exec_find("copy.commit");
        in->pipe = PIPE_LSU;
        return true;
    }
    if (strcmp(p->opcode, "cp.async.wait_all") == 0 || strcmp(p->opcode, "cp.async.wait_group") == 0) {
        decode_copy_wait(l, p, strcmp(p->opcode, "cp.async.wait_all") == 0);
        return true;
    }
    if (strncmp(p->opcode, "cp.async.ca.", 12) == 0 || strncmp(p->opcode, "cp.async.cg.", 12) == 0) {
        decode_copy(l, &w, p);
        return true;
    }
    return false;
}
