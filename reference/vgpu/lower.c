/* lower: walks an entry function, inlines the functions it calls and decodes every instruction. */
#include "lower.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CODE = 1 << 20, MAX_LOCAL = 512 << 10 };

_Noreturn void lower_fail(struct lowering *l, const char *what) {
    if (l->at) {
        snprintf(l->message, l->message_bytes, "line %u: %s: '%s'", l->at->line, what, l->at->opcode);
    } else {
        snprintf(l->message, l->message_bytes, "kernel %s: %s", l->kernel->name, what);
    }
    longjmp(l->fail, 1);
}

void *lower_alloc(struct lowering *l, size_t bytes) {
    void *memory = arena_alloc(l->arena, bytes);
    if (!memory) {
        lower_fail(l, "out of memory");
    }
    return memory;
}

void *lower_grow(struct lowering *l, void *array, uint32_t *capacity, size_t bytes) {
    const uint32_t more = *capacity ? 2 * *capacity : 256;
    void *bigger = lower_alloc(l, more * bytes);
    if (*capacity) {
        memcpy(bigger, array, *capacity * bytes);
    }
    *capacity = more;
    return bigger;
}

struct inst *lower_emit(struct lowering *l) {
    if (l->count == l->capacity) {
        l->code = lower_grow(l, l->code, &l->capacity, sizeof *l->code);
    }
    if (l->count >= MAX_CODE) {
        lower_fail(l, "kernel has too many instructions");
    }
    struct inst *in = &l->code[l->count++];
    *in = (struct inst){.guard = NO_GUARD, .pipe = PIPE_ALU};
    for (unsigned i = 0; i < INST_OPERANDS; i++) {
        in->op[i] = UINT32_MAX;
    }
    in->line = l->at->line;
    in->file = l->at->file;
    in->source = l->at->source;
    in->opcode = l->at->opcode;
    if (l->at->guard) {
        in->guard = (int32_t)lower_symbol_register(l, l->at->guard);
        in->guard_negated = l->at->guard_negated;
    }
    return in;
}

uint32_t lower_register(struct lowering *l, enum reg_class class) {
    if (l->registers == l->register_capacity) {
        l->classes = lower_grow(l, l->classes, &l->register_capacity, 1);
    }
    l->classes[l->registers] = (uint8_t) class;
    return l->registers++;
}

enum reg_class lower_class(const struct lowering *l, uint32_t reg) {
    return (enum reg_class)l->classes[reg];
}

/* How many '!' and '|' the operands have. */
static unsigned count_marks(const struct ptx_operand *o, uint32_t count) {
    unsigned marks = 0;
    for (uint32_t i = 0; i < count; i++) {
        marks += o[i].negated + (o[i].second || o[i].second_is_sink) + count_marks(o[i].list, o[i].count);
    }
    return marks;
}

static void decode(struct lowering *l, const struct ptx_instruction *p) {
    const bool done = lower_control(l, p); /* a call decodes the function's instructions */
    l->marks = 0;
    if (done || lower_hint(l, p)) {
        return;
    }
    if (decode_table(l, p) || decode_move(l, p) || decode_convert(l, p) || decode_compare(l, p) ||
        decode_memory(l, p) || decode_atomic(l, p) || decode_warp(l, p) || decode_async(l, p) ||
        decode_matrix(l, p)) {
        return;
    }
    lower_fail(l, "instruction is not supported");
}

static void lower_instruction(struct lowering *l, const struct ptx_instruction *p) {
    l->at = p;
    decode(l, p);
    if (l->marks != count_marks(p->operands, p->count)) {
        lower_fail(l, "'!' or '|' is not supported here");
    }
}

static void patch_targets(struct lowering *l, const struct frame *frame, uint32_t first, const uint8_t *own) {
    for (uint32_t i = first; i < l->count; i++) {
        struct inst *in = &l->code[i];
        if (!own[i - first]) {
            continue;
        }
        if (in->kind == INST_BRANCH) {
            in->target = frame->position[in->target];
        } else if (in->kind == INST_TABLE) {
            uint32_t *targets = (uint32_t *)in->list;
            for (unsigned k = 0; k < in->count; k++) {
                targets[k] = frame->position[targets[k]];
            }
        }
    }
}

void lower_function(struct lowering *l, struct frame *frame) {
    struct ptx_function *f = frame->function;
    l->frame = frame;
    frame->first_register = l->registers;
    for (uint32_t i = 0; i < f->register_count; i++) {
        const struct ptx_type type = f->registers[i]->type;
        lower_register(l, type.kind == 'p' ? REG_PREDICATE : type.bits == 64 ? REG_64 : REG_32);
    }
    frame->storage = lower_alloc(l, (f->local_count + 1) * sizeof *frame->storage);
    for (uint32_t i = 0; i < f->local_count; i++) {
        const uint64_t align = f->locals[i]->align ? f->locals[i]->align : 1;
        l->local_bytes = (l->local_bytes + align - 1) & ~(align - 1);
        frame->storage[i] = l->local_bytes;
        l->local_bytes += f->locals[i]->size;
        if (l->local_bytes > MAX_LOCAL) {
            lower_fail(l, "more than 512 KiB of local memory");
        }
    }
    frame->position = lower_alloc(l, (f->code_count + 1) * sizeof *frame->position);
    const uint32_t first = l->count;
    uint32_t *begin = lower_alloc(l, (f->code_count + 1) * sizeof *begin);
    for (uint32_t i = 0; i < f->code_count; i++) {
        frame->position[i] = begin[i] = l->count;
        lower_instruction(l, &f->code[i]);
        l->frame = frame;
    }
    frame->position[f->code_count] = l->count;
    /* instructions of inlined callees are patched already */
    uint8_t *own = lower_alloc(l, l->count - first + 1);
    for (uint32_t i = 0; i < f->code_count; i++) {
        if (strncmp(f->code[i].opcode, "call", 4) != 0) {
            memset(own + (begin[i] - first), 1, frame->position[i + 1] - begin[i]);
        }
    }
    patch_targets(l, frame, first, own);
}

