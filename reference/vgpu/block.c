/* block: runs a block's warps one after the other, each until it waits or ends. */
#include "barrier.h"
#include "launch.h"
#include "splits.h"

enum { QUANTUM = 1 << 16 };

static unsigned first_lane(uint32_t mask) {
    return mask ? (unsigned)__builtin_ctz(mask) : 0;
}

/* ---- instructions of converged lanes ---- */

/* Lanes that must take part: those the member mask names, as far as they exist and have not exited. */
static uint32_t members(const struct warp *w, const struct inst *in, uint32_t mask) {
    uint32_t named = UINT32_MAX;
    if (in->aux != UINT8_MAX) {
        named = ((const uint32_t *)operand(w, in->op[in->aux]))[first_lane(mask)];
    }
    return named & w->lanes & ~w->exited;
}

/* Runs the instruction when all members are here; else this split waits. False if it could only run
 * incomplete. */
static void run_converged(struct warp *w, const struct inst *in, uint32_t mask, uint32_t pc) {
    const uint32_t needed = members(w, in, mask);
    struct split *s = &w->splits[w->current];
    if (!(needed & ~mask)) {
        in->run(w, in, mask);
        s->pc = pc + 1;
        return;
    }
    uint32_t here = mask;
    for (int i = 0; i < w->split_top; i++) {
        if (w->splits[i].state == SPLIT_WARP_SYNC && w->splits[i].pc == pc) {
            here |= w->splits[i].mask;
        }
    }
    s->pc = pc;
    s->state = SPLIT_WARP_SYNC;
    if ((needed & ~here) && splits_schedule(w)) {
        return;
    }
    if ((needed & ~here) && (w->block->launch->checks & CHECK_SYNC)) {
        const unsigned lane = first_lane(needed & ~here);
        report(w, in, lane, VGPU_SYNC, "member mask %08x names lanes that are on another path; here are %08x",
               needed, here);
    }
    in->run(w, in, here);
    for (int i = 0; i < w->split_top; i++) {
        if (w->splits[i].state == SPLIT_WARP_SYNC && w->splits[i].pc == pc) {
            w->splits[i].state = SPLIT_READY;
            w->splits[i].pc = pc + 1;
            w->current = i;
        }
    }
}

/* Splits that all wait, at different instructions: the first goes on without the others. */
static void break_wait(struct warp *w) {
    for (int i = 0; i < w->split_top; i++) {
        struct split *s = &w->splits[i];
        if (s->state == SPLIT_WARP_SYNC) {
            const struct inst *in = &w->kernel->code[s->pc];
            const uint32_t pc = s->pc;
            if (w->block->launch->checks & CHECK_SYNC) {
                report(w, in, first_lane(s->mask), VGPU_SYNC,
                       "lanes of a warp wait for each other at different instructions");
            }
            s->state = SPLIT_READY;
            w->current = i;
            in->run(w, in, s->mask);
            s->pc = pc + 1;
            return;
        }
    }
    raise_fault(w, &w->kernel->code[w->splits[w->current].pc], 0, FAULT_INTERNAL,
                "no path of the warp can go on");
}

/* ---- the loop ---- */

static uint32_t guard_mask(const struct warp *w, const struct inst *in, uint32_t active) {
    if (in->guard == NO_GUARD) {
        return active;
    }
    const uint32_t p = *(const uint32_t *)operand(w, (uint32_t)in->guard);
    return active & (in->guard_negated ? ~p : p);
}

/* One instruction that is not plain. False when the warp stops: waiting, done or faulted. */
static bool step(struct warp *w, const struct inst *in, uint32_t active, uint32_t mask, uint32_t pc) {
    struct block *b = w->block;
    struct split *s = &w->splits[w->current];
    s->pc = pc + 1;
    switch (in->kind) {
    case INST_BRANCH:
        if (!splits_branch(w, in, active, mask, pc)) {
            raise_fault(w, in, 0, FAULT_INTERNAL, "too many paths in a warp");
        }
        break;
    case INST_TABLE:
        if (!splits_branch_table(w, in, active, mask, pc)) {
            raise_fault(w, in, 0, FAULT_INTERNAL, "too many paths in a warp");
        }
        break;
    case INST_EXIT:
        if (mask) {
            splits_exit(w, mask, pc);
        }
        break;
    case INST_BARRIER:
        if (mask) {
            return !barrier_arrive(w, in, mask) && !b->fault;
        }
        break;
    case INST_WARP:
        if (mask) {
            run_converged(w, in, mask, pc);
        }
        break;
    case INST_TRAP:
        if (mask) {
            raise_fault(w, in, first_lane(mask), in->sub ? FAULT_ASSERT : FAULT_TRAP,
                        in->sub ? "assertion failed" : "trap");
        }
        break;
    default: break;
    }
    return !b->fault;
}

