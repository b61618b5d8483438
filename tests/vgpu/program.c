#include "program.h"

#include <stdlib.h>
#include <string.h>

#include "device.h"

struct generator {
    struct program *program;
    struct function *f;
    unsigned number; /* of the function */
    uint64_t state;
    unsigned depth, budget;
    uint16_t at; /* the block that is being filled */
    uint16_t break_to[8], continue_to[8], join[16];
    unsigned loops, joins;
};

static unsigned pick(struct generator *g, unsigned count) {
    return (unsigned)(device_random(&g->state) >> 33) % count;
}

static uint16_t block_new(struct generator *g) {
    if (g->f->count == MAX_BLOCKS) {
        abort(); /* the budget of statements keeps this away */
    }
    return (uint16_t)g->f->count++;
}

static struct condition random_condition(struct generator *g) {
    struct condition c = {
        .reg = (uint8_t)pick(g, VALUES), .kind = (uint8_t)pick(g, 3), .negated = pick(g, 2)};
    c.imm = c.kind == 1 ? (uint32_t)device_random(&g->state) : pick(g, 32);
    return c;
}

static void add_op(struct generator *g, struct op op) {
    struct block *b = &g->f->blocks[g->at];
    if (b->op_count == MAX_OPS) {
        const uint16_t next = block_new(g);
        b->end = END_JUMP;
        b->target[0] = next;
        b->target_count = 1;
        g->at = next;
        b = &g->f->blocks[next];
    }
    b->ops[b->op_count++] = op;
}

static void end_branch(struct generator *g, struct condition c, uint16_t yes, uint16_t no) {
    struct block *b = &g->f->blocks[g->at];
    b->end = END_BRANCH;
    b->condition = c;
    b->target[0] = yes;
    b->target[1] = no;
    b->target_count = 2;
}

static void end_jump(struct generator *g, uint16_t to) {
    struct block *b = &g->f->blocks[g->at];
    b->end = END_JUMP;
    b->target[0] = to;
    b->target_count = 1;
}

static void statements(struct generator *g, unsigned most);

static void random_op(struct generator *g) {
    struct op op = {.kind = (enum op_kind)pick(g, OP_SET + 1),
                    .d = (uint8_t)pick(g, VALUES),
                    .a = (uint8_t)pick(g, VALUES),
                    .b = (uint8_t)pick(g, VALUES),
                    .imm = (uint32_t)device_random(&g->state),
                    .guard = {.kind = 255}};
    if (pick(g, 3) == 0) {
        op.guard = random_condition(g);
    }
    add_op(g, op);
}

static void warp_op(struct generator *g) {
    add_op(g, (struct op){.kind = (enum op_kind)(OP_ACTIVEMASK + pick(g, 3)),
                          .d = (uint8_t)pick(g, VALUES),
                          .a = (uint8_t)pick(g, VALUES),
                          .guard = {.kind = 255}});
}

static void statement_if(struct generator *g) {
    const uint16_t yes = block_new(g), join = block_new(g), no = pick(g, 2) ? block_new(g) : join;
    end_branch(g, random_condition(g), yes, no);
    g->join[g->joins++ % 16] = join;
    g->at = yes;
    statements(g, 3);
    end_jump(g, join);
    if (no != join) {
        g->at = no;
        statements(g, 3);
        end_jump(g, join);
    }
    g->at = join;
    g->joins--;
}

/* counter = 1 + (a & 3); do { body } while (--counter), with ways out of the middle. */
static void statement_loop(struct generator *g) {
    if (g->f->counters == COUNTERS || g->loops == 3) {
        random_op(g);
        return;
    }
    const uint8_t counter = (uint8_t)(VALUES + g->f->counters++);
    add_op(g, (struct op){.kind = OP_SET,
                          .d = counter,
                          .a = (uint8_t)pick(g, VALUES),
                          .b = 255,
                          .imm = 1,
                          .guard = {.kind = 255}});
    const uint16_t head = block_new(g), latch = block_new(g), after = block_new(g);
    end_jump(g, head);
    g->break_to[g->loops] = after;
    g->continue_to[g->loops++] = latch;
    g->at = head;
    statements(g, 4);
    end_jump(g, latch);
    g->at = latch;
    add_op(g, (struct op){
                  .kind = OP_SUB, .d = counter, .a = counter, .b = 255, .imm = 1, .guard = {.kind = 255}});
    end_branch(g, (struct condition){.reg = counter, .kind = 1, .imm = 1}, after, head);
    g->loops--;
    g->at = after;
}

static void statement_table(struct generator *g) {
    const unsigned count = 2 + pick(g, MAX_TARGETS - 1);
    const uint16_t join = block_new(g);
    uint16_t cases[MAX_TARGETS];
    struct block *b = &g->f->blocks[g->at];
    b->end = END_TABLE;
    b->index = (uint8_t)pick(g, VALUES);
    b->target_count = count;
    for (unsigned i = 0; i < count; i++) {
        cases[i] = i && pick(g, 4) == 0 ? cases[i - 1] : pick(g, 6) ? block_new(g) : join;
        b->target[i] = cases[i];
    }
    for (unsigned i = 0; i < count; i++) {
        if (cases[i] == join || (i && cases[i] == cases[i - 1])) {
            continue;
        }
        unsigned next = i + 1;
        while (next < count && cases[next] == cases[i]) {
            next++;
        }
        g->at = cases[i];
        statements(g, 2);
        end_jump(g, next < count && pick(g, 3) == 0 ? cases[next] : join); /* falls through now and then */
    }
    g->at = join;
}

