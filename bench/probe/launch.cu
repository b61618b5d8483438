/* What launches, fences and the count of a last block cost. */
PROBE(empty) {}

/* x[1] of 1: with a fence after the store. */
PROBE(fence) {
    unsigned *const mine = (unsigned *)WORK + THREAD;
    const bool fenced = x[1];
    BEGIN;
    ROUNDS REPEAT(4) {
        asm volatile("st.global.u32 [%0], %1;" ::"l"(mine), "r"(round) : "memory");
        if (fenced) __threadfence();
    }
    END(0u)
}

/* A thread of each block counts its block, which the others wait for. */
PROBE(count_blocks) {
    __shared__ unsigned last;
    BEGIN;
    ROUNDS {
        if (threadIdx.x == 0) last = atomicAdd((unsigned *)WORK, 1);
        __syncthreads();
        if (last == 0xffffffffu) __threadfence();
        __syncthreads();
    }
    END(last)
}
