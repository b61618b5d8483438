/* flow: where diverged lanes meet again, and which registers share memory.
 *
 * Lanes meet at the immediate post-dominator of the branch (Cooper, Harvey and Kennedy's algorithm on the
 * reversed graph). Paths that leave the kernel impose nothing: lanes that are gone cannot be waited for. So
 * the graph is rooted at the last exit in the text, and parts that cannot reach it are rooted at exits of
 * their own.
 *
 * Registers are allocated by linear scan over live intervals. Every write is masked to the active lanes, so
 * what matters is each lane's own flow of control, and lanes on different paths do not disturb each other. */
#include <string.h>

#include "lower.h"

#define NO_BLOCK UINT32_MAX

struct basic {
    uint32_t first, last; /* instructions, last included */
    uint32_t successors[2];
    const uint32_t *table; /* brx: in place of successors, block numbers */
    uint32_t table_count;
};

struct graph {
    struct basic *blocks;
    uint32_t count;
    uint32_t *block_of; /* instruction -> block */
};

static bool ends_block(const struct inst *in) {
    return in->kind == INST_BRANCH || in->kind == INST_TABLE || in->kind == INST_EXIT ||
           in->kind == INST_TRAP;
}

static void build_graph(struct lowering *l, struct graph *g) {
    uint8_t *leader = lower_alloc(l, l->count + 1);
    leader[0] = 1;
    for (uint32_t i = 0; i < l->count; i++) {
        const struct inst *in = &l->code[i];
        if (in->kind == INST_BRANCH) {
            leader[in->target] = 1;
        } else if (in->kind == INST_TABLE) {
            for (unsigned k = 0; k < in->count; k++) {
                leader[in->list[k]] = 1;
            }
        }
        if (ends_block(in)) {
            leader[i + 1] = 1;
        }
    }
    g->block_of = lower_alloc(l, (l->count + 1) * sizeof *g->block_of);
    for (uint32_t i = 0; i < l->count; i++) {
        g->count += leader[i];
        g->block_of[i] = g->count - 1;
    }
    g->blocks = lower_alloc(l, g->count * sizeof *g->blocks);
    for (uint32_t i = 0; i < l->count; i++) {
        struct basic *b = &g->blocks[g->block_of[i]];
        if (leader[i]) {
            b->first = i;
        }
        b->last = i;
    }
    for (uint32_t n = 0; n < g->count; n++) {
        struct basic *b = &g->blocks[n];
        const struct inst *in = &l->code[b->last];
        b->successors[0] = b->successors[1] = NO_BLOCK;
        if (in->kind == INST_BRANCH) {
            b->successors[0] = g->block_of[in->target];
        } else if (in->kind == INST_TABLE) {
            uint32_t *table = lower_alloc(l, in->count * sizeof *table);
            for (unsigned k = 0; k < in->count; k++) {
                table[k] = g->block_of[in->list[k]];
            }
            b->table = table;
            b->table_count = in->count;
        }
        if ((!ends_block(in) || in->guard != NO_GUARD) && n + 1 < g->count) {
            b->successors[1] = n + 1;
        }
    }
}

static uint32_t successor_count(const struct basic *b) {
    return 2 + b->table_count;
}

static uint32_t successor(const struct basic *b, uint32_t i) {
    return i < 2 ? b->successors[i] : b->table[i - 2];
}

struct post {
    uint32_t *order;  /* blocks in reverse postorder of the reversed graph */
    uint32_t *number; /* block -> place in order */
    uint32_t *idom;   /* by block */
    uint32_t count;
};

/* Blocks from which root is reached and that have no post-dominator yet, in postorder of the reversed graph.
 */
