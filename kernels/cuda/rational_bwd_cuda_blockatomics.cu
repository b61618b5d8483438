/* rational_bwd_cuda_blockatomics: a thread walks down its own columns and keeps its group's gradient sums in
   registers; blocks as many as the device holds at once, and each adds its sums to global memory at the end, one
   atomic a coefficient and block.
   Wins by a little where the order of the last additions may vary from run to run: no partial sums, no second pass,
   and the fewest ends of blocks; loses nothing but that order. */
#include "variant.h"

#ifndef __CUDACC__
#include "rational_launch.h"

enum { BLOCKS = POINT_ROWS }; /* in place of it */

static const char *reject(const struct problem *p, const struct point *pt, const struct device_info *d) {
    (void)d;
    return vector_reject(p, pt->value[POINT_VEC]);
}

static void launch(const struct problem *p, const struct point *pt, const struct device_info *d, struct launch *l) {
    const struct rows_launch rows =
        rows_launch_of(p, pt, INT32_MAX, (int64_t)d->units * pt->value[BLOCKS]);
    l->zero = 1u << T_DNUM | 1u << T_DDEN;
    l->steps = 1;
    l->step[0] = (struct launch_step){.grid = {(unsigned)(rows.chunks * rows.parts)},
                                      .block = {(unsigned)rows.threads}};
}
#endif

VARIANT(rational_bwd_cuda_blockatomics, .op = RATIONAL_BWD, .dtypes = F32 | F16 | BF16, .min_sm = 75,
        .flags = ORDER_DEPENDENT,
        .params = {{"BLOCK", {256, 128, 512}},
                   {"VEC", {8, 4, 2, 1}},
                   {"BLOCKS", {6, 4, 12}}, /* to a multiprocessor */
                   {"UNROLL", {1, 2, 4}},
                   {"LOAD", {3, 2}},
                   {"STORE", {0, 2}}},
        .reject = reject, .launch = launch);

#ifdef __CUDACC__
#include "rational_rows.cuh"

extern "C" __global__ void __launch_bounds__(THREADS, RESIDENT) rational_bwd_cuda_blockatomics(RATIONAL_BWD_ARGS) {
    const rows_part p = rows_part_of_block();
    const float sum = rows_sum(p, x, num, den, dy, dx, rows);
    const int t = threadIdx.x;
    if (t <= M)
        atomicAdd(num_at(dnum, p.group) + t, sum);
    else if (t < TERMS)
        atomicAdd(den_at(dden, p.group) + t - (M + 1), sum);
}
#endif
