/* Partial sums of blocks, and their sums. Partials lie as [term][part][chunk], so that what a coefficient's gradient
   adds up, over one group or over all of them, is contiguous. */
#pragma once

#include "rational_rows.cuh"
#include "series.cuh"

/* The chunks of the launch that left the partials. */
__device__ __forceinline__ long long chunks_of(long long rows) {
    return plan_chunks((rows + BLOCK_ROWS - 1) / BLOCK_ROWS, PARTS);
}

__device__ __forceinline__ void partial_store(float *partials, const rows_part &p, float sum) {
    const long long chunks = gridDim.x / PARTS;
    if (threadIdx.x < TERMS) partials[((long long)threadIdx.x * PARTS + p.part) * chunks + p.chunk] = sum;
}

/* An output's partials and where its sum belongs. */
struct output {
    const float *first;
    long long count;
    float *to;
};

__device__ __forceinline__ output output_at(int i, const float *partials, long long chunks, float *dnum, float *dden) {
    const bool num = i < NUM_GROUPS * (M + 1);
    const int j = num ? i : i - NUM_GROUPS * (M + 1), group = num ? j / (M + 1) : j / N;
    const int term = num ? j - group * (M + 1) : M + 1 + j - group * N;
    const bool shared = (num ? NUM_GROUPS : DEN_GROUPS) == 1;
    const int parts = shared ? PARTS : TILES;
    return {partials + ((long long)term * PARTS + (long long)group * parts) * chunks, parts * chunks,
            (num ? dnum : dden) + j};
}