static void warp_done(struct warp *w) {
    struct block *b = w->block;
    w->state = WARP_DONE;
    b->live--;
    barriers_check(b);
}

/* Instructions start .. end - 1 were issued for so many lanes: counted where that begins and where it ends.
 */
static void count_run(struct warp *w, uint32_t start, uint32_t end, uint64_t lanes) {
    struct tally *tally = w->block->worker->tally;
    tally[start].warps++;
    tally[start].threads += lanes;
    tally[end].warps--;
    tally[end].threads -= lanes;
    w->issued += end - start;
}

/* Executes from *pc on until an instruction that changes the course of the warp, or to the split's meeting
 * point. Returns that instruction, with its lanes in *mask, or NULL at the meeting point or after a fault. */
static const struct inst *run_straight(struct warp *w, const struct split *s, uint32_t *pc, uint32_t *mask) {
    const struct inst *const code = w->kernel->code, *in = &code[*pc];
    const struct inst *const stop =
        s->parent >= 0 && s->reconverge != UINT32_MAX ? &code[s->reconverge] : NULL;
    const uint32_t active = s->mask, start = *pc;
    const unsigned lanes = (unsigned)__builtin_popcount(active);
    while (in != stop) {
        if (in->straight) {
            for (unsigned left = in->straight; left; left--, in++) {
                in->run(w, in, active);
            }
            continue;
        }
        uint32_t m = active;
        if (in->guard != NO_GUARD) {
            m = guard_mask(w, in, active);
            w->block->worker->tally[in - code].masked += lanes - (unsigned)__builtin_popcount(m);
        }
        if (in->kind > INST_MEMORY) {
            *pc = (uint32_t)(in - code);
            *mask = m;
            count_run(w, start, *pc + 1, lanes);
            return in;
        }
        if (m) {
            in->run(w, in, m);
            if (w->block->fault) {
                count_run(w, start, (uint32_t)(in - code) + 1, lanes);
                return NULL;
            }
        }
        in++;
    }
    *pc = (uint32_t)(in - code);
    count_run(w, start, *pc, lanes);
    return NULL;
}

/* Charges the block's budget; false when it is used up. */
static bool charge(struct warp *w, const struct inst *in, uint64_t used, uint32_t active) {
    if (w->block->budget <= used) {
        raise_fault(w, in, first_lane(active), FAULT_RUNAWAY, "block passed its limit of instructions");
        return false;
    }
    w->block->budget -= used;
    return true;
}

/* Runs until the warp waits, ends, faults or its quantum is over. */
static void warp_run(struct warp *w) {
    const uint64_t first = w->issued;
    for (;;) {
        struct split *s = &w->splits[w->current];
        if (s->state != SPLIT_READY) {
            if (splits_schedule(w)) {
                continue;
            }
            if (!(w->lanes & ~w->exited)) {
                warp_done(w);
                return;
            }
            break_wait(w);
            if (w->block->fault) {
                return;
            }
            continue;
        }
        uint32_t pc = s->pc, mask = 0;
        const uint32_t active = s->mask;
        const struct inst *in = run_straight(w, s, &pc, &mask);
        if (w->block->fault) {
            return;
        }
        if (!in) {
            s->pc = pc;
            splits_arrive(w);
            continue;
        }
        if (!step(w, in, active, mask, pc)) {
            return;
        }
        if (w->issued - first >= QUANTUM) {
            if (charge(w, in, w->issued - first, active)) {
                /* let another path of the warp run: it may be the one that is waited for */
                splits_schedule(w);
            }
            return;
        }
    }
}

void block_run(struct block *b) {
    while (b->live && !b->fault) {
        bool progress = false;
        for (unsigned v = 0; v < b->warp_count && !b->fault; v++) {
            struct warp *w = &b->warps[v];
            if (w->state == WARP_READY) {
                const uint32_t pc = w->splits[w->current].pc;
                if (pc && w->kernel->code[pc - 1].kind == INST_BARRIER &&
                    w->splits[w->current].state == SPLIT_READY && w->barrier != UINT32_MAX) {
                    barrier_result(w, &w->kernel->code[pc - 1], w->splits[w->current].mask);
                    w->barrier = UINT32_MAX;
                }
                warp_run(w);
                progress = true;
            }
            if (w->state == WARP_BARRIER) {
                barriers_check(b);
            }
        }
        if (!progress) {
            barriers_check(b);
            bool ready = false;
            for (unsigned v = 0; v < b->warp_count; v++) {
                ready |= b->warps[v].state == WARP_READY;
            }
            if (!ready && b->live && !b->fault) {
                barriers_report_stuck(b);
            }
        }
    }
}
