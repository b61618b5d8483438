/* gelu_fwd_cuda: the error function of the device library.
   Bound by memory on every GPU: wins by keeping many accesses of 16 bytes in flight. */
#include "variant.h"
#ifndef __CUDACC__
#include "map_host.h"
#endif
VARIANT(gelu_fwd_cuda, .op = GELU_FWD, .dtypes = F32 | F16 | BF16, .min_sm = 75, .params = MAP_PARAMS,
        .reject = map_reject, .launch = map_launch);
#ifdef __CUDACC__
#include "args.cuh"
#include "gelu.cuh"
#include "map.cuh"

struct function {
    __device__ float operator()(float x, float) const { return gelu(x); }
};

extern "C" __global__ void __launch_bounds__(BLOCK) gelu_fwd_cuda(GELU_FWD_ARGS) {
    map<1>(x, nullptr, y, rows * CHANNELS, function());
}
#endif
