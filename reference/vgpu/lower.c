/* lower: walks an entry function, inlines the functions it calls and decodes every instruction.
 *
 * Calls are inlined: each call has a frame of its own with registers and parameters of its own, which is what
 * the PTX ABI means for anything but recursion and calls through pointers; those are refused. Reconvergence
 * then works across calls without a call stack per lane. */
#include "lower.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CODE = 1 << 20, MAX_INLINE_DEPTH = 24, MAX_LOCAL = 512 << 10 };

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

static void *grow(struct lowering *l, void *array, uint32_t *capacity, size_t bytes) {
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
        l->code = grow(l, l->code, &l->capacity, sizeof *l->code);
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
        l->classes = grow(l, l->classes, &l->register_capacity, 1);
    }
    l->classes[l->registers] = (uint8_t) class;
    return l->registers++;
}

enum reg_class lower_class(const struct lowering *l, uint32_t reg) {
    return (enum reg_class)l->classes[reg];
}

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
        l->constants = grow(l, l->constants, &l->constant_capacity, 1);
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

static void require_class(struct lowering *l, uint32_t reg, unsigned bits) {
    if (lower_class(l, reg) != class_of(bits)) {
        lower_fail(l, "operand has the wrong width");
    }
}

uint32_t lower_source(struct lowering *l, const struct ptx_operand *o, unsigned bits, bool is_float) {
    (void)is_float;
    if (o->negated) {
        lower_fail(l, "negated operand is not supported here");
    }
    switch (o->kind) {
    case PTX_OP_REG:
    case PTX_OP_SPECIAL: {
        enum reg_class class = class_of(bits);
        const uint32_t reg = lower_any(l, o, false, &class);
        require_class(l, reg, bits);
        return reg;
    }
    case PTX_OP_IMMEDIATE:
    case PTX_OP_FLOAT:
    case PTX_OP_F32:
        if (bits == 1) {
            lower_fail(l, "a predicate is expected");
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
    if (o->kind != PTX_OP_REG || o->negated) {
        lower_fail(l, "destination is not a register");
    }
    const uint32_t reg = lower_symbol_register(l, o->symbol);
    require_class(l, reg, bits);
    return reg;
}

/* ---- control flow ---- */

static void emit_branch(struct lowering *l, const struct ptx_symbol *label) {
    if (!label || label->kind != PTX_SYM_LABEL) {
        lower_fail(l, "a label is expected");
    }
    struct inst *in = lower_emit(l);
    in->kind = INST_BRANCH;
    in->pipe = PIPE_CONTROL;
    in->target = label->index; /* of the function's PTX; made final when the function is through */
}

static void emit_table(struct lowering *l, const struct ptx_instruction *p) {
    if (p->count != 2 || p->operands[1].kind != PTX_OP_SYMBOL ||
        p->operands[1].symbol->kind != PTX_SYM_TABLE) {
        lower_fail(l, "brx.idx needs an index and a table of targets");
    }
    const struct ptx_symbol *table = p->operands[1].symbol;
    if (table->target_count > 255) {
        lower_fail(l, "table has too many targets");
    }
    const uint32_t index = lower_source(l, &p->operands[0], 32, false);
    struct inst *in = lower_emit(l);
    in->kind = INST_TABLE;
    in->pipe = PIPE_CONTROL;
    in->op[0] = index;
    in->used = 1;
    uint32_t *targets = lower_alloc(l, table->target_count * sizeof *targets);
    for (uint32_t i = 0; i < table->target_count; i++) {
        targets[i] = table->targets[i]->index;
    }
    in->list = targets;
    in->count = (uint8_t)table->target_count;
}

static void emit_exit(struct lowering *l) {
    struct inst *in = lower_emit(l);
    in->kind = INST_EXIT;
    in->pipe = PIPE_CONTROL;
}

static void emit_trap(struct lowering *l, uint8_t fault) {
    struct inst *in = lower_emit(l);
    in->kind = INST_TRAP;
    in->pipe = PIPE_CONTROL;
    in->sub = fault;
}

static void lower_function(struct lowering *l, struct frame *frame);

static uint64_t argument_address(struct lowering *l, const struct ptx_operand *o) {
    if (o->kind != PTX_OP_SYMBOL || o->symbol->kind != PTX_SYM_VARIABLE) {
        lower_fail(l, "only .param variables are supported as arguments of a call");
    }
    enum ptx_space space;
    const uint64_t address = lower_address(l, o->symbol, &space);
    if (space != PTX_LOCAL) {
        lower_fail(l, "a kernel's parameter cannot be passed on as it is");
    }
    return address;
}

static const uint64_t *argument_list(struct lowering *l, const struct ptx_operand *o, uint32_t expected) {
    const uint32_t count = o ? o->count : 0;
    if (count != expected || (o && o->kind != PTX_OP_LIST)) {
        lower_fail(l, "call does not match the function's parameters");
    }
    uint64_t *addresses = lower_alloc(l, (count + 1) * sizeof *addresses);
    for (uint32_t i = 0; i < count; i++) {
        addresses[i] = argument_address(l, &o->list[i]);
    }
    return addresses;
}

static void lower_call(struct lowering *l, const struct ptx_instruction *p) {
    uint32_t at = 0;
    const struct ptx_operand *results = NULL, *arguments = NULL;
    if (p->count > at && p->operands[at].kind == PTX_OP_LIST) {
        results = &p->operands[at++];
    }
    if (p->count <= at || p->operands[at].kind != PTX_OP_SYMBOL ||
        p->operands[at].symbol->kind != PTX_SYM_FUNCTION) {
        lower_fail(l, "calls through a pointer are not supported");
    }
    struct ptx_function *f = p->operands[at++].symbol->function;
    if (p->count > at && p->operands[at].kind == PTX_OP_LIST) {
        arguments = &p->operands[at];
    }
    if (!f->has_body) {
        if (strcmp(f->name, "__assertfail") == 0 || strcmp(f->name, "__assert_fail") == 0) {
            emit_trap(l, 1);
            return;
        }
        lower_fail(l, strcmp(f->name, "vprintf") == 0 ? "printf in a kernel is not supported"
                                                      : "function has no body");
    }
    for (const struct frame *c = l->frame; c; c = c->caller) {
        if (c->function == f) {
            lower_fail(l, "recursion is not supported");
        }
    }
    if (p->guard) {
        lower_fail(l, "a predicated call is not supported");
    }
    if (++l->depth > MAX_INLINE_DEPTH) {
        lower_fail(l, "calls nested too deeply");
    }
    struct frame frame = {.function = f, .caller = l->frame};
    frame.results = argument_list(l, results, f->result_count);
    frame.formals = argument_list(l, arguments, f->formal_count);
    const struct ptx_instruction *call = l->at;
    lower_function(l, &frame);
    l->at = call;
    l->frame = frame.caller;
    l->depth--;
}

static bool lower_control(struct lowering *l, const struct ptx_instruction *p) {
    const char *op = p->opcode;
    if (strcmp(op, "bra") == 0 || strcmp(op, "bra.uni") == 0) {
        if (p->count != 1) {
            lower_fail(l, "a label is expected");
        }
        emit_branch(l, p->operands[0].symbol);
    } else if (strcmp(op, "brx.idx") == 0 || strcmp(op, "brx.idx.uni") == 0) {
        emit_table(l, p);
    } else if (strcmp(op, "call") == 0 || strcmp(op, "call.uni") == 0) {
        lower_call(l, p);
    } else if (strcmp(op, "exit") == 0 ||
               ((strcmp(op, "ret") == 0 || strcmp(op, "ret.uni") == 0) && !l->frame->caller)) {
        emit_exit(l);
    } else if (strcmp(op, "ret") == 0 || strcmp(op, "ret.uni") == 0) {
        struct inst *in = lower_emit(l);
        in->kind = INST_BRANCH;
        in->pipe = PIPE_CONTROL;
        in->target = l->frame->function->code_count;
    } else if (strcmp(op, "trap") == 0 || strcmp(op, "brkpt") == 0) {
        emit_trap(l, 0);
    } else {
        return false;
    }
    return true;
}

/* Instructions that change nothing that can be observed here. Their operands are still parsed. */
static bool is_hint(const char *op) {
    static const char *const hints[] = {
        "membar.cta",
        "membar.gl",
        "membar.sys",
        "fence.sc.cta",
        "fence.sc.gpu",
        "fence.sc.sys",
        "fence.acq_rel.cta",
        "fence.acq_rel.gpu",
        "fence.acq_rel.sys",
        "fence.sc.cluster",
        "fence.acq_rel.cluster",
        "fence.proxy.async",
        "fence.proxy.alias",
        "nanosleep.u32",
        "griddepcontrol.wait",
        "griddepcontrol.launch_dependents",
        "fence.acquire.gpu",
        "fence.release.gpu",
        "fence.acquire.cta",
        "fence.release.cta",
        "fence.acquire.sys",
        "fence.release.sys",
        "pmevent",
    };
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
        if (strcmp(hints[i], op) == 0) {
            return true;
        }
    }
    return strncmp(op, "prefetch.", 9) == 0 || strncmp(op, "prefetchu.", 10) == 0 ||
           strncmp(op, "applypriority.", 14) == 0;
}

static void emit_hint(struct lowering *l) {
    struct inst *in = lower_emit(l);
    in->kind = INST_PLAIN;
    in->pipe = PIPE_LSU;
    in->run = exec_find("nothing");
}

static void lower_instruction(struct lowering *l, const struct ptx_instruction *p) {
    l->at = p;
    if (lower_control(l, p)) {
        return;
    }
    if (is_hint(p->opcode)) {
        emit_hint(l);
        return;
    }
    if (decode_table(l, p) || decode_move(l, p) || decode_compare(l, p) || decode_memory(l, p) ||
        decode_atomic(l, p) || decode_warp(l, p) || decode_async(l, p) || decode_matrix(l, p)) {
        return;
    }
    lower_fail(l, "instruction is not supported");
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

static void lower_function(struct lowering *l, struct frame *frame) {
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
        bool used = in->order == 2;
        for (unsigned k = 0; in->order == 1 && k < in->list_defs; k++) {
            used |= reads[in->list[k]] != 0;
        }
        l->kernel->ordered |= used;
    }
}

static void finish(struct lowering *l) {
    struct kernel *k = l->kernel;
    find_order(l);
    number_sites(l);
    flow_reconverge(l);
    flow_allocate(l);
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
    emit_exit(l);
    l->at = NULL;
    finish(l);
    return k;
}
