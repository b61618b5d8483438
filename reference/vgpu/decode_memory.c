/* decode_memory: ld and st. */
#include "decode_memory.h"

#include <string.h>

enum ptx_space memory_take_space(struct words *w, bool *found) {
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

bool memory_take_hints(struct words *w, bool *bypass) {
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

unsigned memory_take_vector(struct words *w) {
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

const struct ptx_operand *memory_part(const struct ptx_operand *o, unsigned i) {
    return o->kind == PTX_OP_LIST ? &o->list[i] : o;
}

void memory_registers(struct lowering *l, struct inst *in, const struct ptx_operand *o, unsigned count,
                      unsigned bits, bool load) {
    if ((o->kind == PTX_OP_LIST ? o->count : 1) != count) {
        lower_fail(l, "vector has the wrong length");
    }
    uint32_t *list = lower_alloc(l, count * sizeof *list);
    unsigned wide = 0, narrow = 0;
    for (unsigned k = 0; k < count; k++) {
        const struct ptx_operand *p = memory_part(o, k);
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

void memory_finish(struct inst *in, const char *handler) {
    in->run = exec_find(handler);
    in->kind = INST_MEMORY;
    in->pipe = PIPE_LSU;
    in->used = 1;
}

static bool decode_load_store(struct lowering *l, struct words *w, const struct ptx_instruction *p,
                              bool load) {
    bool bypass, has_space;
    const bool hint = memory_take_hints(w, &bypass);
    const enum ptx_space space = memory_take_space(w, &has_space);
    const unsigned count = memory_take_vector(w);
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
    memory_registers(l, in, data, count, type.bits, load);
    const bool fixed = in->space == PTX_PARAM && in->op[0] == UINT32_MAX;
    if (fixed && (!load || in->imm < 0 || in->imm + in->bytes * in->count > l->kernel->param_bytes)) {
        lower_fail(l, "parameter access out of bounds");
    }
    memory_finish(in, !load ? "store" : fixed ? "load.param" : "load");
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
