/* lower_control: branches, calls and exits.
 *
 * Calls are inlined: each call has a frame of its own with registers and parameters of its own, which is what
 * the PTX ABI means for anything but recursion and calls through pointers; those are refused. Reconvergence
 * then works across calls without a call stack per lane. */
#include <string.h>

#include "lower.h"

enum { MAX_INLINE_DEPTH = 24 };

/* A name alone: no address and no sum. */
static bool names(const struct ptx_operand *o, enum ptx_symbol_kind kind) {
    return o->kind == PTX_OP_SYMBOL && o->symbol->kind == kind && !o->value;
}

static void emit_branch(struct lowering *l, const struct ptx_instruction *p) {
    if (p->count != 1 || !names(&p->operands[0], PTX_SYM_LABEL)) {
        lower_fail(l, "a label is expected");
    }
    struct inst *in = lower_emit(l);
    in->kind = INST_BRANCH;
    in->pipe = PIPE_CONTROL;
    in->target =
        p->operands[0].symbol->index; /* of the function's PTX; made final when the function is through */
}

static void emit_table(struct lowering *l, const struct ptx_instruction *p) {
    if (p->count != 2 || !names(&p->operands[1], PTX_SYM_TABLE)) {
        lower_fail(l, "brx.idx needs an index and a table of targets");
    }
    const struct ptx_symbol *table = p->operands[1].symbol;
    if (table->target_count > 255) {
        lower_fail(l, "table has too many targets");
    }
    const uint32_t index = lower_source(l, &p->operands[0], 32, 'u');
    struct inst *in = lower_emit(l);
    in->kind = INST_TABLE;
    in->pipe = PIPE_CONTROL;
    in->op[0] = index;
    in->used = 1;
    uint32_t *targets = lower_alloc(l, table->target_count * sizeof *targets);
    for (uint32_t i = 0; i < table->target_count; i++) {
        if (table->targets[i]->kind != PTX_SYM_LABEL) {
            lower_fail(l, "a target in the table is no label");
        }
        targets[i] = table->targets[i]->index;
    }
    in->list = targets;
    in->count = (uint8_t)table->target_count;
}

void lower_exit(struct lowering *l) {
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

static uint64_t argument_address(struct lowering *l, const struct ptx_operand *o) {
    if (!names(o, PTX_SYM_VARIABLE)) {
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
    if (p->count <= at || !names(&p->operands[at], PTX_SYM_FUNCTION)) {
        lower_fail(l, "calls through a pointer are not supported");
    }
    struct ptx_function *f = p->operands[at++].symbol->function;
    if (p->count > at && p->operands[at].kind == PTX_OP_LIST) {
        arguments = &p->operands[at++];
    }
    if (p->count > at) {
        lower_fail(l, "call does not match the function's parameters");
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
    if (++l->depth > MAX_INLINE_DEPTH) {
        lower_fail(l, "calls nested too deeply");
    }
    struct frame frame = {.function = f, .caller = l->frame};
    frame.results = argument_list(l, results, f->result_count);
    frame.formals = argument_list(l, arguments, f->formal_count);
    const struct ptx_instruction *call = l->at;
    uint32_t skip = UINT32_MAX;
    if (p->guard) { /* the other lanes branch past it */
        skip = l->count;
        struct inst *in = lower_emit(l);
        in->kind = INST_BRANCH;
        in->pipe = PIPE_CONTROL;
        in->guard_negated = !in->guard_negated;
    }
    lower_function(l, &frame);
    l->at = call;
    l->frame = frame.caller;
    l->depth--;
    if (skip != UINT32_MAX) {
        l->code[skip].target = l->count;
    }
}

static bool is_end(const char *op) {
    static const char *const ends[] = {"exit", "ret", "ret.uni", "trap", "brkpt"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (strcmp(ends[i], op) == 0) {
            return true;
        }
    }
    return false;
}

bool lower_control(struct lowering *l, const struct ptx_instruction *p) {
    const char *op = p->opcode;
    if (is_end(op) && p->count) {
        lower_fail(l, "wrong number of operands");
    }
    if (strcmp(op, "bra") == 0 || strcmp(op, "bra.uni") == 0) {
        emit_branch(l, p);
    } else if (strcmp(op, "brx.idx") == 0 || strcmp(op, "brx.idx.uni") == 0) {
        emit_table(l, p);
    } else if (strcmp(op, "call") == 0 || strcmp(op, "call.uni") == 0) {
        lower_call(l, p);
    } else if (strcmp(op, "exit") == 0 ||
               ((strcmp(op, "ret") == 0 || strcmp(op, "ret.uni") == 0) && !l->frame->caller)) {
        lower_exit(l);
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
