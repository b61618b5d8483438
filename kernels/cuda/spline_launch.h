/* What the declarations of the tiled spline variants share: their parameters, which points are accepted, and
   what to launch. Host only; the device's side is walk.cuh and spline_bins.cuh. */
#ifndef KATUNE_CUDA_SPLINE_LAUNCH_H
#define KATUNE_CUDA_SPLINE_LAUNCH_H

#include "spline.h"
#include "vector.h"
#include "walk.h"

/* Places of the parameters that these variants share, in the order of their lists; the fourth is one's own.
 */
enum { POINT_BLOCK, POINT_VEC, POINT_ROWS, POINT_OWN, POINT_WAVES = POINT_OWN };

/* A forward's grid walks over the tiles, WAVES times as many blocks as the device holds at once. On an H100
   in f32 blocks of 128 with tiles of 4 rows come within 2% of the best from 3152x768 to 3152x3072, and
   are 1.0 to 1.2 times as fast as 256 with 16 rows at 197 rows. */
#define SPLINE_FWD_PARAMS                                                                                    \
    {                                                                                                        \
        {"BLOCK", {128, 256, 512}}, {"VEC", {8, 4, 2, 1}}, {"ROWS", {4, 16, 64}}, {                          \
            "WAVES", {                                                                                       \
                4, 2, 1                                                                                      \
            }                                                                                                \
        }                                                                                                    \
    }

static inline const char *spline_fwd_reject(const struct problem *p, const struct point *pt,
                                            const struct device_info *d) {
    (void)d;
    return vector_reject(p, pt->value[POINT_VEC]);
}

static inline void spline_fwd_launch(const struct problem *p, const struct point *pt,
                                     const struct device_info *d, struct launch *l) {
    l->steps = p->rows > 0;
    walk_grid(p, d, pt->value[POINT_BLOCK], pt->value[POINT_ROWS], pt->value[POINT_WAVES], &l->step[0]);
}

/* A backward with a block a tile and group, whose sums go to scratch. On an H100 in f32 at 197 rows blocks of
   256 with tiles of 16 rows take 41 to 80% of the time of 128 with 64; at 3152x768, in bins, tiles of 64 rows
   are 5 to 8% ahead. */
#define SPLINE_BWD_PARAMS                                                                                    \
    {                                                                                                        \
        {"BLOCK", {256, 128, 64}}, {"VEC", {8, 4, 2, 1}}, {                                                  \
            "ROWS", {                                                                                        \
                16, 64, 256                                                                                  \
            }                                                                                                \
        }                                                                                                    \
    }

static inline struct launch_step spline_tiles_step(const struct problem *p, const struct point *pt,
                                                   size_t shared) {
    return (struct launch_step){.grid = {(unsigned)(walk_tiles(p, pt->value[POINT_ROWS]) * p->groups)},
                                .block = {(unsigned)pt->value[POINT_BLOCK]},
                                .shared = (unsigned)shared};
}

/* Bytes of all tiles' sums. */
static inline size_t spline_sums_bytes(const struct problem *p, const struct point *pt) {
    return (size_t)(walk_tiles(p, pt->value[POINT_ROWS]) * p->groups * spline_sums(p)) * sizeof(float);
}

/* Then a block a group adds the tiles up: bspline_bwd_finish of spline_finish.cuh. */
static inline void spline_twopass_launch(const struct problem *p, const struct point *pt, size_t shared,
                                         struct launch *l) {
    l->steps = 2;
    l->step[0] = spline_tiles_step(p, pt, shared);
    l->step[1] = (struct launch_step){.function = "bspline_bwd_finish",
                                      .grid = {(unsigned)p->groups},
                                      .block = {(unsigned)pt->value[POINT_BLOCK]}};
    l->scratch = spline_sums_bytes(p, pt);
}

/* The last block of a group adds its tiles up. Scratch: the groups' counters of tiles, then the sums. */
static inline void spline_lastblock_launch(const struct problem *p, const struct point *pt, size_t shared,
                                           struct launch *l) {
    l->steps = p->rows > 0;
    l->zero = p->rows > 0 ? 0 : 1u << T_DCOEF | 1u << T_DWBASE | 1u << T_DWSPLINE;
    l->step[0] = spline_tiles_step(p, pt, shared);
    l->scratch_zero = (size_t)p->groups * sizeof(unsigned);
    l->scratch = l->scratch_zero + spline_sums_bytes(p, pt);
}

/* Bins in `copies` columns of a block's shared memory. */
static inline size_t spline_bins_bytes(const struct problem *p, int copies) {
    return (size_t)spline_bins(p) * (size_t)copies * sizeof(float);
}

static inline bool spline_bins_fit(const struct problem *p, int copies, const struct device_info *d) {
    return spline_bins_bytes(p, copies) + spline_static_bytes(p) <= d->shared_block;
}

/* For variants whose threads have bins of their own. */
static inline const char *spline_bins_reject(const struct problem *p, const struct point *pt,
                                             const struct device_info *d) {
    if (!spline_bins_fit(p, pt->value[POINT_BLOCK], d))
        return "bins for every thread of a block exceed the device's shared memory";
    return vector_reject(p, pt->value[POINT_VEC]);
}

#endif
