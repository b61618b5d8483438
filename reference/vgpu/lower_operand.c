/* lower_operand: registers, constants, special registers and addresses as operands of decoded instructions.
 */
#include <string.h>

#include "lower.h"

uint32_t lower_constant(struct lowering *l, uint64_t value, unsigned bytes) {
    /* Few distinct values occur; a linear search over those of the kernel is quick enough. */
    const unsigned step = bytes == 8 ? 256 : 128;
    for (uint32_t at = 0; at + step <= l->constant_bytes; at += 128) {
        bool same = true;
        for (unsigned lane = 0; same && lane < 32; lane++) {
            same = memcmp(l->constants + at + lane * bytes, &value, bytes) == 0;
        }
        if (same) {
            return at | VGPU_CONSTANT;
        }
    }
    while (l->constant_bytes + step > l->constant_capacity) {
        l->constants = lower_grow(l, l->constants, &l->constant_capacity, 1);
    }
    for (unsigned lane = 0; lane < 32; lane++) {
        memcpy(l->constants + l->constant_bytes + lane * bytes, &value, bytes);
    }
    l->constant_bytes += step;
    return (l->constant_bytes - step) | VGPU_CONSTANT;
}

uint32_t lower_symbol_register(struct lowering *l, const struct ptx_symbol *s) {
    return l->frame->first_register + s->index;
}

uint64_t lower_address(struct lowering *l, const struct ptx_symbol *s, enum ptx_space *space) {
    if (s->kind != PTX_SYM_VARIABLE) {
        lower_fail(l, "operand is not a variable");
    }
    *space = s->space;
    if (s->space != PTX_PARAM && s->space != PTX_LOCAL) {
        return s->offset;
    }
    const struct frame *f = l->frame;
    if (!s->is_formal) {
        *space = PTX_LOCAL;
        return f->storage[s->member];
    }
    if (!f->caller) {
        return s->offset;
    }
    *space = PTX_LOCAL;
    for (uint32_t i = 0; i < f->function->formal_count; i++) {
        if (f->function->formals[i] == s) {
            return f->formals[i];
        }
    }
    for (uint32_t i = 0; i < f->function->result_count; i++) {
        if (f->function->results[i] == s) {
            return f->results[i];
        }
    }
    lower_fail(l, "unknown parameter");
}

static const struct {
    const char *name;
    enum special special;
} special_names[] = {
    {"%tid.x", SPECIAL_TID_X},
    {"%tid.y", SPECIAL_TID_Y},
    {"%tid.z", SPECIAL_TID_Z},
    {"%ntid.x", SPECIAL_NTID_X},
    {"%ntid.y", SPECIAL_NTID_Y},
    {"%ntid.z", SPECIAL_NTID_Z},
    {"%ctaid.x", SPECIAL_CTAID_X},
    {"%ctaid.y", SPECIAL_CTAID_Y},
    {"%ctaid.z", SPECIAL_CTAID_Z},
    {"%nctaid.x", SPECIAL_NCTAID_X},
    {"%nctaid.y", SPECIAL_NCTAID_Y},
    {"%nctaid.z", SPECIAL_NCTAID_Z},
    {"%laneid", SPECIAL_LANEID},
    {"%warpid", SPECIAL_WARPID},
    {"%nwarpid", SPECIAL_NWARPID},
    {"%smid", SPECIAL_SMID},
    {"%nsmid", SPECIAL_NSMID},
    {"%gridid", SPECIAL_GRIDID},
    {"%lanemask_eq", SPECIAL_EQ},
    {"%lanemask_le", SPECIAL_LE},
    {"%lanemask_lt", SPECIAL_LT},
    {"%lanemask_ge", SPECIAL_GE},
    {"%lanemask_gt", SPECIAL_GT},
    {"%dynamic_smem_size", SPECIAL_DYNAMIC_SMEM},
    {"%total_smem_size", SPECIAL_TOTAL_SMEM},
    /* without clusters each block is a cluster of its own */
    {"%clusterid.x", SPECIAL_CTAID_X},
    {"%clusterid.y", SPECIAL_CTAID_Y},
    {"%clusterid.z", SPECIAL_CTAID_Z},
    {"%nclusterid.x", SPECIAL_NCTAID_X},
    {"%nclusterid.y", SPECIAL_NCTAID_Y},
    {"%nclusterid.z", SPECIAL_NCTAID_Z},
    {"%cluster_ctaid.x", SPECIAL_ZERO},
    {"%cluster_ctaid.y", SPECIAL_ZERO},
    {"%cluster_ctaid.z", SPECIAL_ZERO},
    {"%cluster_nctaid.x", SPECIAL_ONE},
    {"%cluster_nctaid.y", SPECIAL_ONE},
    {"%cluster_nctaid.z", SPECIAL_ONE},
    {"%cluster_ctarank", SPECIAL_ZERO},
    {"%cluster_nctarank", SPECIAL_ONE},
};