static void order_from(struct lowering *l, const struct graph *g, const uint32_t *first_in,
                       const uint32_t *next_in, const uint32_t *edge_from, uint32_t root, struct post *p) {
    uint32_t *stack = lower_alloc(l, (g->count + 1) * sizeof *stack);
    uint32_t *edge = lower_alloc(l, (g->count + 1) * sizeof *edge);
    uint8_t *seen = lower_alloc(l, g->count + 1);
    uint32_t depth = 0;
    p->count = 0;
    stack[depth] = root;
    edge[depth++] = first_in[root];
    seen[root] = 1;
    while (depth) {
        const uint32_t e = edge[depth - 1];
        if (e == NO_BLOCK) {
            const uint32_t block = stack[--depth];
            p->number[block] = p->count;
            p->order[p->count++] = block;
            continue;
        }
        edge[depth - 1] = next_in[e];
        const uint32_t from = edge_from[e];
        if (!seen[from] && p->idom[from] == NO_BLOCK) {
            seen[from] = 1;
            stack[depth] = from;
            edge[depth++] = first_in[from];
        }
    }
}

static uint32_t intersect(const struct post *p, uint32_t a, uint32_t b) {
    while (a != b) {
        while (p->number[a] < p->number[b]) {
            a = p->idom[a];
        }
        while (p->number[b] < p->number[a]) {
            b = p->idom[b];
        }
    }
    return a;
}

static void dominate(const struct graph *g, struct post *p, const uint8_t *fixed, uint32_t root) {
    p->idom[root] = root;
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t i = p->count; i-- > 0;) {
            const uint32_t block = p->order[i];
            if (block == root) {
                continue;
            }
            uint32_t best = NO_BLOCK;
            const struct basic *b = &g->blocks[block];
            for (uint32_t s = 0; s < successor_count(b); s++) {
                const uint32_t to = successor(b, s);
                if (to != NO_BLOCK && !fixed[to] && p->idom[to] != NO_BLOCK) {
                    best = best == NO_BLOCK ? to : intersect(p, best, to);
                }
            }
            if (best != p->idom[block]) {
                p->idom[block] = best;
                changed = true;
            }
        }
    }
}

void flow_reconverge(struct lowering *l) {
    struct graph g = {0};
    build_graph(l, &g);
    uint32_t edges = 0;
    for (uint32_t n = 0; n < g.count; n++) {
        edges += successor_count(&g.blocks[n]);
    }
    uint32_t *first_in = lower_alloc(l, (g.count + 1) * sizeof *first_in);
    uint32_t *next_in = lower_alloc(l, (edges + 1) * sizeof *next_in);
    uint32_t *edge_from = lower_alloc(l, (edges + 1) * sizeof *edge_from);
    memset(first_in, 0xff, (g.count + 1) * sizeof *first_in);
    edges = 0;
    for (uint32_t n = 0; n < g.count; n++) {
        for (uint32_t s = 0; s < successor_count(&g.blocks[n]); s++) {
            const uint32_t to = successor(&g.blocks[n], s);
            if (to != NO_BLOCK) {
                edge_from[edges] = n;
                next_in[edges] = first_in[to];
                first_in[to] = edges++;
            }
        }
    }
    struct post p = {.order = lower_alloc(l, (g.count + 1) * sizeof *p.order),
                     .number = lower_alloc(l, (g.count + 1) * sizeof *p.number),
                     .idom = lower_alloc(l, (g.count + 1) * sizeof *p.idom)};
    memset(p.idom, 0xff, (g.count + 1) * sizeof *p.idom);
    uint8_t *fixed = lower_alloc(l, g.count + 1);
    for (uint32_t n = g.count; n-- > 0;) {
        const struct inst *in = &l->code[g.blocks[n].last];
        const bool leaves = (in->kind == INST_EXIT || in->kind == INST_TRAP) && in->guard == NO_GUARD;
        if (leaves && p.idom[n] == NO_BLOCK) {
            order_from(l, &g, first_in, next_in, edge_from, n, &p);
            dominate(&g, &p, fixed, n);
            for (uint32_t i = 0; i < p.count; i++) {
                fixed[p.order[i]] = 1;
            }
        }
    }
    for (uint32_t n = 0; n < g.count; n++) {
        struct inst *in = &l->code[g.blocks[n].last];
        if (in->kind == INST_BRANCH || in->kind == INST_TABLE) {
            const uint32_t to = p.idom[n];
            in->reconverge = to == NO_BLOCK || to == n ? UINT32_MAX : g.blocks[to].first;
        }
    }
}

