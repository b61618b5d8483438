/* ptx_operand: an instruction's operands. */
#include <stdio.h>
#include <string.h>

#include "ptx.h"

enum { MAX_DEPTH = 64 };

/* A name that is not declared yet: a label ahead, which must turn up in the function. */
static struct ptx_symbol *forward_label(struct ptx_parser *p, const char *name) {
    struct ptx_symbol *label = ptx_declare(p, name, PTX_SYM_LABEL);
    label->index = UINT32_MAX;
    char *where = ptx_alloc(p, 16);
    snprintf(where, 16, "%u", p->line);
    label->where = where;
    return label;
}

static bool is_special(const char *name) {
    static const char *const specials[] = {
        "%tid",
        "%ntid",
        "%ctaid",
        "%nctaid",
        "%laneid",
        "%warpid",
        "%nwarpid",
        "%smid",
        "%nsmid",
        "%gridid",
        "%lanemask_eq",
        "%lanemask_le",
        "%lanemask_lt",
        "%lanemask_ge",
        "%lanemask_gt",
        "%clock",
        "%clock_hi",
        "%clock64",
        "%globaltimer",
        "%globaltimer_lo",
        "%globaltimer_hi",
        "%dynamic_smem_size",
        "%total_smem_size",
        "%clusterid",
        "%nclusterid",
        "%cluster_ctaid",
        "%cluster_nctaid",
        "%cluster_ctarank",
        "%cluster_nctarank",
    };
    for (size_t i = 0; i < sizeof specials / sizeof *specials; i++) {
        if (strcmp(specials[i], name) == 0) {
            return true;
        }
    }
    return false;
}

void ptx_parse_named(struct ptx_parser *p, struct ptx_operand *o) {
    const char *after = p->at;
    const char *name = ptx_name(p);
    if (strcmp(name, "_") == 0) {
        o->kind = PTX_OP_SINK;
        return;
    }
    if (strcmp(name, "WARP_SZ") == 0) {
        o->kind = PTX_OP_IMMEDIATE;
        o->value = 32;
        return;
    }
    struct ptx_symbol *s = ptx_lookup(p->scope, name);
    if (!s && is_special(name)) {
        o->kind = PTX_OP_SPECIAL;
        o->name = name;
        if (*after == '.') {
            const size_t bytes = strlen(name) + p->token.length + 1;
            char *full = ptx_alloc(p, bytes);
            snprintf(full, bytes, "%s%.*s", name, (int)p->token.length, p->token.text);
            o->name = full;
            ptx_next(p);
        }
        return;
    }
    if (!s) {
        if (name[0] == '%') {
            char what[96];
            snprintf(what, sizeof what, "unknown register '%.60s'", name);
            ptx_fail(p, what);
        }
        s = forward_label(p, name);
    }
    o->symbol = s;
    o->kind = s->kind == PTX_SYM_REG ? PTX_OP_REG : PTX_OP_SYMBOL;
}

static void parse_address(struct ptx_parser *p, struct ptx_operand *o) {
    if (p->token.kind == TOKEN_INTEGER || ptx_is(p, '-')) {
        o->value = ptx_integer(p);
    } else {
        ptx_parse_named(p, o);
        if (o->kind != PTX_OP_REG && o->kind != PTX_OP_SYMBOL) {
            ptx_fail(p, "bad address");
        }
        while (ptx_is(p, '+') || ptx_is(p, '-')) {
            const bool plus = ptx_accept(p, '+');
            if (plus || ptx_accept(p, '-')) {
                const uint64_t value = (uint64_t)ptx_integer(p);
                o->value = (int64_t)((uint64_t)o->value + (plus ? value : 0 - value));
            }
        }
    }
    o->kind = PTX_OP_ADDRESS;
    ptx_expect(p, ']');
}

static void parse_list(struct ptx_parser *p, struct ptx_operand *o, char end) {
    uint32_t capacity = 0;
    o->kind = PTX_OP_LIST;
    while (!ptx_is(p, end)) {
        if (o->count >= PTX_MAX_OPERANDS || ++p->depth > MAX_DEPTH) {
            ptx_fail(p, "too many operands");
        }
        struct ptx_operand item = {0};
        ptx_parse_operand(p, &item);
        p->depth--;
        ptx_push(p, &o->list, &o->count, &capacity, sizeof item);
        o->list[o->count - 1] = item;
        if (!ptx_accept(p, ',')) {
            break;
        }
    }
    ptx_expect(p, end);
}

void ptx_parse_operand(struct ptx_parser *p, struct ptx_operand *o) {
    *o = (struct ptx_operand){0};
    if (ptx_accept(p, '!')) {
        o->negated = true;
    }
    if (ptx_accept(p, '[')) {
        parse_address(p, o);
    } else if (ptx_accept(p, '{')) {
        parse_list(p, o, '}');
    } else if (ptx_accept(p, '(')) {
        parse_list(p, o, ')');
    } else if (p->token.kind == TOKEN_WORD) {
        ptx_parse_named(p, o);
        if (o->kind == PTX_OP_SYMBOL && ptx_accept(p, '+')) {
            o->value = ptx_integer(p);
        }
    } else if (p->token.kind == TOKEN_F32 || p->token.kind == TOKEN_F64) {
        o->kind = p->token.kind == TOKEN_F32 ? PTX_OP_F32 : PTX_OP_FLOAT;
        o->value = (int64_t)p->token.value;
        ptx_next(p);
    } else if (ptx_is(p, '-') || p->token.kind == TOKEN_INTEGER) {
        const bool negative = ptx_accept(p, '-');
        if (p->token.kind == TOKEN_F64) {
            double value;
            memcpy(&value, &p->token.value, 8);
            value = negative ? -value : value;
            memcpy(&o->value, &value, 8);
            o->kind = PTX_OP_FLOAT;
            ptx_next(p);
        } else {
            o->kind = PTX_OP_IMMEDIATE;
            const uint64_t value = (uint64_t)ptx_integer(p);
            o->value = (int64_t)(negative ? 0 - value : value);
        }
    } else {
        ptx_fail(p, "an operand is expected");
    }
    if (ptx_accept(p, '|')) {
        struct ptx_operand second = {0};
        ptx_parse_named(p, &second);
        o->second = second.symbol;
        o->second_is_sink = second.kind == PTX_OP_SINK;
        if (second.kind != PTX_OP_REG && second.kind != PTX_OP_SINK) {
            ptx_fail(p, "a register is expected after '|'");
        }
    }
}
