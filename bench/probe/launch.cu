/* What launches, fences and the count of a last block cost. */
PROBE(empty) {}

/* x[1] of 1: with a fence after the store. */
PROBE(fence) {
    volatile unsigned *const mine = (volatile unsigned *)WORK + THREAD;
    BEGIN;
    ROUNDS REPEAT(4) {
        *mine = round;
        if (x[1]) __threadfence();
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
