/* gelu_bwd_cuda: the error function and one exponential of the device library.
   Bound by memory on every GPU: wins by keeping many accesses of 16 bytes in flight. */
#include "variant.h"
#ifndef __CUDACC__
#include "map_host.h"
#endif
VARIANT(gelu_bwd_cuda, .op = GELU_BWD, .dtypes = F32 | F16 | BF16, .min_sm = 75, .params = MAP_PARAMS,
        .reject = map_reject, .launch = map_launch);
#ifdef __CUDACC__
#include "args.cuh"
#include "gelu.cuh"
#include "map.cuh"

struct function {
    __device__ float operator()(float x, float g) const { return gelu_slope(x, g); }
};

extern "C" __global__ void __launch_bounds__(BLOCK) gelu_bwd_cuda(GELU_BWD_ARGS) {
    map<2>(x, dy, dx, rows * CHANNELS, function());
}
#endif
