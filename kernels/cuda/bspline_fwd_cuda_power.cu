/* bspline_fwd_cuda_power: the polynomial of the half interval around the nearest knot, its ORDER + 1 factors
   looked up in shared memory by as many four-byte reads, which never conflict while the table has at most 32
   halves. A block works its table out once and keeps it over all the tiles of its group. Fewest instructions an
   element of the spline forwards: on the modeled H100 first in bfloat16 (4.0 us at 1024x768); in float32 DRAM bounds
   it and bspline_fwd_cuda_local alike. */
#include "variant.h"
#ifndef __CUDACC__
#include "walk.h"

enum { BLOCK, VEC, ROWS, WAVES };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    return walk_reject(p, pt->value[VEC]);
}

static void launch(const struct problem *p, const struct point *pt, const struct device_info *d,
                   struct launch *l) {
    l->steps = p->rows > 0;
    walk_grid(p, d, pt->value[BLOCK], pt->value[ROWS], pt->value[WAVES], &l->step[0]);
}
#endif
VARIANT(bspline_fwd_cuda_power, .op = BSPLINE_FWD, .dtypes = F32 | F16 | BF16, .min_sm = 75,
        .params = {{"BLOCK", {256, 128, 512}},
                   {"VEC", {8, 4, 2, 1}},
                   {"ROWS", {16, 4, 64}},
                   {"WAVES", {1, 2, 4}}},
        .reject = reject, .launch = launch);
#ifdef __CUDACC__
#include "args.cuh"
#include "silu.cuh"
#include "spline.cuh"
#include "walk.cuh"

extern "C" __global__ void __launch_bounds__(BLOCK) bspline_fwd_cuda_power(BSPLINE_FWD_ARGS) {
    __shared__ float table[(ORDER + 1) * HALVES];
    const int group = (int)(blockIdx.x % GROUPS);
    const float base = wbase[group];
    spline_power_table<false>(table, coef + group * BASES, wspline[group]);
    __syncthreads();
    const bool wide = aligned_to<VEC>(x) && aligned_to<VEC>(y);
    for (long long tile = blockIdx.x / GROUPS; tile * ROWS < rows; tile += gridDim.x / GROUPS) {
        for (walk w(group, tile, rows); w.left > 0; w.next()) {
            float v[VEC];
            walk_load(x + w.at, v, wide);
#pragma unroll
            for (int i = 0; i < VEC; i++) {
                const spline_knot k = spline_nearest(LINEARISED ? v[i] : spline_clamp(v[i]));
                v[i] =
                    fmaf(base, silu_both(v[i]).silu, spline_horner<ORDER + 1>(table, spline_half_at(k), k.v));
            }
            walk_store(y + w.at, v, wide);
        }
    }
}
#endif
