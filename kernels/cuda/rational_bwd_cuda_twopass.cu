/* rational_bwd_cuda_twopass: a thread walks down its own columns and keeps its group's gradient sums in registers;
   blocks leave partial sums, which a second kernel adds in a fixed order.

   Every block has one group, so coefficients and sums are the same 2 (m + 1 + n) registers in all its threads; one
   reciprocal of Q serves dx and every gradient; loads and stores are of 16 bytes. Nothing is reduced until a thread
   has done its share of the rows. No atomics: the same bits in every run and on every device.
   With AHEAD a row is on its way to shared memory while the one before is worked on: without, all of a thread's loads
   wait before its arithmetic, and in bf16, where the arithmetic takes half as long as the memory, they add up.
   Wins against every baseline: on an H100 in f32 6.0 us at 197x192 (tile sum 10.3), 16.5 at 3152x768 (24.4; shared
   atomics 565, an atomic an element 25501), 46.7 at 3152x3072 (65.0), 167.9 at 12608x3072 (184.8), where a copy of as many
   bytes takes 158; in bf16 90.5 there (147.1; copy 81). AHEAD=1 takes 6% off in bf16 at 12608x3072 (96.3 without) and 2% in
   f32; AHEAD=0 with UNROLL=4 is 1 to 4% ahead of it in f32 at 3152x384 to 3152x1536, and AHEAD=0 with UNROLL=1, 2% at
   197x384. The second launch costs 1.7 us, and rational_bwd_cuda_onepass, which has none, as much or a little more for
   its last block. */
#include "variant.h"

enum { REDUCERS = 128 }; /* threads that add the partial sums of an output */

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
    l->scratch = (size_t)(blocks * rational_terms(p)) * sizeof(float);
    l->steps = 2;
    l->step[0] = (struct launch_step){.grid = {(unsigned)blocks}, .block = {(unsigned)rows.threads}};
    l->step[1] = (struct launch_step){.function = "rational_bwd_cuda_twopass_reduce",
                                      .grid = {(unsigned)rational_outputs(p)},
                                      .block = {REDUCERS}};
}
#endif

VARIANT(rational_bwd_cuda_twopass, .op = RATIONAL_BWD, .dtypes = F32 | F16 | BF16, .flags = PREFERRED, .min_sm = 75,
        .params = ROWS_PARAMS,
        .reject = rows_reject, .launch = launch);

#ifdef __CUDACC__
#include "rational_reduce.cuh"

extern "C" __global__ void __launch_bounds__(THREADS, RESIDENT) rational_bwd_cuda_twopass(RATIONAL_BWD_ARGS) {
    const rows_part p = rows_part_of_block();
    partial_store((float *)scratch, p, rows_sum(p, x, num, den, dy, dx, rows));
}

/* A block an output. */
extern "C" __global__ void __launch_bounds__(REDUCERS) rational_bwd_cuda_twopass_reduce(RATIONAL_BWD_ARGS) {
    __shared__ double warp_sums[REDUCERS / 32];
    const output o = output_at(blockIdx.x, (const float *)scratch, chunks_of(rows), dnum, dden);
    const float *const from[] = {o.first};
    double part[1];
    series_parts<REDUCERS>(from, (int)o.count, threadIdx.x, part);
    warp_sum_each(part);
    if (threadIdx.x % 32 == 0) warp_sums[threadIdx.x / 32] = part[0];
    __syncthreads();
    if (threadIdx.x) return;
    double sum = 0;
#pragma unroll
    for (int w = 0; w < REDUCERS / 32; w++) sum += warp_sums[w];
    *o.to = (float)sum;
}
#endif
