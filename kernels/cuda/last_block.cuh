/* Which block of several comes last, to do what needs the others' results. */
#pragma once

/* Whether this block is the last of `blocks` to come here; then it sees what the others wrote before. The
   counter was 0 when the launch began, and is 0 again when it ends, which spares a call the time of zeroing it. All
   threads of the block take part. */
__device__ __forceinline__ bool block_is_last(unsigned *counter, unsigned blocks) {
    __shared__ bool last;
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) {
        last = atomicAdd(counter, 1u) == blocks - 1;
        if (last) *counter = 0;
    }
    __syncthreads();
    if (last) __threadfence();
    return last;
}
