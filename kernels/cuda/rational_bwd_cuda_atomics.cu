/* rational_bwd_cuda_atomics: one element a lane, blocks of 256, and a global atomic for every coefficient and element:
   the design of the released KAT kernels.
   Kept to compare with. Loses everywhere (H100, f32: 449 us at 197x192, 28.5 ms at 3152x768, where
   rational_bwd_cuda_twopass takes 6.4 and 18.0 us): m + 1 + n atomics an element meet on a few addresses, and sums of
   millions of terms in one float32 lose digits that sums of sums keep. */
#include "variant.h"

#ifndef __CUDACC__
#include "flat.h"
#endif

VARIANT(rational_bwd_cuda_atomics, .op = RATIONAL_BWD, .dtypes = F32 | F16 | BF16, .min_sm = 75,
        .flags = BASELINE | ORDER_DEPENDENT, .params = {{"BLOCK", {256}}}, .reject = flat_reject, .launch = flat_launch_atomics);

#ifdef __CUDACC__
#include "rational_terms.cuh"

extern "C" __global__ void __launch_bounds__(BLOCK) rational_bwd_cuda_atomics(RATIONAL_BWD_ARGS) {
    const long long i = (long long)blockIdx.x * BLOCK + threadIdx.x;
    if (i >= rows * CHANNELS) return;
    const int group = (int)(i % CHANNELS) / GROUP_CHANNELS;
    const rational_coefs c = rational_load(num_at(num, group), den_at(den, group));
    float sign_b[N];
    rational_signs(den_at(den, group), sign_b);
    const rational_terms t = rational_terms_of(c, sign_b, elem_to_float(x[i]), elem_to_float(dy[i]));
    dx[i] = elem_from_float(t.dx);
    float *const to_num = num_at(dnum, group), *const to_den = den_at(dden, group);
#pragma unroll
    for (int k = 0; k <= M; k++) atomicAdd(to_num + k, t.num[k]);
#pragma unroll
    for (int k = 0; k < N; k++) atomicAdd(to_den + k, t.den[k]);
}
#endif
