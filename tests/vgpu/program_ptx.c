/* program_ptx: a random program as PTX text. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "program.h"

struct text {
    char *at;
    size_t used, room;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *format, ...) {
    if (t->room - t->used < 512) {
        t->room = t->room ? 2 * t->room : 1 << 16;
        t->at = realloc(t->at, t->room);
        if (!t->at) {
            abort();
        }
    }
    va_list list;
    va_start(list, format);
    t->used += (size_t)vsnprintf(t->at + t->used, t->room - t->used, format, list);
    va_end(list);
}

/* Sets %p0 to the condition and returns the guard's text. */
static const char *put_condition(struct text *t, const struct condition *c) {
    switch (c->kind) {
    case 0: put(t, "and.b32 %%t0, %%r%u, 1;\nsetp.ne.u32 %%p0, %%t0, 0;\n", c->reg); break;
    case 1: put(t, "setp.lt.u32 %%p0, %%r%u, %u;\n", c->reg, c->imm); break;
    case 2: put(t, "bfe.u32 %%t0, %%r%u, %u, 1;\nsetp.eq.u32 %%p0, %%t0, 1;\n", c->reg, c->imm); break;
    default: return "";
    }
    return c->negated ? "@!%p0 " : "@%p0 ";
}

static void put_warp_op(struct text *t, const struct op *op) {
    put(t, "activemask.b32 %%t0;\n");
    switch (op->kind) {
    case OP_ACTIVEMASK: put(t, "mad.lo.s32 %%r%u, %%r%u, 31, %%t0;\n", op->d, op->d); break;
    case OP_BALLOT:
        put(t,
            "and.b32 %%t1, %%r%u, 1;\nsetp.ne.u32 %%p0, %%t1, 0;\n"
            "vote.sync.ballot.b32 %%t1, %%p0, %%t0;\nxor.b32 %%r%u, %%r%u, %%t1;\n",
            op->a, op->d, op->d);
        break;
    default: /* from the next lane if it is active, else from itself */
        put(t,
            "mov.u32 %%t1, %%laneid;\nadd.s32 %%t2, %%t1, 1;\nand.b32 %%t2, %%t2, 31;\nshr.u32 %%t3, %%t0, "
            "%%t2;\n"
            "and.b32 %%t3, %%t3, 1;\nsetp.ne.u32 %%p0, %%t3, 0;\nselp.b32 %%t2, %%t2, %%t1, %%p0;\n"
            "shfl.sync.idx.b32 %%t3, %%r%u, %%t2, 31, %%t0;\nadd.s32 %%r%u, %%r%u, %%t3;\n",
            op->a, op->d, op->d);
    }
}

static void put_call(struct text *t, const struct op *op) {
    put(t,
        "{\n.param .b32 a0;\n.param .b32 a1;\n.param .b32 r0;\nst.param.b32 [a0], %%r%u;\nst.param.b32 [a1], "
        "%%r%u;\n",
        op->a, op->b);
    const char *guard = put_condition(t, &op->guard);
    put(t, "%scall%s (r0), f%u, (a0, a1);\n%sld.param.b32 %%r%u, [r0];\n}\n", guard, *guard ? "" : ".uni",
        op->function, guard, op->d);
}

static void put_op(struct text *t, const struct op *op) {
    static const char *const names[] = {"add.s32", "sub.s32", "mul.lo.s32", "and.b32", "or.b32",
                                        "xor.b32", "shl.b32", "shr.u32",    "min.u32", "max.s32"};
    char b[16];
    snprintf(b, sizeof b, op->b == 255 ? "%u" : "%%r%u", op->b == 255 ? op->imm : op->b);
    if (op->kind >= OP_ACTIVEMASK) {
        put_warp_op(t, op);
    } else if (op->kind == OP_CALL) {
        put_call(t, op);
    } else if (op->kind == OP_STORE) {
        for (unsigned i = 0; i < VALUES; i++) {
            put(t, "st.global.u32 [%%rd1+%u], %%r%u;\n", 4 * i, i);
        }
    } else if (op->kind == OP_EXIT) {
        const char *guard = put_condition(t, &op->guard);
        put(t, "%sexit;\n", guard);
    } else if (op->kind == OP_SET) {
        put(t, "and.b32 %%t1, %%r%u, %s;\n", op->a, op->b == 255 ? "3" : b);
        const char *guard = put_condition(t, &op->guard);
        put(t, "%sadd.s32 %%r%u, %%t1, %u;\n", guard, op->d, op->imm);
    } else if (op->kind == OP_SHL || op->kind == OP_SHR) {
        put(t, "and.b32 %%t1, %s, 31;\n", b);
        const char *guard = put_condition(t, &op->guard);
        put(t, "%s%s %%r%u, %%r%u, %%t1;\n", guard, names[op->kind], op->d, op->a);
    } else {
        const char *guard = put_condition(t, &op->guard);
        put(t, "%s%s %%r%u, %%r%u, %s;\n", guard, names[op->kind], op->d, op->a, b);
    }
}

