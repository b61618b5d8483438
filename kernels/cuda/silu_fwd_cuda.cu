/* silu_fwd_cuda: one exponential of -|x|/2 and one reciprocal an element, without a branch.
   Bound by memory on every GPU: wins by keeping many accesses of 16 bytes in flight. */
#include "variant.h"
#ifndef __CUDACC__
#include "map_host.h"
#endif
VARIANT(silu_fwd_cuda, .op = SILU_FWD, .dtypes = F32 | F16 | BF16, .min_sm = 75, .params = MAP_PARAMS,
        .reject = map_reject, .launch = map_launch);
#ifdef __CUDACC__
#include "args.cuh"
#include "silu.cuh"
#include "map.cuh"

struct function {
    __device__ float operator()(float x, float) const { return silu(x); }
};

extern "C" __global__ void __launch_bounds__(BLOCK) silu_fwd_cuda(SILU_FWD_ARGS) {
    map<1>(x, nullptr, y, rows * CHANNELS, function());
}
#endif
