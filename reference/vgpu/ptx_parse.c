/* ptx_parse: a module's directives, variables and functions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ptx.h"

enum { MAX_REGISTERS = 1 << 20, MAX_MODULE_BYTES = 1 << 30 };

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

void ptx_push(struct ptx_parser *p, void *array_pointer, uint32_t *count, uint32_t *capacity, size_t bytes) {
    void **array = array_pointer;
    if (*count == *capacity) {
        const uint32_t more = *capacity ? 2 * *capacity : 16;
        void *bigger = ptx_alloc(p, more * bytes);
        if (*count) {
            memcpy(bigger, *array, *count * bytes);
        }
        *array = bigger;
        *capacity = more;
    }
    (*count)++;
}

static struct ptx_type parse_type(struct ptx_parser *p) {
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

/* After the space's directive: [.align n] [.attribute(...)] [.v2|.v4] .type name [dims] [= values]. */
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
    const struct ptx_type type = parse_type(p);
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
        if (v->size > MAX_MODULE_BYTES) {
            ptx_fail(p, "initialised array is too large");
        }
        uint8_t *bytes = ptx_alloc(p, v->size + 8);
        uint64_t at = 0;
        parse_initial_list(p, v, bytes, &at, (unsigned)width, 0);
        v->initial = bytes;
    }
    return v;
}

static void parse_formals(struct ptx_parser *p, struct ptx_symbol ***list, uint32_t *count) {
    uint32_t capacity = 0;
    ptx_expect(p, '(');
    while (!ptx_is(p, ')')) {
        struct ptx_symbol *formal;
        if (ptx_word_is(p, ".reg")) {
            ptx_next(p);
            const struct ptx_type type = parse_type(p);
            formal = ptx_declare(p, ptx_name(p), PTX_SYM_REG);
            formal->type = type;
            formal->index = p->function->register_count;
            ptx_push(p, &p->function->registers, &p->function->register_count,
                     &p->function->register_capacity, sizeof formal);
            p->function->registers[formal->index] = formal;
        } else {
            if (!ptx_word_is(p, ".param")) {
                ptx_fail(p, ".param is expected");
            }
            ptx_next(p);
            formal = ptx_parse_variable(p, PTX_PARAM, false);
        }
        formal->is_formal = true;
        ptx_push(p, list, count, &capacity, sizeof formal);
        (*list)[*count - 1] = formal;
        if (!ptx_accept(p, ',')) {
            break;
        }
    }
    ptx_expect(p, ')');
}

static void parse_limits(struct ptx_parser *p, uint32_t values[3]) {
    for (unsigned i = 0; i < 3; i++) {
        values[i] = (uint32_t)ptx_integer(p);
        if (!ptx_accept(p, ',')) {
            for (unsigned k = i + 1; k < 3; k++) {
                values[k] = 1;
            }
            return;
        }
    }
}

static void parse_function(struct ptx_parser *p, bool is_entry) {
    struct ptx_function *f = ptx_alloc(p, sizeof *f);
    struct ptx_scope scope = {.outer = &p->module->globals};
    f->is_entry = is_entry;
    f->line = p->line;
    p->function = f;
    p->scope = &scope;
    if (!is_entry && ptx_is(p, '(')) {
        parse_formals(p, &f->results, &f->result_count);
    }
    f->name = ptx_name(p);
    if (ptx_is(p, '(')) {
        parse_formals(p, &f->formals, &f->formal_count);
    }
    for (;;) {
        if (ptx_word_is(p, ".maxntid") || ptx_word_is(p, ".reqntid")) {
            const bool required = ptx_word_is(p, ".reqntid");
            ptx_next(p);
            parse_limits(p, required ? f->required_threads : f->max_threads);
        } else if (ptx_word_is(p, ".minnctapersm") || ptx_word_is(p, ".maxnctapersm") ||
                   ptx_word_is(p, ".maxnreg")) {
            const bool registers = ptx_word_is(p, ".maxnreg");
            ptx_next(p);
            *(registers ? &f->max_registers : &f->min_blocks) = (uint32_t)ptx_integer(p);
        } else if (ptx_word_is(p, ".noreturn")) {
            ptx_next(p);
        } else if (ptx_word_is(p, ".pragma")) {
            ptx_next(p);
            ptx_name(p);
            ptx_expect(p, ';');
        } else {
            break;
        }
    }
    /* A later definition fills a forward declaration in. */
    p->scope = &p->module->globals;
    struct ptx_symbol *symbol = ptx_lookup(p->scope, f->name);
    if (!symbol) {
        symbol = ptx_declare(p, f->name, PTX_SYM_FUNCTION);
    } else if (symbol->kind != PTX_SYM_FUNCTION || (symbol->function->has_body && ptx_is(p, '{'))) {
        ptx_fail(p, "a name is declared twice");
    }
    p->scope = &scope;
    if (ptx_is(p, '{')) {
        f->has_body = true;
        ptx_parse_body(p);
        symbol->function = f;
        *p->module->function_tail = f;
        p->module->function_tail = &f->next;
    } else {
        ptx_accept(p, ';');
        if (!symbol->function) {
            symbol->function = f;
        }
    }
    p->function = NULL;
    p->scope = &p->module->globals;
}

