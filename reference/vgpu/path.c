#include "path.h"

#include <stdlib.h>
#include <string.h>

#include "lower.h"

enum {
    MOST_STEPS = 1 << 20, /* past that, bodies of nested loops are not walked again */
    GROUPS = 8            /* of cp.async, that may be left in flight */
};

/* From issue to a dependent instruction's issue: Jia et al. 2018 and 2019 (Volta and Turing: 4 to 6 for
 * arithmetic), Sun et al. 2022 (mma.m16n8k16 on A100: 33); shuffles 23, also Jia et al. Those of fp64, sfu
 * and control are estimates. */
static const double pipe_cycles[PIPE_COUNT] = {
    [PIPE_ALU] = 5,  [PIPE_FMA] = 4,  [PIPE_HALF] = 5,    [PIPE_FP64] = 16,
    [PIPE_SFU] = 18, [PIPE_LSU] = 23, [PIPE_TENSOR] = 33, [PIPE_CONTROL] = 8,
};

double path_pipe_cycles(enum vgpu_pipe_id pipe) {
    return pipe_cycles[pipe];
}

struct walk {
    const struct kernel *kernel;
    const struct load_latency *latency;
    double *ready;         /* of registers, by offset / 4 */
    double *cost;          /* of instructions: cycles since the one before issued */
    bool *leader;          /* instructions that branches lead to */
    double block, stored;  /* when the code between branches began; last store or barrier */
    double time, at;       /* last issue; earliest issue of the current instruction */
    double done;           /* result of the current instruction */
    double copied;         /* when the copies of the open group are there */
    double groups[GROUPS]; /* the same of closed groups, the latest first */
    uint32_t steps;
    bool failed; /* out of memory */
};

static void visit_operand(void *context, uint32_t *op, bool is_destination) {
    struct walk *w = context;
    if (*op & VGPU_CONSTANT) { /* in a list; or no register at all */
        return;
    }
    double *ready = &w->ready[*op / 4];
    if (is_destination) {
        *ready = w->done;
    } else if (*ready > w->at) {
        w->at = *ready;
    }
}

static void visit_source(void *context, uint32_t *op, bool is_destination) {
    if (!is_destination) {
        visit_operand(context, op, false);
    }
}

static double result_cycles(const struct walk *w, const struct inst *in) {
    if (in->pipe != PIPE_LSU || in->kind == INST_PLAIN) {
        return pipe_cycles[in->pipe];
    }
    if (in->kind == INST_WARP) { /* shuffles, ldmatrix */
        return in->space == PTX_SHARED ? w->latency->shared : pipe_cycles[PIPE_LSU];
    }
    switch (in->space) {
    case PTX_PARAM:
    case PTX_CONST: return pipe_cycles[PIPE_ALU]; /* operands of arithmetic, from the constant bank */
    case PTX_SHARED: return w->latency->shared;
    case PTX_LOCAL: return w->latency->l1;
    default: return in->flags & FLAG_RETURNS ? w->latency->atomic : w->latency->site[in->site];
    }
}

static bool is_opcode(const struct inst *in, const char *start) {
    return in->opcode && strncmp(in->opcode, start, strlen(start)) == 0;
}

static void note_copies(struct walk *w, const struct inst *in) {
    if (is_opcode(in, "cp.async.commit_group")) {
        memmove(w->groups + 1, w->groups, (GROUPS - 1) * sizeof *w->groups);
        w->groups[0] = w->copied;
    } else if (is_opcode(in, "cp.async.wait")) {
        const double until = in->imm < 0 ? w->copied : in->imm < GROUPS ? w->groups[in->imm] : 0;
        w->at = until > w->at ? until : w->at;
    }
}

/* Fences of the device wait until what the warp wrote is in L2. */
static bool is_fence(const struct inst *in) {
    return (is_opcode(in, "membar.") || is_opcode(in, "fence.")) && !strstr(in->opcode, ".cta") &&
           !strstr(in->opcode, ".proxy");
}

/* When a load may begin: ptxas moves loads up to where the address is known, not across branches, and not
 * across what may write the same memory. `known`: when the address was. */
static double load_start(const struct walk *w, const struct inst *in, double known) {
    const bool read_only = strstr(in->opcode, ".nc") || in->space == PTX_PARAM || in->space == PTX_CONST;
    const double first = read_only || w->stored < w->block ? w->block : w->stored;
    return known > first ? known : first;
}

