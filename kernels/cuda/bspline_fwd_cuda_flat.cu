/* bspline_fwd_cuda_flat: one element a thread, coefficients from global memory through L1. The plain way, to
   measure the others by: first on an H100 in f32 at 197x192 to 197x768 (2.8 to 3.3 us), where nothing has to be
   filled before the first element; 1.4 to 1.6 times as long as bspline_fwd_cuda_power from 3152x768 on. */
#include "variant.h"
#ifndef __CUDACC__
#include "flat.h"
#endif
VARIANT(bspline_fwd_cuda_flat, .op = BSPLINE_FWD, .dtypes = F32 | F16 | BF16, .flags = BASELINE, .min_sm = 75,
        .params = {{"BLOCK", {256, 128, 512}}}, .reject = flat_reject, .launch = flat_launch);
#ifdef __CUDACC__
#include "args.cuh"
#include "silu.cuh"
#include "spline.cuh"

extern "C" __global__ void __launch_bounds__(BLOCK) bspline_fwd_cuda_flat(BSPLINE_FWD_ARGS) {
    const long long at = (long long)blockIdx.x * BLOCK + threadIdx.x;
    if (at >= rows * CHANNELS) return;
    const int group = (int)(at % CHANNELS) / GROUP_CHANNELS;
    const float v = elem_to_float(x[at]);
    const float *const coefs = coef + group * BASES;
    const float spline = spline_local(v, [&](int bin) {
        const int m = bin_basis(bin);
        return m >= 0 && m < BASES ? coefs[m] : 0;
    });
    y[at] = elem_from_float(fmaf(wspline[group], spline, wbase[group] * silu_both(v).silu));
}
#endif
