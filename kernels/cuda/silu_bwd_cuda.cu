/* silu_bwd_cuda: one exponential of -|x|/2 and one reciprocal an element, without a branch.
   Bound by memory on every GPU: wins by keeping many accesses of 16 bytes in flight. */
#include "variant.h"
#ifndef __CUDACC__
#include "map_host.h"
#endif
VARIANT(silu_bwd_cuda, .op = SILU_BWD, .dtypes = F32 | F16 | BF16, .min_sm = 75, .params = MAP_PARAMS,
        .reject = map_reject, .launch = map_launch);
#ifdef __CUDACC__
#include "args.cuh"
#include "silu.cuh"
#include "map.cuh"

struct function {
    __device__ float operator()(float x, float g) const { return silu_slope(x, g); }
};

extern "C" __global__ void __launch_bounds__(BLOCK) silu_bwd_cuda(SILU_BWD_ARGS) {
    map<2>(x, dy, dx, rows * CHANNELS, function());
}
#endif
