/* Which block of several comes last, to do what needs the others' results. */
#pragma once

/* Whether this block is the last of `blocks` to come here; then it sees what the others wrote before. The
   counter was 0 when the launch began, and is 0 again when it ends, which spares a call the time of zeroing it. All
   threads of the block take part.

   The barrier orders the block's writes before thread 0's release, which is cumulative; counts are a chain of
   read-modify-writes, so the last one's fence acquires all releases, and the second barrier hands that on to the
   block's other threads (PTX ISA, memory consistency model). __threadfence() in every thread would be sequentially
   consistent and empty L1 besides, which the blocks beside this one read from. */
__device__ __forceinline__ bool block_is_last(unsigned *counter, unsigned blocks) {
    __shared__ bool last;
    __syncthreads();
    if (threadIdx.x == 0) {
        unsigned before;
        asm volatile("atom.release.gpu.global.add.u32 %0, [%1], 1;" : "=r"(before) : "l"(counter) : "memory");
        last = before == blocks - 1;
        if (last) {
            asm volatile("fence.acq_rel.gpu;" ::: "memory");
            *counter = 0;
        }
    }
    __syncthreads();
    return last;
}
