/* barrier: barriers of a block, and what is wrong with their use. */
#include "barrier.h"

#include "launch.h"

static unsigned first_lane(uint32_t mask) {
    return mask ? (unsigned)__builtin_ctz(mask) : 0;
}

static uint32_t settled_clock(const struct warp *w) {
    uint32_t least = w->clocks[w->number] - 1;
    for (unsigned u = 0; u < w->block->warp_count; u++) {
        least = u != w->number && w->clocks[u] < least ? w->clocks[u] : least;
    }
    return least;
}

static void barrier_release(struct block *b, struct barrier *bar) {
    for (unsigned v = 0; v < b->warp_count; v++) {
        struct warp *w = &b->warps[v];
        if (!(bar->waiting >> v & 1)) {
            continue;
        }
        /* who waits knows all that those who came had done */
        for (unsigned u = 0; u < b->warp_count; u++) {
            if (u != v && bar->known[u] > w->clocks[u]) {
                w->clocks[u] = bar->known[u];
            }
        }
        w->settled = settled_clock(w);
        w->state = WARP_READY;
        w->said_yes = bar->reduction;
        w->asked = bar->count;
    }
    *bar = (struct barrier){0};
}

/* Some warps have left and others wait at a barrier without count: hardware lets them go on, but the program
 * has threads that never reach the barrier. */
static void report_left(struct block *b, const struct barrier *bar) {
    const unsigned v = (unsigned)__builtin_ctz(bar->waiting);
    struct warp *w = &b->warps[v];
    const struct inst *in = &w->kernel->code[w->splits[w->current].pc - 1];
    report(w, in, 0, VGPU_SYNC, "barrier reached by a part of the block: %u of %u warps have exited",
           b->warp_count - b->live, b->warp_count);
}

void barriers_check(struct block *b) {
    for (unsigned i = 0; i < MAX_BARRIERS; i++) {
        struct barrier *bar = &b->barriers[i];
        if (!bar->arrived) {
            continue;
        }
        uint32_t expected = bar->expected;
        if (!expected) {
            expected = b->live * WARP_SIZE;
        }
        if (bar->arrived >= expected) {
            if (!bar->expected && b->live < b->warp_count && bar->waiting &&
                (b->launch->checks & CHECK_SYNC)) {
                report_left(b, bar);
            }
            barrier_release(b, bar);
        }
    }
}

enum barrier_kind { BARRIER_SYNC, BARRIER_ARRIVE, BARRIER_POPC, BARRIER_AND, BARRIER_OR };

/* True if the warp must wait. op: 0 barrier, 1 count; bar.red: 2 the predicate, result in op[3] or op[4]. */
bool barrier_arrive(struct warp *w, const struct inst *in, uint32_t active) {
    struct block *b = w->block;
    const uint32_t *number = operand(w, in->op[0]);
    const unsigned lane = first_lane(active);
    const uint32_t all = w->lanes;
    b->worker->counts.barriers++;
    if (number[lane] >= MAX_BARRIERS) {
        raise_fault(w, in, lane, FAULT_ADDRESS, "barrier %u: there are %d", number[lane], MAX_BARRIERS);
        return true;
    }
    if (active != all && (b->launch->checks & CHECK_SYNC)) {
        const unsigned missing = first_lane(all & ~active);
        report(w, in, missing, VGPU_SYNC,
               "barrier reached by a part of the warp: lanes %08x of %08x; lane %u %s", active, all, missing,
               w->exited >> missing & 1 ? "has exited" : "is on another path");
    }
    struct barrier *bar = &b->barriers[number[lane]];
    const bool counted = in->op[1] != UINT32_MAX;
    const uint32_t *count = counted ? operand(w, in->op[1]) : NULL;
    if (counted) {
        if (count[lane] % WARP_SIZE || !count[lane]) {
            raise_fault(w, in, lane, FAULT_ADDRESS, "barrier for %u threads: not a multiple of 32",
                        count[lane]);
            return true;
        }
        bar->expected = count[lane];
    }
    bar->arrived += WARP_SIZE;
    for (unsigned u = 0; u < b->warp_count; u++) {
        bar->known[u] = bar->known[u] > w->clocks[u] ? bar->known[u] : w->clocks[u];
    }
    w->clocks[w->number]++;
    if (in->sub >= BARRIER_POPC) {
        uint32_t p = *(const uint32_t *)operand(w, in->op[2]);
        p = (in->flags & FLAG_NEGATED ? ~p : p) & active;
        const uint32_t yes = (uint32_t)__builtin_popcount(p);
        bar->count += (uint32_t)__builtin_popcount(active);
        bar->reduction += yes;
    }
    if (in->sub == BARRIER_ARRIVE) {
        barriers_check(b);
        return false;
    }
    bar->waiting |= 1u << w->number;
    w->state = WARP_BARRIER;
    w->barrier = number[lane];
    return true;
}

void barrier_result(struct warp *w, const struct inst *in, uint32_t mask) {
    if (in->sub == BARRIER_POPC) {
        uint32_t *d = operand(w, in->op[3]);
        for (unsigned lane = 0; lane < WARP_SIZE; lane++) {
            d[lane] = mask >> lane & 1 ? w->said_yes : d[lane];
        }
    } else if (in->sub == BARRIER_AND || in->sub == BARRIER_OR) {
        uint32_t *d = operand(w, in->op[3]);
        const bool yes = in->sub == BARRIER_OR ? w->said_yes != 0 : w->said_yes == w->asked;
        *d = (*d & ~mask) | (yes ? mask : 0);
    }
}

void barriers_report_stuck(struct block *b) {
    for (unsigned v = 0; v < b->warp_count; v++) {
        struct warp *w = &b->warps[v];
        if (w->state == WARP_BARRIER) {
            const struct inst *in = &w->kernel->code[w->splits[w->current].pc - 1];
            raise_fault(w, in, first_lane(w->lanes), FAULT_DEADLOCK,
                        "barrier %u is never complete: %u of %u threads arrived and no other warp can",
                        w->barrier, b->barriers[w->barrier].arrived, b->barriers[w->barrier].expected);
            return;
        }
    }
}
