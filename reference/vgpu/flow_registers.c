/* flow_registers: which registers share memory.
 *
 * Registers are allocated by linear scan over live intervals. Every write is masked to the active lanes, so
 * what matters is each lane's own flow of control, and lanes on different paths do not disturb each other. */
#include <string.h>

#include "flow.h"

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
        if (in->op[i] != UINT32_MAX) {
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

struct places {
    const uint32_t *offsets; /* of registers */
    uint32_t constants;      /* offset of the first */
};

static void visit_rename(void *context, uint32_t *op, bool is_destination) {
    (void)is_destination;
    const struct places *places = context;
    if (!(*op & VGPU_CONSTANT)) {
        *op = places->offsets[*op];
    } else if (*op != UINT32_MAX) {
        *op = places->constants + (*op & ~VGPU_CONSTANT);
    }
}

static const uint32_t slot_bytes[] = {[REG_PREDICATE] = 64, [REG_32] = 128, [REG_64] = 256};

/* Gives each register the offset of a slot that nothing else uses while it lives. Returns the slots' bytes.
 */
static uint32_t linear_scan(struct lowering *l, const struct intervals *v, uint32_t *offsets) {
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
                top += slot_bytes[c];
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
    return top;
}

static void visit_needed(void *context, uint32_t *op, bool is_destination) {
    uint8_t *needed = context;
    if (!is_destination && !(*op & VGPU_CONSTANT)) {
        needed[*op] = 1;
    }
}

/* Registers that must be zero when a warp begins, so that a kernel gives the same result after whatever block
 * ran before: those that may be read before they are written, which are live on entry, and those of which
 * instructions of a whole warp read lanes that may never have written them. */
static void find_cleared(struct lowering *l, const uint64_t *live, const uint32_t *offsets) {
    uint8_t *needed = lower_alloc(l, l->registers + 1);
    for (uint32_t i = 0; i < l->count; i++) {
        if (l->code[i].kind == INST_WARP) {
            inst_visit(&l->code[i], visit_needed, needed);
        }
    }
    for (uint32_t r = 0; r < l->registers; r++) {
        needed[r] |= bit_get(live, r);
    }
    for (unsigned i = 0; i < SPECIAL_COUNT; i++) { /* these are set */
        if (l->specials[i]) {
            needed[l->specials[i] - 1] = 0;
        }
    }
    struct span *spans = lower_alloc(l, (l->registers + 1) * sizeof *spans);
    for (uint32_t r = 0; r < l->registers; r++) {
        if (needed[r]) {
            spans[l->kernel->cleared_count++] = (struct span){offsets[r], slot_bytes[l->classes[r]]};
        }
    }
    l->kernel->cleared = spans;
}

void flow_allocate(struct lowering *l) {
    struct graph g = {0};
    flow_graph(l, &g);
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
    const struct places places = {offsets, linear_scan(l, &iv, offsets) + 64};
    find_cleared(l, v.in, offsets);
    for (uint32_t i = 0; i < l->count; i++) {
        inst_visit(&l->code[i], visit_rename, (void *)&places);
    }
    l->kernel->register_bytes = places.constants + l->constant_bytes;
    for (unsigned i = 0; i < SPECIAL_COUNT; i++) {
        l->kernel->special[i] = l->specials[i] ? offsets[l->specials[i] - 1] : UINT32_MAX;
    }
}