/* ---- the kernel ---- */

static void layout_params(struct lowering *l, const struct ptx_function *entry) {
    struct kernel *k = l->kernel;
    k->params = lower_alloc(l, (entry->formal_count + 1) * sizeof *k->params);
    k->param_count = entry->formal_count;
    uint64_t at = 0;
    for (uint32_t i = 0; i < entry->formal_count; i++) {
        struct ptx_symbol *s = entry->formals[i];
        if (s->kind != PTX_SYM_VARIABLE) {
            lower_fail(l, "a kernel's parameters must be .param");
        }
        const uint64_t align = s->align ? s->align : 1;
        at = (at + align - 1) & ~(align - 1);
        s->offset = at;
        k->params[i] = (struct kernel_param){(uint32_t)at, (uint32_t)s->size};
        at += s->size;
        if (at > 32764) {
            lower_fail(l, "parameters take more than 32764 bytes");
        }
    }
    k->param_bytes = (uint32_t)at;
}

static void number_sites(struct lowering *l) {
    uint32_t sites = 0;
    for (uint32_t i = 0; i < l->count; i++) {
        if (l->code[i].kind == INST_MEMORY || l->code[i].kind == INST_WARP) {
            l->code[i].site = (uint16_t)sites;
            sites += sites < UINT16_MAX;
        }
    }
    l->kernel->sites = (uint16_t)sites;
}

static void count_read(void *context, uint32_t *op, bool is_destination) {
    uint32_t *reads = context;
    if (!is_destination && !(*op & VGPU_CONSTANT)) {
        reads[*op]++;
    }
}

/* A kernel in which the old value of an atomic is used, or a sum depends on the order of its terms, shows in
 * which order its blocks ran. Compilers leave old values that nobody wants in the code; those do not count.
 */
static void find_order(struct lowering *l) {
    uint32_t *reads = lower_alloc(l, (l->registers + 1) * sizeof *reads);
    for (uint32_t i = 0; i < l->count; i++) {
        inst_visit(&l->code[i], count_read, reads);
    }
    for (uint32_t i = 0; i < l->count; i++) {
        const struct inst *in = &l->code[i];
        bool used = false;
        for (unsigned k = 0; in->order && k < in->list_defs; k++) {
            used |= reads[in->list[k]] != 0;
        }
        l->kernel->tickets |= used;
        l->kernel->ordered |= used || in->order == 2;
    }
}

static void finish(struct lowering *l) {
    struct kernel *k = l->kernel;
    find_order(l);
    number_sites(l);
    flow_reconverge(l);
    flow_allocate(l);
    flow_straighten(l);
    k->code = l->code;
    k->count = l->count;
    k->constants = l->constants;
    k->constant_bytes = l->constant_bytes;
    k->local_bytes = (uint32_t)((l->local_bytes + 15) & ~(uint64_t)15);
}

struct kernel *kernel_build(struct ptx_module *module, struct ptx_function *entry, char *message,
                            size_t message_bytes) {
    struct kernel *k = arena_alloc(&module->arena, sizeof *k);
    if (!k) {
        snprintf(message, message_bytes, "out of memory");
        return NULL;
    }
    struct lowering *l = arena_alloc(&module->arena, sizeof *l);
    if (!l) {
        snprintf(message, message_bytes, "out of memory");
        return NULL;
    }
    *l = (struct lowering){.module = module,
                           .kernel = k,
                           .arena = &module->arena,
                           .message = message,
                           .message_bytes = message_bytes};
    k->name = entry->name;
    k->module = module;
    k->registers = k->spill_bytes = -1;
    const uint32_t *threads = entry->max_threads;
    k->max_threads = threads[0] ? threads[0] * threads[1] * threads[2] : 1024;
    memcpy(k->required, entry->required_threads, sizeof k->required);
    if (k->required[0]) {
        k->max_threads = k->required[0] * k->required[1] * k->required[2];
    }
    if (k->max_threads == 0 || k->max_threads > 1024) {
        k->max_threads = 1024;
    }
    k->min_blocks = entry->min_blocks;
    k->max_registers = entry->max_registers;
    if (setjmp(l->fail)) {
        return NULL;
    }
    layout_params(l, entry);
    struct frame frame = {.function = entry};
    lower_function(l, &frame);
    const struct ptx_instruction end = {.opcode = "exit", .line = entry->line};
    l->at = &end;
    lower_exit(l);
    l->at = NULL;
    finish(l);
    return k;
}