static bool is_load(const struct inst *in) {
    return is_opcode(in, "ld.") && !strstr(in->opcode, ".volatile") && !strstr(in->opcode, ".cv") &&
           !strstr(in->opcode, ".acquire");
}

/* When the operands of the instruction are there; of one that has none, long ago. */
static double operands_ready(struct walk *w, struct inst *in) {
    w->at = 0;
    inst_visit(in, visit_source, w);
    return w->at;
}

static void issue(struct walk *w, uint32_t number) {
    struct inst in = w->kernel->code[number]; /* a copy: visiting writes operands back */
    const bool copies = is_opcode(&in, "cp.async.");
    if (w->leader[number]) {
        w->block = w->time;
    }
    const double ready = operands_ready(w, &in);
    w->at = ready > w->time + 1 ? ready : w->time + 1;
    if (copies) {
        note_copies(w, &in);
    }
    w->cost[number] = w->at - w->time;
    w->time = w->at;
    if (copies && in.used) {
        w->copied = w->time + w->latency->global;
        return;
    }
    w->done = result_cycles(w, &in) + (is_load(&in) ? load_start(w, &in, ready) : w->time);
    inst_visit(&in, visit_operand, w);
    if (is_fence(&in)) {
        w->cost[number] += w->latency->fence;
        w->time += w->latency->fence;
    }
    if (in.kind == INST_BARRIER) { /* nothing issues before the others are known to be there */
        w->cost[number] += w->latency->barrier;
        w->time += w->latency->barrier;
    }
    if (in.kind == INST_BRANCH || in.kind == INST_TABLE) {
        w->block = w->time;
    }
    if (in.kind == INST_BARRIER || in.kind == INST_WARP || is_fence(&in) ||
        (in.kind == INST_MEMORY && !is_opcode(&in, "ld."))) {
        w->stored = w->time;
    }
    w->steps++;
}

static void walk_code(struct walk *w, uint32_t first, uint32_t end);

/* A loop's body again, from its first instruction to the branch back, as its second and third iteration; what
 * counts is their mean: loads that are issued an iteration ahead are waited for in every other one. */
static void walk_loop(struct walk *w, uint32_t first, uint32_t branch) {
    const size_t bytes = (branch + 1 - first) * sizeof *w->cost;
    walk_code(w, first, branch);
    issue(w, branch);
    double *const second = malloc(bytes);
    if (!second) {
        w->failed = true;
        return;
    }
    memcpy(second, w->cost + first, bytes);
    walk_code(w, first, branch);
    issue(w, branch);
    for (uint32_t i = first; i <= branch; i++) {
        w->cost[i] = (w->cost[i] + second[i - first]) / 2;
    }
    free(second);
}

static void walk_code(struct walk *w, uint32_t first, uint32_t end) {
    for (uint32_t i = first; i < end; i++) {
        issue(w, i);
        const struct inst *in = &w->kernel->code[i];
        if (in->kind == INST_BRANCH && in->target <= i && in->target >= first && w->steps < MOST_STEPS) {
            walk_loop(w, in->target, i);
        }
    }
}

static void mark_leaders(const struct walk *w) {
    const struct kernel *k = w->kernel;
    for (uint32_t i = 0; i < k->count; i++) {
        const struct inst *in = &k->code[i];
        if (in->kind == INST_BRANCH) {
            w->leader[in->target] = true;
        }
        for (unsigned t = 0; in->kind == INST_TABLE && t < in->count; t++) {
            w->leader[in->list[t]] = true;
        }
    }
}

double path_cycles(const struct kernel *kernel, const uint64_t *executed,
                   const struct load_latency *latency) {
    struct walk w = {.kernel = kernel,
                     .latency = latency,
                     .ready = calloc(kernel->register_bytes / 4 + 1u, sizeof *w.ready),
                     .cost = calloc(kernel->count + 1u, sizeof *w.cost),
                     .leader = calloc(kernel->count + 1u, sizeof *w.leader)};
    double cycles = -1;
    if (w.ready && w.cost && w.leader) {
        mark_leaders(&w);
        walk_code(&w, 0, kernel->count);
        cycles = w.failed ? -1 : 0;
        for (uint32_t i = 0; !w.failed && i < kernel->count; i++) {
            cycles += (double)executed[i] * w.cost[i];
        }
    }
    free(w.ready);
    free(w.cost);
    free(w.leader);
    return cycles;
}
