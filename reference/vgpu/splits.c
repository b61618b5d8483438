#include "splits.h"

#include "launch.h"

static struct split *split_new(struct warp *w, uint32_t pc, uint32_t mask, uint32_t reconverge, int parent) {
    for (int i = 0; i < MAX_SPLITS; i++) {
        if (w->splits[i].state == SPLIT_FREE) {
            w->split_top = i < w->split_top ? w->split_top : i + 1;
            w->splits[i] = (struct split){pc, mask, reconverge, (int16_t)parent, 0, SPLIT_READY};
            return &w->splits[i];
        }
    }
    return NULL;
}

bool splits_schedule(struct warp *w) {
    /* the youngest ready split: children before their parents' siblings, so that joins complete soon */
    int i = w->current;
    for (int k = 0; k < w->split_top; k++) {
        i = i ? i - 1 : w->split_top - 1;
        if (w->splits[i].state == SPLIT_READY) {
            w->current = i;
            return true;
        }
    }
    return false;
}

/* A child is gone; when it was the last one its join goes on with the lanes that arrived. */
static void release_parent(struct warp *w, int parent) {
    while (parent >= 0) {
        struct split *join = &w->splits[parent];
        if (--join->children) {
            return;
        }
        if (join->mask & ~w->exited) {
            join->mask &= ~w->exited;
            join->state = SPLIT_READY;
            w->current = parent;
            return;
        }
        join->state = SPLIT_FREE;
        parent = join->parent;
    }
}

void splits_arrive(struct warp *w) {
    struct split *s = &w->splits[w->current];
    const int parent = s->parent;
    w->splits[parent].mask |= s->mask;
    s->state = SPLIT_FREE;
    release_parent(w, parent);
}

/* Lanes of the current split part: each target with its lanes. Those whose target is where all meet just
 * wait. */
static bool part(struct warp *w, const uint32_t *targets, const uint32_t *masks, unsigned count,
                 uint32_t reconverge) {
    struct split *s = &w->splits[w->current];
    if (reconverge == s->reconverge && s->parent >= 0) {
        /* the same meeting point as the enclosing branch's: its join serves */
        struct split *join = &w->splits[s->parent];
        const int parent = s->parent;
        s->state = SPLIT_FREE;
        join->children--;
        for (unsigned k = 0; k < count; k++) {
            if (targets[k] == reconverge) {
                join->mask |= masks[k];
                continue;
            }
            struct split *child = split_new(w, targets[k], masks[k], reconverge, parent);
            if (!child) {
                return false;
            }
            join->children++;
            w->current = (int)(child - w->splits);
        }
        if (!join->children) {
            join->children = 1;
            release_parent(w, parent);
        }
        return true;
    }
    const int parent = w->current;
    s->state = SPLIT_JOIN;
    s->pc = reconverge;
    s->mask = 0;
    s->children = 0;
    for (unsigned k = 0; k < count; k++) {
        if (targets[k] == reconverge) {
            w->splits[parent].mask |= masks[k];
            continue;
        }
        struct split *child = split_new(w, targets[k], masks[k], reconverge, parent);
        if (!child) {
            return false;
        }
        w->splits[parent].children++;
        w->current = (int)(child - w->splits);
    }
    return true;
}

bool splits_branch(struct warp *w, const struct inst *in, uint32_t active, uint32_t taken, uint32_t pc) {
    struct memory_counts *counts = &w->block->worker->counts;
    struct split *s = &w->splits[w->current];
    counts->branches++;
    if (taken == active) {
        s->pc = in->target;
    } else if (!taken || in->target == pc + 1) { /* to the next instruction: nobody parts */
        s->pc = pc + 1;
    } else {
        counts->divergent_branches++;
        const uint32_t targets[2] = {in->target, pc + 1}, masks[2] = {taken, active & ~taken};
        return part(w, targets, masks, 2, in->reconverge);
    }
    return true;
}

bool splits_branch_table(struct warp *w, const struct inst *in, uint32_t active, uint32_t mask, uint32_t pc) {
    const uint32_t *index = operand(w, in->op[0]);
    uint32_t targets[WARP_SIZE + 1], masks[WARP_SIZE + 1];
    unsigned count = 0;
    if (active & ~mask) {
        targets[count] = pc + 1;
        masks[count++] = active & ~mask;
    }
    for (unsigned lane = 0; lane < WARP_SIZE; lane++) {
        if (!(mask >> lane & 1)) {
            continue;
        }
        if (index[lane] >= in->count) {
            raise_fault(w, in, lane, FAULT_ADDRESS, "index %u is outside the branch's table of %u",
                        index[lane], in->count);
            return true;
        }
        unsigned k = 0;
        while (k < count && targets[k] != in->list[index[lane]]) {
            k++;
        }
        if (k == count) {
            targets[count] = in->list[index[lane]];
            masks[count++] = 0;
        }
        masks[k] |= 1u << lane;
    }
    struct memory_counts *counts = &w->block->worker->counts;
    counts->branches++;
    if (count == 1) {
        w->splits[w->current].pc = targets[0];
        return true;
    }
    counts->divergent_branches++;
    return part(w, targets, masks, count, in->reconverge);
}

void splits_exit(struct warp *w, uint32_t mask, uint32_t pc) {
    struct split *s = &w->splits[w->current];
    w->exited |= mask;
    s->mask &= ~mask;
    s->pc = pc + 1;
    if (!s->mask) {
        s->state = SPLIT_FREE;
        release_parent(w, s->parent);
    }
}
