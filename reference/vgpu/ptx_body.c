/* ptx_body: a function's body - declarations, labels and instructions. */
#include <stdio.h>
#include <string.h>

#include "ptx.h"

enum { MAX_DEPTH = 64, MAX_REGISTERS = 1 << 20 };

static void add_register(struct ptx_parser *p, const char *name, struct ptx_type type) {
    struct ptx_function *f = p->function;
    if (f->register_count >= MAX_REGISTERS) {
        ptx_fail(p, "too many registers");
    }
    struct ptx_symbol *r = ptx_declare(p, name, PTX_SYM_REG);
    r->type = type;
    r->index = f->register_count;
    ptx_push(p, &f->registers, &f->register_count, &f->register_capacity, sizeof r);
    f->registers[r->index] = r;
}

static void parse_registers(struct ptx_parser *p) {
    ptx_next(p);
    char type_name[16] = "";
    if (p->token.kind != TOKEN_DIRECTIVE || p->token.length > sizeof type_name) {
        ptx_fail(p, "a type is expected");
    }
    memcpy(type_name, p->token.text + 1, p->token.length - 1);
    const struct ptx_type type = ptx_type_of(type_name);
    if (!type.kind || (type.bits == 8 && type.kind != 'b')) {
        ptx_fail(p, "register type is not supported");
    }
    ptx_next(p);
    do {
        const char *name = ptx_name(p);
        if (!ptx_accept(p, '<')) {
            add_register(p, name, type);
            continue;
        }
        const int64_t count = ptx_integer(p);
        ptx_expect(p, '>');
        if (count < 0 || count > MAX_REGISTERS) {
            ptx_fail(p, "too many registers");
        }
        for (int64_t i = 0; i < count; i++) {
            const size_t bytes = strlen(name) + 12;
            char *member = ptx_alloc(p, bytes);
            snprintf(member, bytes, "%s%lld", name, (long long)i);
            add_register(p, member, type);
        }
    } while (ptx_accept(p, ','));
    ptx_expect(p, ';');
}

static void parse_local(struct ptx_parser *p, enum ptx_space space) {
    ptx_next(p);
    struct ptx_function *f = p->function;
    struct ptx_symbol *v = ptx_parse_variable(p, space, false);
    ptx_expect(p, ';');
    if (space == PTX_SHARED || space == PTX_GLOBAL || space == PTX_CONST) {
        struct ptx_module *m = p->module;
        ptx_push(p, &m->variables, &m->variable_count, &m->variable_capacity, sizeof v);
        m->variables[m->variable_count - 1] = v;
        return;
    }
    v->member = f->local_count;
    ptx_push(p, &f->locals, &f->local_count, &f->local_capacity, sizeof v);
    f->locals[v->member] = v;
}

static void parse_location(struct ptx_parser *p) {
    ptx_next(p);
    p->file = (uint32_t)ptx_integer(p);
    p->source = (uint32_t)ptx_integer(p);
    ptx_integer(p);
    /* , function_name label, inlined_at f l c: where the innermost inlined line stands is what matters */
    while (ptx_accept(p, ',')) {
        ptx_name(p);
        while (p->token.kind == TOKEN_INTEGER || p->token.kind == TOKEN_WORD || ptx_is(p, '+')) {
            if (p->token.kind == TOKEN_WORD && ptx_is(p, ',')) {
                break;
            }
            const uint32_t line = p->line;
            ptx_next(p);
            if (p->line != line) {
                return;
            }
        }
    }
}

static void parse_instruction(struct ptx_parser *p) {
    struct ptx_function *f = p->function;
    struct ptx_instruction in = {.file = p->file, .source = p->source};
    if (ptx_accept(p, '@')) {
        in.guard_negated = ptx_accept(p, '!');
        const char *name = ptx_name(p);
        in.guard = ptx_lookup(p->scope, name);
        if (!in.guard || in.guard->kind != PTX_SYM_REG || in.guard->type.kind != 'p') {
            ptx_fail(p, "the guard is not a predicate");
        }
    }
    if (p->token.kind != TOKEN_WORD) {
        ptx_fail(p, "an instruction is expected");
    }
    in.line = p->line;
    in.opcode = ptx_opcode(p);
    uint32_t capacity = 0;
    while (!ptx_is(p, ';')) {
        if (in.count >= PTX_MAX_OPERANDS) {
            ptx_fail(p, "too many operands");
        }
        struct ptx_operand o;
        ptx_parse_operand(p, &o);
        ptx_push(p, &in.operands, &in.count, &capacity, sizeof o);
        in.operands[in.count - 1] = o;
        if (!ptx_accept(p, ',')) {
            break;
        }
    }
    ptx_expect(p, ';');
    ptx_push(p, &f->code, &f->code_count, &f->code_capacity, sizeof in);
    f->code[f->code_count - 1] = in;
}

