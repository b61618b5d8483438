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

/* Of each group an instruction has one word at most. */
enum hint_group { HINT_CACHE, HINT_ORDER, HINT_MMIO, HINT_SCOPE, HINT_NC, HINT_L1, HINT_L2, HINT_AHEAD };

static const struct {
    const char *word, *users;
    enum hint_group group;
    bool bypass; /* past the first-level cache */
} hint_words[] = {
    {"ca", "lc", HINT_CACHE, false},
    {"cg", "lsc", HINT_CACHE, true},
    {"cs", "ls", HINT_CACHE, false},
    {"lu", "l", HINT_CACHE, false},
    {"cv", "l", HINT_CACHE, true},
    {"wb", "s", HINT_CACHE, false},
    {"wt", "s", HINT_CACHE, true},
    {"nc", "l", HINT_NC, false},
    {"weak", "ls", HINT_ORDER, false},
    {"volatile", "ls", HINT_ORDER, true},
    {"relaxed", "lsa", HINT_ORDER, true},
    {"acquire", "la", HINT_ORDER, true},
    {"release", "sa", HINT_ORDER, true},
    {"acq_rel", "a", HINT_ORDER, true},
    {"mmio", "ls", HINT_MMIO, true},
    {"cta", "lsa", HINT_SCOPE, false},
    {"cluster", "lsa", HINT_SCOPE, false},
    {"gpu", "lsa", HINT_SCOPE, false},
    {"sys", "lsa", HINT_SCOPE, false},
    {"L1::evict_normal", "ls", HINT_L1, false},
    {"L1::evict_unchanged", "ls", HINT_L1, false},
    {"L1::evict_first", "ls", HINT_L1, false},
    {"L1::evict_last", "ls", HINT_L1, false},
    {"L1::no_allocate", "ls", HINT_L1, true},
    {"L2::evict_first", "ls", HINT_L2, false},
    {"L2::evict_last", "ls", HINT_L2, false},
    {"L2::evict_normal", "ls", HINT_L2, false},
    {"L2::64B", "lc", HINT_AHEAD, false},
    {"L2::128B", "lc", HINT_AHEAD, false},
    {"L2::256B", "lc", HINT_AHEAD, false},
};

bool memory_take_hints(struct lowering *l, struct words *w, char user, bool *bypass) {
    unsigned groups = 0;
    *bypass = false;
    for (size_t i = 0; i < sizeof hint_words / sizeof *hint_words; i++) {
        if (!strchr(hint_words[i].users, user) || !words_take(w, hint_words[i].word)) {
            continue;
        }
        const unsigned group = 1u << hint_words[i].group;
        if (groups & group) {
            lower_fail(l, "instruction is not supported");
        }
        groups |= group;
        *bypass |= hint_words[i].bypass;
    }
    return words_take(w, "L2::cache_hint");
}

void memory_check_policy(struct lowering *l, const struct ptx_instruction *p, bool hint) {
    if (hint) {
        lower_source(l, &p->operands[p->count - 1], 64, 'b');
    }
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

void memory_check_parts(struct lowering *l, const struct ptx_operand *o, unsigned count) {
    if ((o->kind == PTX_OP_LIST ? o->count : 1) != count) {
        lower_fail(l, "vector has the wrong length");
    }
}

void memory_registers(struct lowering *l, struct inst *in, const struct ptx_operand *o, unsigned count,
                      unsigned bits, bool load) {
    memory_check_parts(l, o, count);
    uint32_t *list = lower_alloc(l, count * sizeof *list);
    unsigned wide = 0, narrow = 0, widths = 0;
    for (unsigned k = 0; k < count; k++) {
        const struct ptx_operand *p = memory_part(o, k);
        enum reg_class class = bits == 64 ? REG_64 : REG_32;
        if (p->kind == PTX_OP_REG || p->kind == PTX_OP_SINK) {
            list[k] = lower_any(l, p, load, &class);
            if (p->kind == PTX_OP_REG && p->symbol->type.bits < bits) {
                lower_fail(l, "register is narrower than the type");
            }
            widths |= p->kind == PTX_OP_REG ? p->symbol->type.bits : 0;
        } else if (!load) {
            list[k] = lower_source(l, p, bits < 32 ? 32 : bits, bits < 32 ? 'u' : 'b');
        } else {
            lower_fail(l, "destination is not a register");
        }
        wide += class == REG_64;
        narrow += class == REG_32;
    }
    if (wide + narrow != count || (wide && narrow) || (widths & (widths - 1))) {
        lower_fail(l, "registers of a vector differ in width");
    }
    in->aux = widths == 16 ? 16 : in->aux;
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
    const bool hint = memory_take_hints(l, w, load ? 'l' : 's', &bypass);
    const enum ptx_space space = memory_take_space(w, &has_space);
    const unsigned count = memory_take_vector(w);
    const struct ptx_type type = words_take_type(w, NULL);
    words_done(l, w);
    if (!type.kind || type.kind == 'p' || count * type.bits > 256 || p->count != 2u + hint) {
        lower_fail(l, "instruction is not supported");
    }
    memory_check_policy(l, p, hint);
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