/* Leaves a loop's body, a nest of branches or the function, for some of the threads. */
static void statement_leave(struct generator *g) {
    const uint16_t on = block_new(g);
    uint16_t to = g->f->last;
    const unsigned way = pick(g, 4);
    if (way == 0 && g->loops) {
        to = g->break_to[pick(g, g->loops)];
    } else if (way == 1 && g->loops) {
        to = g->continue_to[g->loops - 1];
    } else if (way == 2 && g->joins && !g->loops) {
        to = g->join[pick(g, g->joins)];
    } else if (pick(g, 3)) {
        to = on; /* ways out of the whole function are rare */
    }
    end_branch(g, random_condition(g), to, on);
    g->at = on;
}

static void statement_exit(struct generator *g) {
    if (g->number == 0) {
        add_op(g, (struct op){.kind = OP_STORE, .guard = {.kind = 255}});
    }
    struct condition c = random_condition(g);
    c.kind = 1;
    c.imm = c.negated ? 0xe0000000u : 0x20000000u; /* an eighth of the threads */
    add_op(g, (struct op){.kind = OP_EXIT, .guard = c});
}

static void statement_call(struct generator *g) {
    if (g->number + 1 == FUNCTIONS) {
        random_op(g);
        return;
    }
    struct op op = {.kind = OP_CALL,
                    .d = (uint8_t)pick(g, VALUES),
                    .a = (uint8_t)pick(g, VALUES),
                    .b = (uint8_t)pick(g, VALUES),
                    .function = (uint8_t)(g->number + 1 + pick(g, FUNCTIONS - 1 - g->number)),
                    .guard = {.kind = 255}};
    if (pick(g, 2)) {
        op.guard = random_condition(g);
    }
    add_op(g, op);
}

static void statement(struct generator *g) {
    const unsigned kind = g->budget ? pick(g, 20) : 19;
    g->budget -= g->budget > 0;
    if (kind < 5 && g->depth < 6) {
        statement_if(g);
    } else if (kind < 8 && g->depth < 5) {
        statement_loop(g);
    } else if (kind < 10 && g->depth < 6) {
        statement_table(g);
    } else if (kind < 12) {
        statement_leave(g);
    } else if (kind == 12 && pick(g, 3) == 0) {
        statement_exit(g);
    } else if (kind == 13) {
        statement_call(g);
    } else {
        random_op(g);
    }
    if (g->program->warp_operations && pick(g, 2)) {
        warp_op(g);
    }
}

static void statements(struct generator *g, unsigned most) {
    g->depth++;
    for (unsigned n = 1 + pick(g, most); n; n--) {
        statement(g);
    }
    g->depth--;
}

/* ---- where lanes meet: by definition, with no cleverness ---- */

static void reach(const struct function *f, uint16_t from, uint16_t without, bool *seen) {
    if (from == without || seen[from]) {
        return;
    }
    seen[from] = true;
    for (unsigned i = 0; i < f->blocks[from].target_count; i++) {
        reach(f, f->blocks[from].target[i], without, seen);
    }
}

static bool leads_through(const struct function *f, uint16_t from, uint16_t through) {
    bool seen[MAX_BLOCKS] = {false};
    reach(f, from, through, seen);
    return !seen[f->last];
}

static void find_meets(struct function *f) {
    for (uint16_t b = 0; b < f->count; b++) {
        f->meet[b] = f->last;
        for (uint16_t m = 0; m < f->count; m++) {
            /* nearer than what was found so far: that one comes after it */
            if (m != b && f->blocks[b].target_count > 1 && leads_through(f, b, m) &&
                leads_through(f, m, f->meet[b])) {
                f->meet[b] = m;
            }
        }
    }
}

void program_generate(struct program *p, uint64_t seed, bool warp_operations) {
    memset(p, 0, sizeof *p);
    p->warp_operations = warp_operations;
    for (unsigned i = 0; i < FUNCTIONS; i++) {
        struct generator g = {
            .program = p, .f = &p->functions[i], .number = i, .state = seed * FUNCTIONS + i};
        g.budget = i ? 8 : 30;
        block_new(&g);
        g.f->last = block_new(&g);
        g.f->blocks[g.f->last].end = END_LEAVE;
        statements(&g, 10);
        end_jump(&g, g.f->last);
        if (i == 0) {
            g.f->blocks[g.f->last].ops[0] = (struct op){.kind = OP_STORE, .guard = {.kind = 255}};
            g.f->blocks[g.f->last].op_count = 1;
        }
        find_meets(g.f);
    }
}