void inst_visit(struct inst *in, visit_fn *visit, void *context) {
    if (in->guard != NO_GUARD) {
        uint32_t guard = (uint32_t)in->guard;
        visit(context, &guard, false);
        in->guard = (int32_t)guard;
    }
    /* sources before destinations: an instruction reads before it writes */
    if (in->lists_registers) {
        uint32_t *list = (uint32_t *)in->list;
        for (unsigned i = in->list_defs; i < in->count; i++) {
            visit(context, &list[i], false);
        }
    }
    for (unsigned i = in->defs; i < in->used; i++) {
        if (in->op[i] != UINT32_MAX && !(in->op[i] & VGPU_CONSTANT)) {
            visit(context, &in->op[i], false);
        }
    }
    for (unsigned i = 0; i < in->defs; i++) {
        if (in->op[i] != UINT32_MAX) {
            visit(context, &in->op[i], true);
        }
    }
    if (in->lists_registers) {
        uint32_t *list = (uint32_t *)in->list;
        for (unsigned i = 0; i < in->list_defs; i++) {
            visit(context, &list[i], true);
        }
    }
}

/* ---- registers ---- */

struct liveness {
    uint64_t *in, *out, *use, *def; /* bit sets of each block */
    size_t words;
    const struct inst *inst;
    size_t block;
};

static bool bit_get(const uint64_t *set, uint32_t i) {
    return set[i / 64] >> (i % 64) & 1;
}

static void bit_set(uint64_t *set, uint32_t i) {
    set[i / 64] |= (uint64_t)1 << (i % 64);
}

static void visit_liveness(void *context, uint32_t *op, bool is_destination) {
    struct liveness *v = context;
    if (*op & VGPU_CONSTANT) {
        return;
    }
    uint64_t *use = v->use + v->block * v->words, *def = v->def + v->block * v->words;
    /* a guarded write leaves the old value in some lanes */
    const bool partial = is_destination && v->inst->guard != NO_GUARD;
    if ((!is_destination || partial) && !bit_get(def, *op)) {
        bit_set(use, *op);
    }
    if (is_destination && !partial) {
        bit_set(def, *op);
    }
}

static void solve_liveness(const struct graph *g, struct liveness *v) {
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t n = g->count; n-- > 0;) {
            uint64_t *in = v->in + n * v->words, *out = v->out + n * v->words;
            const uint64_t *use = v->use + n * v->words, *def = v->def + n * v->words;
            const struct basic *b = &g->blocks[n];
            for (uint32_t s = 0; s < successor_count(b); s++) {
                const uint32_t to = successor(b, s);
                for (size_t w = 0; to != NO_BLOCK && w < v->words; w++) {
                    out[w] |= v->in[to * v->words + w];
                }
            }
            for (size_t w = 0; w < v->words; w++) {
                const uint64_t next = use[w] | (out[w] & ~def[w]);
                changed |= next != in[w];
                in[w] = next;
            }
        }
    }
}

struct intervals {
    uint32_t *start, *end;
    uint32_t at;
};

static void extend(struct intervals *v, uint32_t reg, uint32_t at) {
    if (at < v->start[reg]) {
        v->start[reg] = at;
    }
    if (at > v->end[reg] || v->end[reg] == UINT32_MAX) {
        v->end[reg] = at;
    }
}

static void visit_interval(void *context, uint32_t *op, bool is_destination) {
    (void)is_destination;
    struct intervals *v = context;
    if (!(*op & VGPU_CONSTANT)) {
        extend(v, *op, v->at);
    }
}

static void visit_rename(void *context, uint32_t *op, bool is_destination) {
    (void)is_destination;
    const uint32_t *offsets = context;
    if (!(*op & VGPU_CONSTANT)) {
        *op = offsets[*op];
    }
}

