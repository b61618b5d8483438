/* shared_layout: where the shared variables of a kernel lie. A kernel's block has those that its own body and
 * the functions it calls name, whatever else is in the module; dynamic shared memory comes after them. */
#include "api.h"

struct layout {
    uint32_t mark;
    uint64_t bytes, dynamic_align;
    struct ptx_function *pending; /* reached, and not looked through yet */
};

static void reach(struct layout *l, struct ptx_function *f) {
    if (f && f->mark != l->mark) {
        f->mark = l->mark;
        f->next_pending = l->pending;
        l->pending = f;
    }
}

static void place(struct layout *l, struct ptx_symbol *v) {
    if (v->mark == l->mark) {
        return;
    }
    v->mark = l->mark;
    const uint64_t align = v->align ? v->align : 1;
    if (v->is_external) {
        l->dynamic_align = align > l->dynamic_align ? align : l->dynamic_align;
        return;
    }
    l->bytes = (l->bytes + align - 1) & ~(align - 1);
    v->offset = l->bytes;
    l->bytes += v->size;
}

static void look_at(struct layout *l, const struct ptx_operand *o) {
    if (o->symbol && o->symbol->kind == PTX_SYM_VARIABLE && o->symbol->space == PTX_SHARED) {
        place(l, o->symbol);
    } else if (o->symbol && o->symbol->kind == PTX_SYM_FUNCTION) {
        reach(l, o->symbol->function);
    }
    for (uint32_t i = 0; i < o->count; i++) {
        look_at(l, &o->list[i]);
    }
}

void shared_layout(struct ptx_module *module, struct ptx_function *entry, uint32_t mark, uint64_t *bytes,
                   uint64_t *dynamic_offset) {
    struct layout l = {.mark = mark, .dynamic_align = 16};
    reach(&l, entry);
    while (l.pending) {
        const struct ptx_function *f = l.pending;
        l.pending = f->next_pending;
        for (uint32_t i = 0; i < f->code_count; i++) {
            for (uint32_t k = 0; k < f->code[i].count; k++) {
                look_at(&l, &f->code[i].operands[k]);
            }
        }
    }
    *bytes = l.bytes;
    *dynamic_offset = (l.bytes + l.dynamic_align - 1) & ~(l.dynamic_align - 1);
    for (uint32_t i = 0; i < module->variable_count; i++) {
        struct ptx_symbol *v = module->variables[i];
        if (v->space == PTX_SHARED && v->is_external) {
            v->offset = *dynamic_offset;
        }
    }
}