static void parse_header(struct ptx_parser *p) {
    struct ptx_module *m = p->module;
    if (!ptx_word_is(p, ".version")) {
        ptx_fail(p, "a PTX module starts with .version");
    }
    p->token.kind = TOKEN_END;
    unsigned major = 0, minor = 0;
    int read = 0;
    if (sscanf(p->at, " %3u.%3u%n", &major, &minor, &read) != 2) {
        ptx_fail(p, "bad .version");
    }
    p->at += read;
    m->version = 10 * major + minor;
    if (m->version < 30 || m->version > 95) {
        ptx_fail(p, "PTX version out of the range 3.0 to 9.5");
    }
    ptx_next(p);
    if (!ptx_word_is(p, ".target")) {
        ptx_fail(p, ".target is expected");
    }
    ptx_next(p);
    const char *target = ptx_name(p);
    if (sscanf(target, "sm_%u", &m->sm) != 1) {
        ptx_fail(p, "target is not sm_NN");
    }
    snprintf(m->target, sizeof m->target, "%s", target);
    m->exact = target[strlen(target) - 1] == 'a';
    while (ptx_accept(p, ',')) {
        ptx_name(p); /* debug, texmode_... */
    }
    if (ptx_word_is(p, ".address_size")) {
        ptx_next(p);
        if (ptx_integer(p) != 64) {
            ptx_fail(p, "only 64-bit addresses are supported");
        }
    }
}

static void parse_file(struct ptx_parser *p) {
    struct ptx_file *file = ptx_alloc(p, sizeof *file);
    ptx_next(p);
    file->index = (uint32_t)ptx_integer(p);
    file->name = ptx_name(p);
    while (ptx_accept(p, ',')) {
        ptx_integer(p);
    }
    file->next = p->module->files;
    p->module->files = file;
}

/* Debug sections carry nothing that executes. */
static void skip_section(struct ptx_parser *p) {
    while (!ptx_is(p, '{')) {
        if (p->token.kind == TOKEN_END) {
            ptx_fail(p, "'{' is expected");
        }
        ptx_next(p);
    }
    while (!ptx_is(p, '}')) {
        if (p->token.kind == TOKEN_END) {
            ptx_fail(p, "section without end");
        }
        ptx_next(p);
    }
    ptx_next(p);
}

static void parse_module_variable(struct ptx_parser *p, enum ptx_space space, bool external) {
    ptx_next(p);
    struct ptx_symbol *v = ptx_parse_variable(p, space, external);
    struct ptx_module *m = p->module;
    ptx_push(p, &m->variables, &m->variable_count, &m->variable_capacity, sizeof v);
    m->variables[m->variable_count - 1] = v;
    ptx_expect(p, ';');
}

static void parse_module(struct ptx_parser *p) {
    parse_header(p);
    bool external = false;
    while (p->token.kind != TOKEN_END) {
        if (ptx_word_is(p, ".visible") || ptx_word_is(p, ".weak") || ptx_word_is(p, ".common")) {
            ptx_next(p);
            continue;
        }
        if (ptx_word_is(p, ".extern")) {
            external = true;
            ptx_next(p);
            continue;
        }
        if (ptx_word_is(p, ".entry") || ptx_word_is(p, ".func")) {
            const bool is_entry = ptx_word_is(p, ".entry");
            ptx_next(p);
            parse_function(p, is_entry);
        } else if (ptx_word_is(p, ".global")) {
            parse_module_variable(p, PTX_GLOBAL, external);
        } else if (ptx_word_is(p, ".const")) {
            parse_module_variable(p, PTX_CONST, external);
        } else if (ptx_word_is(p, ".shared")) {
            parse_module_variable(p, PTX_SHARED, external);
        } else if (ptx_word_is(p, ".file")) {
            parse_file(p);
        } else if (ptx_word_is(p, ".section")) {
            skip_section(p);
        } else if (ptx_word_is(p, ".pragma") || ptx_word_is(p, ".alias")) {
            ptx_fail(p, "module directive is not supported");
        } else {
            ptx_fail(p, "a directive is expected");
        }
        external = false;
    }
}

bool ptx_parse(struct ptx_module *module, const char *text, char *message, size_t message_bytes) {
    *module = (struct ptx_module){.arena.limit = MAX_MODULE_BYTES};
    module->function_tail = &module->functions;
    struct ptx_parser p = {
        .module = module, .at = text, .line = 1, .message = message, .message_bytes = message_bytes};
    p.scope = &module->globals;
    if (setjmp(p.fail)) {
        return false;
    }
    ptx_next(&p);
    parse_module(&p);
    return true;
}

void ptx_free(struct ptx_module *module) {
    arena_free(&module->arena);
}

const char *ptx_file_name(const struct ptx_module *module, uint32_t index) {
    for (const struct ptx_file *f = module->files; f; f = f->next) {
        if (f->index == index) {
            return f->name;
        }
    }
    return NULL;
}