/* Gives each register the offset of a slot that nothing else uses while it lives. */
static void linear_scan(struct lowering *l, const struct intervals *v, uint32_t *offsets) {
    static const uint32_t bytes[] = {[REG_PREDICATE] = 64, [REG_32] = 128, [REG_64] = 256};
    uint32_t *first = lower_alloc(l, (l->count + 1) * sizeof *first); /* registers by their start */
    uint32_t *last = lower_alloc(l, (l->count + 1) * sizeof *last);   /* and by their end */
    uint32_t *next_start = lower_alloc(l, (l->registers + 1) * sizeof *next_start);
    uint32_t *next_end = lower_alloc(l, (l->registers + 1) * sizeof *next_end);
    uint32_t *free_slots[3];
    uint32_t free_count[3] = {0};
    for (unsigned c = 0; c < 3; c++) {
        free_slots[c] = lower_alloc(l, (l->registers + 1) * sizeof *free_slots[c]);
    }
    for (uint32_t r = l->registers; r-- > 0;) {
        if (v->end[r] != UINT32_MAX) {
            next_start[r] = first[v->start[r]];
            first[v->start[r]] = r + 1;
            next_end[r] = last[v->end[r]];
            last[v->end[r]] = r + 1;
        }
    }
    uint32_t top = 0, live = 0;
    for (uint32_t at = 0; at < l->count; at++) {
        for (uint32_t r = first[at]; r; r = next_start[r - 1]) {
            const unsigned c = l->classes[r - 1];
            if (free_count[c]) {
                offsets[r - 1] = free_slots[c][--free_count[c]];
            } else {
                offsets[r - 1] = top;
                top += bytes[c];
            }
            live += c == REG_64 ? 2 : c == REG_32;
        }
        if (live > l->kernel->live_registers) {
            l->kernel->live_registers = live;
        }
        for (uint32_t r = last[at]; r; r = next_end[r - 1]) {
            const unsigned c = l->classes[r - 1];
            free_slots[c][free_count[c]++] = offsets[r - 1];
            live -= c == REG_64 ? 2 : c == REG_32;
        }
    }
    l->kernel->register_bytes = top + 64;
}

void flow_allocate(struct lowering *l) {
    struct graph g = {0};
    build_graph(l, &g);
    struct liveness v = {.words = l->registers / 64 + 1};
    if ((uint64_t)g.count * v.words > (uint64_t)8 << 20) {
        lower_fail(l, "kernel has too many registers and branches");
    }
    uint64_t **sets[] = {&v.in, &v.out, &v.use, &v.def};
    for (unsigned i = 0; i < 4; i++) {
        *sets[i] = lower_alloc(l, g.count * v.words * sizeof **sets[i]);
    }
    for (uint32_t n = 0; n < g.count; n++) {
        v.block = n;
        for (uint32_t i = g.blocks[n].first; i <= g.blocks[n].last; i++) {
            v.inst = &l->code[i];
            inst_visit(&l->code[i], visit_liveness, &v);
        }
    }
    solve_liveness(&g, &v);
    struct intervals iv = {.start = lower_alloc(l, (l->registers + 1) * sizeof *iv.start),
                           .end = lower_alloc(l, (l->registers + 1) * sizeof *iv.end)};
    memset(iv.start, 0xff, (l->registers + 1) * sizeof *iv.start);
    memset(iv.end, 0xff, (l->registers + 1) * sizeof *iv.end);
    for (uint32_t n = 0; n < g.count; n++) {
        for (uint32_t r = 0; r < l->registers; r++) {
            if (bit_get(v.in + n * v.words, r)) {
                extend(&iv, r, g.blocks[n].first);
            }
            if (bit_get(v.out + n * v.words, r)) {
                extend(&iv, r, g.blocks[n].last);
            }
        }
        for (iv.at = g.blocks[n].first; iv.at <= g.blocks[n].last; iv.at++) {
            inst_visit(&l->code[iv.at], visit_interval, &iv);
        }
    }
    for (unsigned i = 0; i < SPECIAL_COUNT; i++) {
        if (l->specials[i]) { /* set once, before the first instruction */
            extend(&iv, l->specials[i] - 1, 0);
            extend(&iv, l->specials[i] - 1, l->count - 1);
        }
    }
    uint32_t *offsets = lower_alloc(l, (l->registers + 1) * sizeof *offsets);
    linear_scan(l, &iv, offsets);
    for (uint32_t i = 0; i < l->count; i++) {
        inst_visit(&l->code[i], visit_rename, offsets);
    }
    for (unsigned i = 0; i < SPECIAL_COUNT; i++) {
        l->kernel->special[i] = l->specials[i] ? offsets[l->specials[i] - 1] : UINT32_MAX;
    }
}
