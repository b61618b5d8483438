/* program_run: the reference. */
#include "program.h"

#include <string.h>

struct lanes {
    const struct program *program;
    uint32_t (*results)[VALUES];
    uint32_t exited;
};

typedef uint32_t registers[LANES][REGISTERS];

static bool holds(const struct condition *c, const uint32_t *r) {
    bool yes = true;
    switch (c->kind) {
    case 0: yes = r[c->reg] & 1; break;
    case 1: yes = r[c->reg] < c->imm; break;
    case 2: yes = r[c->reg] >> c->imm & 1; break;
    default: return true;
    }
    return yes != c->negated;
}

static uint32_t compute(const struct op *op, const uint32_t *r) {
    const uint32_t a = r[op->a], b = op->b == 255 ? op->imm : r[op->b];
    switch (op->kind) {
    case OP_ADD: return a + b;
    case OP_SUB: return a - b;
    case OP_MUL: return a * b;
    case OP_AND: return a & b;
    case OP_OR: return a | b;
    case OP_XOR: return a ^ b;
    case OP_SHL: return a << (b & 31);
    case OP_SHR: return a >> (b & 31);
    case OP_MIN: return a < b ? a : b;
    case OP_MAX_SIGNED: return (int32_t)a > (int32_t)b ? a : b;
    default: return op->b == 255 ? op->imm + (a & 3) : op->imm + (a & b);
    }
}

static uint32_t walk(struct lanes *w, unsigned number, uint16_t at, uint16_t stop, uint32_t mask,
                     registers r);

static void call(struct lanes *w, const struct op *op, uint32_t mask, registers r) {
    registers inner = {{0}};
    for (unsigned l = 0; l < LANES; l++) {
        for (unsigned i = 0; i < VALUES; i++) {
            inner[l][i] = i % 2 ? r[l][op->b] : r[l][op->a];
        }
    }
    const struct function *f = &w->program->functions[op->function];
    walk(w, op->function, 0, f->last, mask, inner);
    for (unsigned l = 0; l < LANES; l++) {
        if (mask >> l & 1) {
            r[l][op->d] = inner[l][0] ^ inner[l][1];
        }
    }
}

static void run_warp_op(const struct op *op, uint32_t mask, registers r) {
    uint32_t odd = 0, value[LANES];
    for (unsigned l = 0; l < LANES; l++) {
        odd |= (mask >> l & r[l][op->a] & 1) << l;
        value[l] = r[l][op->a];
    }
    for (unsigned l = 0; l < LANES; l++) {
        if (!(mask >> l & 1)) {
            continue;
        }
        const unsigned next = (l + 1) % LANES;
        switch (op->kind) {
        case OP_ACTIVEMASK: r[l][op->d] = r[l][op->d] * 31 + mask; break;
        case OP_BALLOT: r[l][op->d] ^= odd; break;
        default: r[l][op->d] += mask >> next & 1 ? value[next] : value[l];
        }
    }
}

static void run_op(struct lanes *w, const struct op *op, uint32_t mask, registers r) {
    if (op->kind >= OP_ACTIVEMASK) {
        run_warp_op(op, mask, r);
        return;
    }
    if (op->kind == OP_CALL) {
        uint32_t callers = 0;
        for (unsigned l = 0; l < LANES; l++) {
            callers |= (uint32_t)((mask >> l & 1) && holds(&op->guard, r[l])) << l;
        }
        call(w, op, callers, r);
        return;
    }
    for (unsigned l = 0; l < LANES; l++) {
        if (!(mask >> l & 1) || !holds(&op->guard, r[l])) {
            continue;
        }
        if (op->kind == OP_EXIT) {
            w->exited |= 1u << l;
        } else if (op->kind == OP_STORE) {
            memcpy(w->results[l], r[l], sizeof w->results[l]);
        } else {
            r[l][op->d] = compute(op, r[l]);
        }
    }
}

/* Runs the lanes of mask from a block to another. Returns those that come there. */
static uint32_t walk(struct lanes *w, unsigned number, uint16_t at, uint16_t stop, uint32_t mask,
                     registers r) {
    const struct function *f = &w->program->functions[number];
    while (mask && at != stop) {
        const struct block *b = &f->blocks[at];
        for (unsigned i = 0; i < b->op_count; i++) {
            run_op(w, &b->ops[i], mask, r);
            mask &= ~w->exited;
        }
        uint32_t to[MAX_TARGETS] = {0};
        for (unsigned l = 0; l < LANES; l++) {
            if (mask >> l & 1) {
                const unsigned k = b->end == END_BRANCH  ? !holds(&b->condition, r[l])
                                   : b->end == END_TABLE ? r[l][b->index] % b->target_count
                                                         : 0;
                to[k] |= 1u << l;
            }
        }
        /* targets that are the same block are one way */
        for (unsigned k = 1; k < b->target_count; k++) {
            for (unsigned j = 0; j < k; j++) {
                if (b->target[j] == b->target[k]) {
                    to[j] |= to[k];
                    to[k] = 0;
                    break;
                }
            }
        }
        uint32_t met = 0;
        bool parted = true;
        for (unsigned k = 0; k < b->target_count; k++) {
            if (to[k] && to[k] == mask) {
                at = b->target[k];
                parted = false;
                break;
            }
        }
        if (!parted || !mask) {
            continue;
        }
        for (unsigned k = 0; k < b->target_count; k++) {
            met |= to[k] ? walk(w, number, b->target[k], f->meet[at], to[k], r) : 0;
        }
        mask = met & ~w->exited;
        at = f->meet[at];
    }
    return mask;
}

void program_run_warp(const struct program *p, unsigned lanes, const uint32_t *in, uint32_t *result) {
    registers r = {{0}};
    struct lanes w = {.program = p, .results = (uint32_t(*)[VALUES])result};
    for (unsigned l = 0; l < lanes; l++) {
        memcpy(r[l], in + l * VALUES, VALUES * sizeof *in);
    }
    const uint32_t mask = lanes == LANES ? UINT32_MAX : (1u << lanes) - 1;
    const struct block *last = &p->functions[0].blocks[p->functions[0].last];
    const uint32_t there = walk(&w, 0, 0, p->functions[0].last, mask, r);
    for (unsigned i = 0; i < last->op_count; i++) {
        run_op(&w, &last->ops[i], there, r);
    }
}

void program_run_thread(const struct program *p, const uint32_t *in, uint32_t *result) {
    program_run_warp(p, 1, in, result); /* one lane alone never parts from itself */
}
