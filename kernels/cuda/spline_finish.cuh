/* The second kernel of the two-pass spline backwards: a block a group adds the tiles' sums up. */
#pragma once

#include "args.cuh"
#include "spline_bins.cuh"

extern "C" __global__ void __launch_bounds__(BLOCK) bspline_bwd_finish(BSPLINE_BWD_ARGS) {
    group_finish(coef, wspline, dcoef, dwbase, dwspline, scratch, (int)blockIdx.x,
                        (int)((rows + ROWS - 1) / ROWS));
}
