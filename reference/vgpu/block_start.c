/* block_start: the state in which a block's threads begin: special registers, cleared memory. */
#include "launch.h"

#include <string.h>

static void fill(struct warp *w, uint32_t offset, uint32_t value) {
    if (offset == UINT32_MAX) {
        return;
    }
    uint32_t *r = operand(w, offset);
    for (unsigned l = 0; l < WARP_SIZE; l++) {
        r[l] = value;
    }
}

static void fill_lanes(struct warp *w, uint32_t offset,
                       uint32_t (*value)(const struct warp *w, unsigned lane)) {
    if (offset == UINT32_MAX) {
        return;
    }
    uint32_t *r = operand(w, offset);
    for (unsigned l = 0; l < WARP_SIZE; l++) {
        r[l] = value(w, l);
    }
}

static uint32_t thread_x(const struct warp *w, unsigned lane) {
    return (w->number * WARP_SIZE + lane) % w->block->launch->block[0];
}

static uint32_t thread_y(const struct warp *w, unsigned lane) {
    const uint32_t *n = w->block->launch->block;
    return (w->number * WARP_SIZE + lane) / n[0] % n[1];
}

static uint32_t thread_z(const struct warp *w, unsigned lane) {
    const uint32_t *n = w->block->launch->block;
    return (w->number * WARP_SIZE + lane) / n[0] / n[1];
}

static uint32_t lane_id(const struct warp *w, unsigned lane) {
    (void)w;
    return lane;
}

static uint32_t mask_eq(const struct warp *w, unsigned lane) {
    (void)w;
    return 1u << lane;
}

static uint32_t mask_lt(const struct warp *w, unsigned lane) {
    (void)w;
    return (1u << lane) - 1;
}

static uint32_t mask_le(const struct warp *w, unsigned lane) {
    return mask_lt(w, lane) | 1u << lane;
}

static uint32_t mask_gt(const struct warp *w, unsigned lane) {
    return ~mask_le(w, lane);
}

static uint32_t mask_ge(const struct warp *w, unsigned lane) {
    return ~mask_lt(w, lane);
}

void warp_open(struct warp *w) {
    const struct block *b = w->block;
    const struct launch *launch = b->launch;
    const struct kernel *k = w->kernel;
    const uint32_t *at = k->special, registers = k->register_bytes - k->constant_bytes;
    memset(w->registers, 0, registers);
    if (k->constant_bytes) {
        memcpy(w->registers + registers, k->constants, k->constant_bytes);
    }
    fill_lanes(w, at[SPECIAL_LANEID], lane_id);
    fill_lanes(w, at[SPECIAL_EQ], mask_eq);
    fill_lanes(w, at[SPECIAL_LE], mask_le);
    fill_lanes(w, at[SPECIAL_LT], mask_lt);
    fill_lanes(w, at[SPECIAL_GE], mask_ge);
    fill_lanes(w, at[SPECIAL_GT], mask_gt);
    fill_lanes(w, at[SPECIAL_TID_X], thread_x);
    fill_lanes(w, at[SPECIAL_TID_Y], thread_y);
    fill_lanes(w, at[SPECIAL_TID_Z], thread_z);
    for (unsigned i = 0; i < 3; i++) {
        fill(w, at[SPECIAL_NTID_X + i], launch->block[i]);
        fill(w, at[SPECIAL_NCTAID_X + i], launch->grid[i]);
    }
    fill(w, at[SPECIAL_WARPID], w->number);
    fill(w, at[SPECIAL_NWARPID], b->warp_count);
    fill(w, at[SPECIAL_NSMID], launch->profile->multiprocessors);
    fill(w, at[SPECIAL_GRIDID], (uint32_t)launch->number);
    fill(w, at[SPECIAL_DYNAMIC_SMEM], launch->dynamic_bytes);
    fill(w, at[SPECIAL_TOTAL_SMEM], launch->shared_bytes);
    fill(w, at[SPECIAL_ZERO], 0);
    fill(w, at[SPECIAL_ONE], 1);
}

/* Registers that differ from block to block, and those that must start as zeros. */
static void start_registers(struct warp *w) {
    const struct block *b = w->block;
    const struct kernel *k = w->kernel;
    for (uint32_t i = 0; i < k->cleared_count; i++) {
        memset(operand(w, k->cleared[i].offset), 0, k->cleared[i].bytes);
    }
    for (unsigned i = 0; i < 3; i++) {
        fill(w, k->special[SPECIAL_CTAID_X + i], b->index[i]);
    }
    fill(w, k->special[SPECIAL_SMID], (uint32_t)(b->number % b->launch->profile->multiprocessors));
}

void block_start(struct block *b, uint64_t number) {
    const struct launch *launch = b->launch;
    b->number = number;
    b->index[0] = (uint32_t)(number % launch->grid[0]);
    b->index[1] = (uint32_t)(number / launch->grid[0] % launch->grid[1]);
    b->index[2] = (uint32_t)(number / launch->grid[0] / launch->grid[1]);
    b->live = b->warp_count;
    b->budget = launch->limit ? launch->limit : UINT64_MAX;
    memset(b->barriers, 0, sizeof b->barriers);
    if (launch->checks & CHECK_INIT) {
        memset(b->shared_init, 0, b->shared_bytes);
    }
    if (launch->checks & CHECK_RACE) {
        memset(b->shadow, 0, (b->shared_bytes / 4 + 1u) * sizeof *b->shadow);
    }
    for (uint32_t v = 0; v < b->warp_count; v++) {
        struct warp *w = &b->warps[v];
        const uint32_t left = b->threads - v * WARP_SIZE;
        w->lanes = left >= WARP_SIZE ? UINT32_MAX : (1u << left) - 1;
        w->exited = 0;
        /* all other splits are free: a block that ends any other way is the launch's last */
        w->splits[0] = (struct split){0, w->lanes, UINT32_MAX, -1, 0, SPLIT_READY};
        w->current = 0;
        w->split_top = 1;
        w->state = WARP_READY;
        w->barrier = UINT32_MAX;
        w->issued = 0;
        w->sync_epoch = 0;
        w->copy_count = w->copy_group = 0;
        memset(w->clocks, 0, sizeof w->clocks);
        w->clocks[v] = 1;
        w->settled = 0;
        start_registers(w);
    }
}
