/* ptx_parse: a module's directives and functions. */
#include <stdio.h>
#include <string.h>

#include "ptx.h"

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

static void parse_formals(struct ptx_parser *p, struct ptx_symbol ***list, uint32_t *count) {
    uint32_t capacity = 0;
    ptx_expect(p, '(');
    while (!ptx_is(p, ')')) {
        struct ptx_symbol *formal;
        if (ptx_word_is(p, ".reg")) {
            ptx_next(p);
            const struct ptx_type type = ptx_parse_type(p);
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
    *module = (struct ptx_module){.arena.limit = PTX_MAX_BYTES};
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