static uint32_t special_register(struct lowering *l, const char *name) {
    for (size_t i = 0; i < sizeof special_names / sizeof *special_names; i++) {
        if (strcmp(special_names[i].name, name) == 0) {
            uint32_t *reg = &l->specials[special_names[i].special];
            if (!*reg) {
                *reg = lower_register(l, REG_32) + 1;
            }
            return *reg - 1;
        }
    }
    lower_fail(l, "special register is not supported here");
}

static uint64_t immediate_bits(const struct ptx_operand *o, unsigned bits) {
    if (o->kind == PTX_OP_FLOAT && bits == 32) {
        double wide;
        memcpy(&wide, &o->value, 8);
        const float narrow = (float)wide;
        uint32_t value;
        memcpy(&value, &narrow, 4);
        return value;
    }
    if (o->kind == PTX_OP_F32 && bits == 64) {
        float narrow;
        memcpy(&narrow, &o->value, 4);
        const double wide = (double)narrow;
        uint64_t value;
        memcpy(&value, &wide, 8);
        return value;
    }
    return bits == 64 ? (uint64_t)o->value : (uint64_t)o->value & (((uint64_t)1 << bits) - 1);
}

uint32_t lower_any(struct lowering *l, const struct ptx_operand *o, bool destination, enum reg_class *class) {
    uint32_t reg;
    if (o->kind == PTX_OP_REG) {
        reg = lower_symbol_register(l, o->symbol);
    } else if (o->kind == PTX_OP_SINK && destination) {
        reg = lower_register(l, *class); /* written and never read */
    } else if (o->kind == PTX_OP_SPECIAL && !destination) {
        reg = special_register(l, o->name);
    } else {
        lower_fail(l, "a register is expected");
    }
    *class = lower_class(l, reg);
    return reg;
}

static enum reg_class class_of(unsigned bits) {
    return bits == 1 ? REG_PREDICATE : bits == 64 ? REG_64 : REG_32;
}

static void require_width(struct lowering *l, unsigned width, unsigned bits) {
    if (width != bits) {
        lower_fail(l, "operand has the wrong width");
    }
}

/* PTX converts no constants between integers and floats, and has none of 16-bit floats but their bits. */
static void require_constant(struct lowering *l, const struct ptx_operand *o, unsigned bits, char kind) {
    const bool is_integer = o->kind == PTX_OP_IMMEDIATE;
    if (is_integer ? kind == 'f' && bits >= 32 : kind == 'u' || kind == 's' || bits < 32) {
        lower_fail(l, is_integer ? "a floating-point constant is expected" : "an integer is expected");
    }
}

uint32_t lower_source(struct lowering *l, const struct ptx_operand *o, unsigned bits, char kind) {
    switch (o->kind) {
    case PTX_OP_REG:
    case PTX_OP_SPECIAL: {
        enum reg_class class = class_of(bits);
        const uint32_t reg = lower_any(l, o, false, &class);
        require_width(l, o->kind == PTX_OP_REG ? o->symbol->type.bits : class == REG_64 ? 64 : 32, bits);
        return reg;
    }
    case PTX_OP_IMMEDIATE:
    case PTX_OP_FLOAT:
    case PTX_OP_F32:
        require_constant(l, o, bits, kind);
        if (bits == 1) { /* xor.pred p, q, 1: a register that holds it, as the handlers expect */
            const uint32_t op[2] = {lower_register(l, REG_PREDICATE), lower_constant(l, o->value != 0, 4)};
            decode_emit(l, "mov.pred.constant", 1, 2, op);
            return op[0];
        }
        return lower_constant(l, immediate_bits(o, bits), bits == 64 ? 8 : 4);
    case PTX_OP_SYMBOL: {
        if (bits < 32) {
            lower_fail(l, "an address does not fit");
        }
        enum ptx_space space;
        const uint64_t address = lower_address(l, o->symbol, &space) + (uint64_t)o->value;
        /* the address of a parameter is only ever used through cvta.param or ld.param */
        return lower_constant(l, address, bits == 64 ? 8 : 4);
    }
    default: lower_fail(l, "operand is not supported here");
    }
}

uint32_t lower_target(struct lowering *l, const struct ptx_operand *o, unsigned bits) {
    if (o->kind == PTX_OP_SINK) {
        return lower_register(l, class_of(bits));
    }
    if (o->kind != PTX_OP_REG) {
        lower_fail(l, "destination is not a register");
    }
    require_width(l, o->symbol->type.bits, bits);
    return lower_symbol_register(l, o->symbol);
}

void lower_targets(struct lowering *l, const struct ptx_operand *o, unsigned bits, uint32_t op[2]) {
    op[0] = lower_target(l, o, bits);
    op[1] = o->second ? lower_symbol_register(l, o->second) : lower_register(l, REG_PREDICATE);
    require_width(l, o->second ? o->second->type.bits : 1, 1);
    l->marks += o->second || o->second_is_sink;
}

uint32_t lower_predicate(struct lowering *l, const struct ptx_operand *o, bool *negated) {
    *negated = o->negated;
    l->marks += o->negated;
    return lower_source(l, o, 1, 'p');
}
