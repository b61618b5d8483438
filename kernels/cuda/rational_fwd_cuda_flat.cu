/* rational_fwd_cuda_flat: one element a lane, blocks of 256; the group from the index, the coefficients from the cache
   for every element, a division at the end: the design of the released KAT kernels.
   Kept to compare with. Level with rational_fwd_cuda_columns at 197x192 and 197x384, where all that counts is to have
   many threads (H100, f32: 2.77 us against 2.82, 2.93 against 2.92); loses to it wherever a thread can keep coefficients
   for more than one element (38.1 us against 28.3 at 3152x3072): it loads 1 + (m + 1 + n) times for each. */
#include "variant.h"

#ifndef __CUDACC__
#include "flat.h"
#endif

VARIANT(rational_fwd_cuda_flat, .op = RATIONAL_FWD, .dtypes = F32 | F16 | BF16, .min_sm = 75, .flags = BASELINE,
        .params = {{"BLOCK", {256}}}, .reject = flat_reject, .launch = flat_launch);

#ifdef __CUDACC__
#include "rational_terms.cuh"

extern "C" __global__ void __launch_bounds__(BLOCK) rational_fwd_cuda_flat(RATIONAL_FWD_ARGS) {
    const long long i = (long long)blockIdx.x * BLOCK + threadIdx.x;
    if (i >= rows * CHANNELS) return;
    const int group = (int)(i % CHANNELS) / GROUP_CHANNELS;
    const rational_coefs c = rational_load(num_at(num, group), den_at(den, group));
    const rational_quotient f = rational_quotient_of(c, elem_to_float(x[i]));
    y[i] = elem_from_float(divide(f.p, f.q));
}
#endif
