/* flow: a kernel's code as a graph of basic blocks. */
#ifndef VGPU_FLOW_H
#define VGPU_FLOW_H

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

/* The graph of all code, in the lowering's arena. */
void flow_graph(struct lowering *l, struct graph *g);

static inline uint32_t successor_count(const struct basic *b) {
    return 2 + b->table_count;
}

static inline uint32_t successor(const struct basic *b, uint32_t i) {
    return i < 2 ? b->successors[i] : b->table[i - 2];
}

#endif
