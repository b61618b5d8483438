/* Atomics on global memory by every lane of the grid. */

/* Which word a thread adds to, at a distance of x[3] bytes: x[1] of 0: lanes of a warp on one of x[2] words; 1: lanes
   spread over x[2] words; 2: every thread on its own. */
static __device__ __forceinline__ char *word_of(const int *x, char *memory) {
    const unsigned which = x[1] == 0 ? THREAD / 32 % x[2] : x[1] == 1 ? THREAD % x[2] : THREAD;
    return memory + (size_t)which * x[3];
}

#define ADD(name, type, constraint, code)                                                                    \
    PROBE(name) {                                                                                            \
        char *const word = word_of(x, WORK);                                                                 \
        BEGIN;                                                                                               \
        const type some = n; /* an addition of what is known to be 1 may be another instruction */           \
        type a[4] = {}, sum = 0;                                                                             \
        ROUNDS {                                                                                             \
            REPEAT(4)                                                                                        \
                asm volatile(code : "+" constraint(a[repeat]) : "l"(word), constraint(some) : "memory");     \
            REPEAT(4) sum += a[repeat];                                                                      \
        }                                                                                                    \
        END(sum)                                                                                             \
    }
ADD(add_f32, float, "f", "red.relaxed.gpu.global.add.f32 [%1], %2;")
ADD(add_u32, unsigned, "r", "red.relaxed.gpu.global.add.u32 [%1], %2;")
ADD(fetch_f32, float, "f", "atom.relaxed.gpu.global.add.f32 %0, [%1], %2;")
ADD(fetch_u32, unsigned, "r", "atom.relaxed.gpu.global.add.u32 %0, [%1], %2;")

/* What a rational's backward adds that sums nothing by itself: 6 words of a numerator, one of x[1] by the block, then 4
   of a denominator, one of x[2] by the block. */
PROBE(add_rational) {
    float *const numerator = (float *)WORK + blockIdx.x % x[1] * 6,
                 *const denominator = (float *)WORK + x[1] * 6 + blockIdx.x % x[2] * 4;
    const float one = 1;
    BEGIN;
    ROUNDS {
        REPEAT(6)
            asm volatile("red.relaxed.gpu.global.add.f32 [%0], %1;" ::"l"(numerator + repeat), "f"(one) : "memory");
        REPEAT(4)
            asm volatile("red.relaxed.gpu.global.add.f32 [%0], %1;" ::"l"(denominator + repeat), "f"(one)
                         : "memory");
    }
    END(one)
}