static void define_label(struct ptx_parser *p, const char *name, struct ptx_scope *scope) {
    struct ptx_scope *previous = p->scope;
    p->scope = scope;
    struct ptx_symbol *label = ptx_lookup(scope, name);
    if (!label) {
        label = ptx_declare(p, name, PTX_SYM_LABEL);
    } else if (label->kind != PTX_SYM_LABEL || label->defined) {
        ptx_fail(p, "a label is defined twice");
    }
    label->defined = true;
    label->index = p->function->code_count;
    p->scope = previous;
}

/* name: .branchtargets a, b, c; */
static void parse_targets(struct ptx_parser *p, const char *name) {
    struct ptx_symbol *table = ptx_lookup(p->scope, name);
    if (!table) {
        table = ptx_declare(p, name, PTX_SYM_TABLE);
    } else if (table->kind != PTX_SYM_LABEL || table->defined) {
        ptx_fail(p, "a label is defined twice");
    }
    table->kind = PTX_SYM_TABLE;
    table->defined = true;
    ptx_next(p);
    uint32_t capacity = 0;
    do {
        struct ptx_operand o = {0};
        ptx_parse_named(p, &o);
        if (o.kind != PTX_OP_SYMBOL) {
            ptx_fail(p, "a label is expected");
        }
        ptx_push(p, &table->targets, &table->target_count, &capacity, sizeof o.symbol);
        table->targets[table->target_count - 1] = o.symbol;
    } while (ptx_accept(p, ','));
    ptx_expect(p, ';');
}

static bool parse_directive(struct ptx_parser *p) {
    if (ptx_word_is(p, ".reg")) {
        parse_registers(p);
    } else if (ptx_word_is(p, ".local")) {
        parse_local(p, PTX_LOCAL);
    } else if (ptx_word_is(p, ".param")) {
        parse_local(p, PTX_PARAM);
    } else if (ptx_word_is(p, ".shared")) {
        parse_local(p, PTX_SHARED);
    } else if (ptx_word_is(p, ".global")) {
        parse_local(p, PTX_GLOBAL);
    } else if (ptx_word_is(p, ".const")) {
        parse_local(p, PTX_CONST);
    } else if (ptx_word_is(p, ".loc")) {
        parse_location(p);
    } else if (ptx_word_is(p, ".pragma")) {
        ptx_next(p);
        ptx_name(p);
        ptx_expect(p, ';');
    } else {
        return false;
    }
    return true;
}

static void check_labels(struct ptx_parser *p, const struct ptx_scope *scope) {
    for (uint32_t i = 0; i < scope->bucket_count; i++) {
        for (const struct ptx_symbol *s = scope->buckets[i]; s; s = s->next) {
            if (s->kind == PTX_SYM_LABEL && !s->defined) {
                char what[120];
                snprintf(what, sizeof what, "'%.60s' (used at line %s) is not defined in", s->name,
                         s->where ? s->where : "?");
                ptx_fail(p, what);
            }
        }
    }
}

/* Labels that were used in an inner scope before they are defined in an outer one are adopted by the latter.
 */
static void adopt_labels(struct ptx_parser *p, struct ptx_scope *inner) {
    for (uint32_t i = 0; i < inner->bucket_count; i++) {
        struct ptx_symbol **link = &inner->buckets[i];
        while (*link) {
            struct ptx_symbol *s = *link;
            if (s->kind == PTX_SYM_LABEL && !s->defined) {
                *link = s->next;
                ptx_scope_add(p, inner->outer, s);
            } else {
                link = &s->next;
            }
        }
    }
    p->scope = inner->outer;
}

void ptx_parse_body(struct ptx_parser *p) {
    struct ptx_scope *function_scope = p->scope;
    struct ptx_scope *outside = function_scope->outer;
    uint32_t depth = 0;
    p->file = p->source = 0;
    for (;;) {
        if (ptx_is(p, '{')) {
            if (++depth > MAX_DEPTH) {
                ptx_fail(p, "blocks nested too deeply");
            }
            if (depth > 1) {
                struct ptx_scope *inner = ptx_alloc(p, sizeof *inner);
                inner->outer = p->scope;
                p->scope = inner;
            }
            ptx_next(p);
        } else if (ptx_is(p, '}')) {
            if (--depth == 0) {
                check_labels(p, function_scope);
                ptx_next(p);
                p->scope = outside;
                return;
            }
            adopt_labels(p, p->scope);
            ptx_next(p);
        } else if (p->token.kind == TOKEN_END) {
            ptx_fail(p, "function without end");
        } else if (p->token.kind == TOKEN_DIRECTIVE) {
            if (!parse_directive(p)) {
                ptx_fail(p, "directive is not supported");
            }
        } else if (p->token.kind == TOKEN_WORD && *p->at == ':' && p->at[1] != ':') {
            const char *name = ptx_name(p);
            ptx_expect(p, ':');
            if (ptx_word_is(p, ".branchtargets")) {
                parse_targets(p, name);
            } else {
                define_label(p, name, p->scope);
            }
        } else if (!ptx_accept(p, ';')) {
            parse_instruction(p);
        }
    }
}
