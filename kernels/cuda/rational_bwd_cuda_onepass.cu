/* rational_bwd_cuda_onepass: as rational_bwd_cuda_twopass, but the block that finishes last adds the partial sums, in
   the same fixed order whichever block that is: one launch, and the same bits in every run and on every device. Its
   only atomic is a count of finished blocks, one a block, an integer: nothing that it adds up depends on their order.
   Wins on the modeled H100 in f32 from 197x192 (6.8 us against 9.5 in two passes and 20.6 by tile sums) over 3152x768
   (11.9, 15.6, 28.0) to 12608x3072 (153, 157, 163), on T4, L4 and RTX 4090 alike: the second launch is what it saves.
   Loses where partial sums are many (thousands of groups), as one block adds them all while the others are done; the
   model, to which a block is as long as the average, does not see that. */
#include "variant.h"

enum { COUNTER_BYTES = 256 }; /* the count of finished blocks, before the partial sums */

#ifndef __CUDACC__
#include "rational_launch.h"

static void launch(const struct problem *p, const struct point *pt, const struct device_info *d, struct launch *l) {
    (void)d;
    const struct rows_launch rows = rows_launch_of(p, pt);
    const int64_t blocks = rows.chunks * rows.parts;
    if (!blocks) {
        l->zero = 1u << T_DNUM | 1u << T_DDEN;
        return;
    }
    l->scratch = COUNTER_BYTES + (size_t)(blocks * rational_terms(p)) * sizeof(float);
    l->scratch_zero = COUNTER_BYTES;
    l->steps = 1;
    l->step[0] = (struct launch_step){.grid = {(unsigned)blocks}, .block = {(unsigned)rows.threads}};
}
#endif

VARIANT(rational_bwd_cuda_onepass, .op = RATIONAL_BWD, .dtypes = F32 | F16 | BF16, .min_sm = 75,
        .params = ROWS_PARAMS,
        .reject = rows_reject, .launch = launch);

#ifdef __CUDACC__
#include "last_block.cuh"
#include "rational_reduce.cuh"

extern "C" __global__ void __launch_bounds__(THREADS, RESIDENT) rational_bwd_cuda_onepass(RATIONAL_BWD_ARGS) {
    const rows_part p = rows_part_of_block();
    float *const partials = (float *)((char *)scratch + COUNTER_BYTES);
    partial_store(partials, p, rows_sum(p, x, num, den, dy, dx, rows));
    if (!block_is_last((unsigned *)scratch, gridDim.x)) return;
    const int lane = threadIdx.x % 32;
#pragma unroll 1
    for (int i = threadIdx.x / 32; i < OUTPUTS; i += WARPS) {
        const output o = output_at(i, partials, gridDim.x / PARTS, dnum, dden);
        const double sum = warp_sum(partials_sum(o, lane, 32));
        if (lane == 0) *o.to = (float)sum;
    }
}
#endif
