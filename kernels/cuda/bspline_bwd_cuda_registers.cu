/* bspline_bwd_cuda_registers: a thread keeps the sums of all coefficients in registers, and every interval
   adds to its ORDER + 1 of them under a predicate. No shared memory in the loop and nothing that depends on
   where x lies; instructions grow with intervals x (ORDER + 1), so it is for few coefficients (at most 16).
   Ahead of bspline_bwd_cuda_bins with 2 intervals of order 1 (17.1 us against 17.4 on an H100 in f32 at
   3152x768; bspline_bwd_cuda_lastblock 16.2), behind it with 3 of order 3 in bf16 (18.6 against 17.3) and with 8 in f32
   (21.9 against 19.4). */
#include "variant.h"
#ifndef __CUDACC__
#include "spline_launch.h"

enum { COEFS_MAX = 16 };

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    if (coef_count(p) > COEFS_MAX) return "more than 16 coefficients a group: too many for registers";
    return vector_reject(p, pt->value[POINT_VEC]);
}

static void launch(const struct problem *p, const struct point *pt, const struct device_info *d,
                   struct launch *l) {
    (void)d;
    spline_twopass_launch(p, pt, 0, l);
}
#endif
VARIANT(bspline_bwd_cuda_registers, .op = BSPLINE_BWD, .dtypes = F32 | F16 | BF16, .min_sm = 75,
        .params = SPLINE_BWD_PARAMS, .reject = reject, .launch = launch);
#ifdef __CUDACC__
#include "spline_finish.cuh"

extern "C" __global__ void __launch_bounds__(BLOCK) bspline_bwd_cuda_registers(BSPLINE_BWD_ARGS) {
    __shared__ float slopes[SLOPE_TABLE], of_warps[SUMS * WARPS];
    const int group = (int)(blockIdx.x % GROUPS), tile = (int)(blockIdx.x / GROUPS);
    slope_table_fill(slopes, coef + group * BASES, wspline[group]);
    __syncthreads();
    float sums[SUMS] = {};
    sums[BASES] = tile_backward(x, wbase[group], dy, dx, rows, group, tile, slopes,
                                [&](const spline_grad &g) { registers_add(sums, g); });
    block_sums(sums, of_warps, scratch, group, tile, (int)(gridDim.x / GROUPS));
}
#endif
