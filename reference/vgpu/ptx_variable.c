/* ptx_variable: types, variables and what they begin with. */
#include <string.h>

#include "ptx.h"

struct ptx_type ptx_type_of(const char *name) {
    static const struct {
        const char *name;
        struct ptx_type type;
    } types[] = {
        {"b8", {'b', 8}},     {"b16", {'b', 16}},    {"b32", {'b', 32}},   {"b64", {'b', 64}},
        {"u8", {'u', 8}},     {"u16", {'u', 16}},    {"u32", {'u', 32}},   {"u64", {'u', 64}},
        {"s8", {'s', 8}},     {"s16", {'s', 16}},    {"s32", {'s', 32}},   {"s64", {'s', 64}},
        {"f16", {'f', 16}},   {"f32", {'f', 32}},    {"f64", {'f', 64}},   {"bf16", {'f', 16}},
        {"f16x2", {'b', 32}}, {"bf16x2", {'b', 32}}, {"f32x2", {'b', 64}}, {"pred", {'p', 1}},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(types[i].name, name) == 0) {
            return types[i].type;
        }
    }
    return (struct ptx_type){0};
}

struct ptx_type ptx_parse_type(struct ptx_parser *p) {
    struct ptx_type type = {0};
    if (p->token.kind == TOKEN_DIRECTIVE) {
        char name[16] = "";
        if (p->token.length - 1 < sizeof name) {
            memcpy(name, p->token.text + 1, p->token.length - 1);
            type = ptx_type_of(name);
        }
    }
    if (!type.kind) {
        ptx_fail(p, "a type is expected");
    }
    ptx_next(p);
    return type;
}

/* One element of an initialiser: a number or an address. */
static void parse_initial(struct ptx_parser *p, struct ptx_symbol *v, uint8_t *bytes, uint64_t at,
                          unsigned width) {
    if (at + width > v->size) {
        ptx_fail(p, "too many initial values");
    }
    if (p->token.kind == TOKEN_WORD) {
        struct ptx_reference *r = ptx_alloc(p, sizeof *r);
        r->generic = ptx_word_is(p, "generic");
        if (r->generic) {
            ptx_next(p);
            ptx_expect(p, '(');
        }
        r->name = ptx_name(p);
        if (r->generic) {
            ptx_expect(p, ')');
        }
        if (ptx_accept(p, '+')) {
            r->addend = (uint64_t)ptx_integer(p);
        }
        r->at = at;
        r->bytes = (uint8_t)width;
        r->next = v->references;
        v->references = r;
        return;
    }
    uint64_t value;
    if (p->token.kind == TOKEN_F32 || p->token.kind == TOKEN_F64) {
        value = p->token.value;
        if (p->token.kind == TOKEN_F64 && width == 4) {
            double wide;
            memcpy(&wide, &value, 8);
            const float narrow = (float)wide;
            uint32_t bits;
            memcpy(&bits, &narrow, 4);
            value = bits;
        }
        ptx_next(p);
    } else {
        value = (uint64_t)ptx_integer(p);
    }
    memcpy(bytes + at, &value, width);
}

static void parse_initial_list(struct ptx_parser *p, struct ptx_symbol *v, uint8_t *bytes, uint64_t *at,
                               unsigned width, unsigned depth) {
    if (depth > 8) {
        ptx_fail(p, "initial values nested too deeply");
    }
    if (!ptx_accept(p, '{')) {
        parse_initial(p, v, bytes, *at, width);
        *at += width;
        return;
    }
    while (!ptx_is(p, '}')) {
        parse_initial_list(p, v, bytes, at, width, depth + 1);
        if (!ptx_accept(p, ',')) {
            break;
        }
    }
    ptx_expect(p, '}');
}

struct ptx_symbol *ptx_parse_variable(struct ptx_parser *p, enum ptx_space space, bool external) {
    uint64_t align = 0, vector = 1;
    for (;;) {
        if (ptx_word_is(p, ".align")) {
            ptx_next(p);
            align = (uint64_t)ptx_integer(p);
            if (!align || (align & (align - 1)) || align > 4096) {
                ptx_fail(p, "alignment must be a power of two up to 4096");
            }
        } else if (ptx_word_is(p, ".v2") || ptx_word_is(p, ".v4")) {
            vector = ptx_word_is(p, ".v2") ? 2 : 4;
            ptx_next(p);
        } else if (ptx_word_is(p, ".attribute")) {
            ptx_next(p);
            while (!ptx_accept(p, ')')) {
                if (p->token.kind == TOKEN_END) {
                    ptx_fail(p, "')' is expected");
                }
                ptx_next(p);
            }
        } else {
            break;
        }
    }
    const struct ptx_type type = ptx_parse_type(p);
    /* .param .u64 .ptr .global .align 4 name: what a pointer points to does not matter here */
    while (ptx_word_is(p, ".ptr") || ptx_word_is(p, ".global") || ptx_word_is(p, ".shared") ||
           ptx_word_is(p, ".const") || ptx_word_is(p, ".local") || ptx_word_is(p, ".align")) {
        const bool has_value = ptx_word_is(p, ".align");
        ptx_next(p);
        if (has_value) {
            ptx_integer(p);
        }
    }
    struct ptx_symbol *v = ptx_declare(p, ptx_name(p), PTX_SYM_VARIABLE);
    v->type = type;
    v->space = space;
    const uint64_t width = (type.bits + 7) / 8;
    v->size = width * vector;
    v->align = align ? align : v->size;
    v->is_external = external;
    bool open = false;
    while (ptx_accept(p, '[')) {
        if (ptx_accept(p, ']')) {
            open = true;
            v->size = 0;
            continue;
        }
        const int64_t n = ptx_integer(p);
        if (n < 0 || (v->size && (uint64_t)n > ((uint64_t)1 << 36) / v->size)) {
            ptx_fail(p, "array is too large");
        }
        v->size *= (uint64_t)n;
        ptx_expect(p, ']');
    }
    if (ptx_accept(p, '=')) {
        if (open) {
            ptx_fail(p, "an initialised array needs its size");
        }
        if (v->size > PTX_MAX_BYTES) {
            ptx_fail(p, "initialised array is too large");
        }
        uint8_t *bytes = ptx_alloc(p, v->size + 8);
        uint64_t at = 0;
        parse_initial_list(p, v, bytes, &at, (unsigned)width, 0);
        v->initial = bytes;
    }
    return v;
}
