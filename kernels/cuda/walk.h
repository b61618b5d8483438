/* The host's side of walk.cuh: grids of tiles. */
#ifndef KATUNE_CUDA_WALK_H
#define KATUNE_CUDA_WALK_H

#include "variant.h"

static inline int64_t walk_tiles(const struct problem *p, int rows) {
    return (p->rows + rows - 1) / rows;
}

/* A grid's blocks take the groups in turn, so that neighbouring blocks read neighbouring channels. `waves`
   times the blocks that the device holds at once, or a block a tile if those are fewer. */
static inline void walk_grid(const struct problem *p, const struct device_info *d, int block, int rows,
                             int waves, struct launch_step *step) {
    const int64_t resident = (int64_t)d->units * (d->warps * 32 / block) * waves;
    const int64_t tiles = walk_tiles(p, rows), share = resident / p->groups > 0 ? resident / p->groups : 1;
    step->grid[0] = (unsigned)((tiles < share ? tiles : share) * p->groups);
    step->block[0] = (unsigned)block;
}

#endif