static void put_end(struct text *t, const struct block *b, unsigned number, unsigned block) {
    switch (b->end) {
    case END_JUMP: put(t, "bra %s$B%u;\n", "", b->target[0]); break;
    case END_BRANCH: {
        const char *guard = put_condition(t, &b->condition);
        put(t, "%sbra $B%u;\nbra.uni $B%u;\n", guard, b->target[0], b->target[1]);
        break;
    }
    case END_TABLE:
        put(t, "$T%u: .branchtargets ", block);
        for (unsigned i = 0; i < b->target_count; i++) {
            put(t, "%s$B%u", i ? ", " : "", b->target[i]);
        }
        put(t, ";\nrem.u32 %%t0, %%r%u, %u;\nbrx.idx %%t0, $T%u;\n", b->index, b->target_count, block);
        break;
    case END_LEAVE:
        if (number) {
            put(t, "xor.b32 %%t0, %%r0, %%r1;\nst.param.b32 [result], %%t0;\n");
        }
        put(t, "ret;\n");
    }
}

static void put_function(struct text *t, const struct program *p, unsigned number) {
    const struct function *f = &p->functions[number];
    if (number) {
        put(t, ".func (.param .b32 result) f%u(.param .b32 a, .param .b32 b)\n{\n", number);
    } else {
        put(t, ".visible .entry k(.param .u64 in, .param .u64 out)\n{\n.reg .b64 %%rd<5>;\n");
    }
    put(t, ".reg .pred %%p<1>;\n.reg .b32 %%r<%u>;\n.reg .b32 %%t<4>;\n", REGISTERS);
    if (!number) {
        put(t, "ld.param.u64 %%rd0, [in];\nld.param.u64 %%rd1, [out];\nmov.u32 %%t0, %%ctaid.x;\n"
               "mov.u32 %%t1, %%ntid.x;\nmov.u32 %%t2, %%tid.x;\nmad.lo.s32 %%t0, %%t0, %%t1, %%t2;\n");
        put(t, "mul.wide.u32 %%rd2, %%t0, %u;\nadd.s64 %%rd0, %%rd0, %%rd2;\nadd.s64 %%rd1, %%rd1, %%rd2;\n",
            4 * VALUES);
    }
    for (unsigned i = 0; i < VALUES; i++) {
        if (number) {
            put(t, "ld.param.b32 %%r%u, [%s];\n", i, i % 2 ? "b" : "a");
        } else {
            put(t, "ld.global.u32 %%r%u, [%%rd0+%u];\n", i, 4 * i);
        }
    }
    /* block 1 is the last one; the others stand in the order in which they were made */
    put(t, "bra $B0;\n");
    for (unsigned i = 0; i < f->count; i++) {
        put(t, "$B%u:\n", i);
        for (unsigned k = 0; k < f->blocks[i].op_count; k++) {
            put_op(t, &f->blocks[i].ops[k]);
        }
        put_end(t, &f->blocks[i], number, i);
    }
    put(t, "}\n");
}

char *program_ptx(const struct program *p) {
    struct text t = {0};
    put(&t, ".version 8.0\n.target sm_80\n.address_size 64\n");
    for (unsigned i = FUNCTIONS; i-- > 0;) {
        put_function(&t, p, i);
    }
    return t.at;
}
