/* flow: where diverged lanes meet again.
 *
 * Lanes meet at the immediate post-dominator of the branch (Cooper, Harvey and Kennedy's algorithm on the
 * reversed graph). Paths that leave the kernel impose nothing: lanes that are gone cannot be waited for. So
 * the graph is rooted at the last exit in the text, and parts that cannot reach it are rooted at exits of
 * their own.
 */
#include "flow.h"

#include <string.h>

static bool ends_block(const struct inst *in) {
    return in->kind == INST_BRANCH || in->kind == INST_TABLE || in->kind == INST_EXIT ||
           in->kind == INST_TRAP;
}

void flow_graph(struct lowering *l, struct graph *g) {
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
    flow_graph(l, &g);
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

void flow_straighten(struct lowering *l) {
    uint8_t *meets = lower_alloc(l, l->count + 1);
    for (uint32_t i = 0; i < l->count; i++) {
        const struct inst *in = &l->code[i];
        if ((in->kind == INST_BRANCH || in->kind == INST_TABLE) && in->reconverge != UINT32_MAX) {
            meets[in->reconverge] = 1;
        }
    }
    for (uint32_t i = l->count; i-- > 0;) {
        struct inst *in = &l->code[i];
        const uint32_t next = i + 1 == l->count || meets[i + 1] ? 0 : l->code[i + 1].straight;
        if (in->kind == INST_PLAIN && in->guard == NO_GUARD) {
            in->straight = (uint16_t)(next < UINT16_MAX ? next + 1 : UINT16_MAX);
        }
    }
}
