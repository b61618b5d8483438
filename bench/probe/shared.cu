/* Atomics on shared memory: lanes of a warp spread over x[1] words, all warps of the block on the same ones, or with
   x[2] of 1 each warp on its own. A loop of compare-and-swap where the hardware has no such addition. */
#define ADD(name, type, constraint, addend, code)                                                            \
    PROBE(name) {                                                                                            \
        __shared__ type words[256];                                                                          \
        words[threadIdx.x] = 0;                                                                              \
        __syncthreads();                                                                                     \
        const unsigned which = threadIdx.x % 32 % x[1] + (x[2] ? threadIdx.x / 32 * 32 : 0);                 \
        const unsigned word = (unsigned)__cvta_generic_to_shared(words + which);                             \
        BEGIN;                                                                                               \
        const type some = addend;                                                                            \
        type a[4] = {}, sum = 0;                                                                             \
        ROUNDS {                                                                                             \
            REPEAT(4)                                                                                        \
                asm volatile(code : "+" constraint(a[repeat]) : "r"(word), constraint(some) : "memory");     \
            REPEAT(4) sum += a[repeat];                                                                      \
        }                                                                                                    \
        __syncthreads();                                                                                     \
        END(words[threadIdx.x] + sum)                                                                        \
    }
ADD(shared_add_f32, float, "f", n, "red.shared.add.f32 [%1], %2;")
ADD(shared_add_u32, unsigned, "r", n, "red.shared.add.u32 [%1], %2;")
ADD(shared_fetch_f32, float, "f", n, "atom.shared.add.f32 %0, [%1], %2;")
ADD(shared_fetch_u32, unsigned, "r", n, "atom.shared.add.u32 %0, [%1], %2;")
/* of 1, for which there may be an instruction */
ADD(shared_count_u32, unsigned, "r", 1, "red.shared.add.u32 [%1], %2;")
