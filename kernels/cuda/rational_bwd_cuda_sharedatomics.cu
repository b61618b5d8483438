/* rational_bwd_cuda_sharedatomics: one element a lane, blocks of 256; gradients meet by atomics in shared memory, then
   one thread adds the block's sums of all groups to global memory: an earlier design of the released KAT kernels.
   There the threads beyond the last element leave before the barrier; here they wait at it.
   Kept to compare with. Wins against rational_bwd_cuda_atomics alone, whose atomics meet in L2; loses to all others
   (H100, f32: 54 us at 197x192, 571 at 3152x768; sums in registers 6.4 and 18.0): m + 1 + n shared atomics an element,
   of up to 32 lanes on one address, and one thread at the end. */
#include "variant.h"

#ifndef __CUDACC__
#include "flat.h"

static size_t shared_bytes(const struct problem *p) {
    return ((size_t)p->num_groups * (size_t)(p->m + 1) + (size_t)p->den_groups * (size_t)p->n) * sizeof(float);
}

static void launch(const struct problem *p, const struct point *pt, const struct device_info *d, struct launch *l) {
    flat_launch_atomics(p, pt, d, l);
    l->step[0].shared = (unsigned)shared_bytes(p);
}

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    if (shared_bytes(p) > 48 << 10) return "the sums of all groups exceed 48 KiB of shared memory";
    return flat_reject(p, pt, d);
}
#endif

VARIANT(rational_bwd_cuda_sharedatomics, .op = RATIONAL_BWD, .dtypes = F32 | F16 | BF16, .min_sm = 75,
        .flags = BASELINE | ORDER_DEPENDENT, .params = {{"BLOCK", {256}}}, .reject = reject, .launch = launch);

#ifdef __CUDACC__
#include "rational_terms.cuh"

enum { NUM_SUMS = NUM_GROUPS * (M + 1), DEN_SUMS = DEN_GROUPS * N };

extern "C" __global__ void __launch_bounds__(BLOCK) rational_bwd_cuda_sharedatomics(RATIONAL_BWD_ARGS) {
    extern __shared__ float sums[];
    for (int k = threadIdx.x; k < NUM_SUMS + DEN_SUMS; k += BLOCK) sums[k] = 0;
    __syncthreads();
    const long long i = (long long)blockIdx.x * BLOCK + threadIdx.x;
    if (i < rows * CHANNELS) {
        const int group = (int)(i % CHANNELS) / GROUP_CHANNELS;
        const rational_coefs c = rational_load(num_at(num, group), den_at(den, group));
        float sign_b[N];
        rational_signs(den_at(den, group), sign_b);
        const rational_terms t = rational_terms_of(c, sign_b, elem_to_float(x[i]), elem_to_float(dy[i]));
        dx[i] = elem_from_float(t.dx);
        float *const to_num = num_at(sums, group), *const to_den = den_at(sums + NUM_SUMS, group);
#pragma unroll
        for (int k = 0; k <= M; k++) atomicAdd(to_num + k, t.num[k]);
#pragma unroll
        for (int k = 0; k < N; k++) atomicAdd(to_den + k, t.den[k]);
    }
    __syncthreads();
    if (threadIdx.x) return;
    for (int k = 0; k < NUM_SUMS; k++) atomicAdd(dnum + k, sums[k]);
    for (int k = 0; k < DEN_SUMS; k++) atomicAdd(dden + k, sums[NUM_SUMS + k]);
}
#endif
