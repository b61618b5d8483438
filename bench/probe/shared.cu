/* Atomics on shared memory: lanes of a warp spread over x[1] words, all warps of the block on the same ones, or with
   x[2] of 1 each warp on its own. A loop of compare-and-swap where the hardware has no such addition. */
#define ADD(name, type, constraint, code)                                                                    \
    PROBE(name) {                                                                                            \
        __shared__ type words[256];                                                                          \
        words[threadIdx.x] = 0;                                                                              \
        __syncthreads();                                                                                     \
        const unsigned which = threadIdx.x % 32 % x[1] + (x[2] ? threadIdx.x / 32 * 32 : 0);                 \
        const unsigned word = (unsigned)__cvta_generic_to_shared(words + which);                             \
        const type one = 1;                                                                                  \
        type a = 0;                                                                                          \
        BEGIN;                                                                                               \
        ROUNDS REPEAT(4) asm volatile(code : "+" constraint(a) : "r"(word), constraint(one) : "memory");     \
        __syncthreads();                                                                                     \
        END(words[threadIdx.x] + a)                                                                          \
    }
ADD(shared_add_f32, float, "f", "red.shared.add.f32 [%1], %2;")
ADD(shared_add_u32, unsigned, "r", "red.shared.add.u32 [%1], %2;")
ADD(shared_fetch_f32, float, "f", "atom.shared.add.f32 %0, [%1], %2;")
ADD(shared_fetch_u32, unsigned, "r", "atom.shared.add.u32 %0, [%1], %2;")
