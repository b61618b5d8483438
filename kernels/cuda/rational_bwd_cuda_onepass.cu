/* rational_bwd_cuda_onepass: as rational_bwd_cuda_twopass, but of a group's blocks the one that finishes last adds the
   group's partial sums, and the last such block those of coefficients that all groups share. Orders are fixed, whichever
   blocks these are: one launch, and the same bits in every run and on every device. Its only atomics are counts, one a
   block: nothing that it adds up depends on their order. Saves the second launch, and pays with what the last block
   does while all others are done: two waits for a count, and two for sums to come from L2. On an H100 in f32 that is
   1 to 7% more than the second launch (6.4 us against 6.0 at 197x384, 17.1 against 16.5 at 3152x768, 170.3 against 169.3
   at 12608x3072; in bf16 92.2 against 92.1 there). */
#include "variant.h"

#ifndef __CUDACC__
#include "rational_launch.h"

/* Counts of finished groups and of each group's finished blocks; then the groups' sums, then the blocks'. */
static size_t counter_bytes(const struct problem *p) {
    return ((size_t)(1 + p->groups) * sizeof(unsigned) + 255) / 256 * 256;
}

static void launch(const struct problem *p, const struct point *pt, const struct device_info *d, struct launch *l) {
    (void)d;
    const struct rows_launch rows = rows_launch_of(p, pt);
    const int64_t blocks = rows.chunks * rows.parts;
    if (!blocks) {
        l->zero = 1u << T_DNUM | 1u << T_DDEN;
        return;
    }
    l->scratch_zero = counter_bytes(p);
    l->scratch = l->scratch_zero + (size_t)(p->groups * rational_terms(p)) * sizeof(double) +
                 (size_t)(blocks * rational_terms(p)) * sizeof(float);
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

/* Terms whose gradient all groups share. */
constexpr bool NUM_SHARED = NUM_GROUPS == 1 && GROUPS > 1, DEN_SHARED = DEN_GROUPS == 1 && GROUPS > 1;
constexpr int SHARED = (NUM_SHARED ? M + 1 : 0) + (DEN_SHARED ? N : 0), SHARED_FIRST = NUM_SHARED ? 0 : M + 1;
constexpr long long COUNTER_BYTES = ((1 + GROUPS) * sizeof(unsigned) + 255) / 256 * 256;

extern "C" __global__ void __launch_bounds__(THREADS, RESIDENT) rational_bwd_cuda_onepass(RATIONAL_BWD_ARGS) {
    const rows_part p = rows_part_of_block();
    const int of_group = (int)(gridDim.x / GROUPS); /* blocks */
    unsigned *const groups_done = (unsigned *)scratch, *const blocks_done = groups_done + 1;
    double *const group_sums = (double *)((char *)scratch + COUNTER_BYTES); /* [term][group] */
    float *const partials = (float *)(group_sums + TERMS * GROUPS);
    const auto output = [&](int t) { return t <= M ? num_at(dnum, p.group) + t : den_at(dden, p.group) + t - M - 1; };
    partial_store(partials, p, rows_sum(p, x, num, den, dy, dx, rows));
    if (!block_is_last(&blocks_done[p.group], of_group)) return;
    series_sums<TERMS, WARPS>(partials + (long long)p.group * of_group, gridDim.x, of_group, [&](int t, double sum) {
        if (t <= M ? NUM_SHARED : DEN_SHARED)
            group_sums[t * GROUPS + p.group] = sum;
        else
            *output(t) = (float)sum;
    });
    if constexpr (SHARED > 0) {
        if (!block_is_last(groups_done, GROUPS)) return;
        series_sums<SHARED, WARPS>(group_sums + SHARED_FIRST * GROUPS, GROUPS, GROUPS,
                                   [&](int t, double sum) { *output(SHARED_FIRST + t) = (float)sum; });
    }
}
#endif
