/* What a multiprocessor does in a clock: eight independent chains in every thread, all multiprocessors full. x[1] is
   0. */

#define CHAINS 8

#define MANY(name, type, first, code)                                                                        \
    PROBE(name) {                                                                                            \
        OPERANDS;                                                                                            \
        type chain[CHAINS];                                                                                  \
        REPEAT(CHAINS) chain[repeat] = (type)(first) + (type)(threadIdx.x * CHAINS + repeat);                \
        BEGIN;                                                                                               \
        ROUNDS _Pragma("unroll") for (int again = 0; again < 16; again++) REPEAT(CHAINS) {                   \
            type &a = chain[repeat];                                                                         \
            code;                                                                                            \
        }                                                                                                    \
        for (int i = 1; i < CHAINS; i++) chain[0] += chain[i];                                               \
        END(chain[0])                                                                                        \
    }

MANY(many_fma, float, 1, FMA)
MANY(many_shift, unsigned, 1, SHIFT)
MANY(many_xor, unsigned, 1,
     if (again & 1) asm volatile("xor.b32 %0, %0, %1;" : "+r"(a) : "r"(some));
     else asm volatile("shf.l.wrap.b32 %0, %0, %1, 7;" : "+r"(a) : "r"(other)))
MANY(many_min, unsigned, 1,
     if (again & 1) asm volatile("min.s32 %0, %0, %1;" : "+r"(a) : "r"(some));
     else asm volatile("xor.b32 %0, %0, %1;" : "+r"(a) : "r"(other)))
/* ptxas makes multiply-adds of some of these additions: two pipes */
MANY(many_add_xor, unsigned, 1,
     if (again & 1) asm volatile("add.u32 %0, %0, %1;" : "+r"(a) : "r"(some));
     else asm volatile("xor.b32 %0, %0, %1;" : "+r"(a) : "r"(other)))
MANY(many_mad, unsigned, 1, MAD)
MANY(many_half, unsigned, 1, FMA_HALF)
MANY(many_fp64, double, 1, FMA_FP64)
MANY(many_ex2, float, 1, EX2)
MANY(many_rcp, float, 1, RCP_FMA)
MANY(many_f16, float, 1, TO_F16_AND_BACK)
MANY(many_shuffle, unsigned, 1, SHUFFLE)

/* Every other one a multiply-add: two pipes, and the issue that feeds them. */
PROBE(many_mixed) {
    const float one = 1 + x[1], zero = x[1];
    const unsigned some = 0x9e3779b9u + x[1];
    float a[4];
    unsigned b[4];
    REPEAT(4) a[repeat] = threadIdx.x + repeat, b[repeat] = threadIdx.x * 4 + repeat;
    BEGIN;
    ROUNDS _Pragma("unroll") for (int again = 0; again < 16; again++) REPEAT(4) {
        asm volatile("fma.rn.f32 %0, %0, %1, %2;" : "+f"(a[repeat]) : "f"(one), "f"(zero));
        asm volatile("shf.l.wrap.b32 %0, %0, %1, 7;" : "+r"(b[repeat]) : "r"(some));
    }
    END(a[0] + a[1] + a[2] + a[3] + b[0] + b[1] + b[2] + b[3])
}

/* Chains of addresses in shared memory, without conflicts. */
PROBE(many_shared) {
    __shared__ unsigned cells[1024];
    unsigned a[4];
    REPEAT(4) {
        unsigned *const cell = cells + repeat * 256 + threadIdx.x;
        a[repeat] = *cell = (unsigned)__cvta_generic_to_shared(cell);
    }
    __syncthreads();
    BEGIN;
    ROUNDS _Pragma("unroll") for (int again = 0; again < 32; again++)
        REPEAT(4) asm volatile("ld.shared.u32 %0, [%0];" : "+r"(a[repeat])::"memory");
    END(a[0] + a[1] + a[2] + a[3])
}

/* The same in global memory, found in L1: all blocks write the same there. */
PROBE(many_l1) {
    u64 *const cell = (u64 *)WORK + threadIdx.x;
    *cell = (u64)cell;
    u64 a[4];
    REPEAT(4) a[repeat] = (u64)cell;
    BEGIN;
    ROUNDS _Pragma("unroll") for (int again = 0; again < 32; again++)
        REPEAT(4) asm volatile("ld.global.ca.u64 %0, [%0];" : "+l"(a[repeat])::"memory");
    END((unsigned)(a[0] + a[1] + a[2] + a[3]))
}

/* In shared memory 16 bytes at a time. */
PROBE(many_shared_wide) {
    __shared__ uint4 cells[512];
    unsigned a[2];
    REPEAT(2) {
        uint4 *const cell = cells + repeat * 256 + threadIdx.x;
        a[repeat] = (unsigned)__cvta_generic_to_shared(cell);
        *cell = make_uint4(a[repeat], 0, 0, 0);
    }
    __syncthreads();
    unsigned b = 0, c = 0, d = 0;
    BEGIN;
    ROUNDS _Pragma("unroll") for (int again = 0; again < 32; again++)
        REPEAT(2)
            asm volatile("ld.volatile.shared.v4.u32 {%0, %1, %2, %3}, [%0];"
                         : "+r"(a[repeat]), "=r"(b), "=r"(c), "=r"(d)::"memory");
    END(a[0] + a[1] + b + c + d)
}

#if __CUDA_ARCH__ >= 800
MANY(many_bf16, float, 1,
     asm volatile("{.reg .b16 h; .reg .b32 w; cvt.rn.bf16.f32 h, %0; cvt.u32.u16 w, h; shl.b32 w, w, 16; "
                  "mov.b32 %0, w;}"
                  : "+f"(a)))

MANY(many_bf16_pairs, float, 1,
     asm volatile("{.reg .b32 w; cvt.rn.bf16x2.f32 w, %0, %1; and.b32 w, w, 0xffff0000; mov.b32 %0, w;}"
                  : "+f"(a)
                  : "f"(zero)))

PROBE(many_mma) {
    const unsigned some = x[1];
    float a[4][4];
    REPEAT(4) for (int i = 0; i < 4; i++) a[repeat][i] = threadIdx.x + i;
    BEGIN;
    ROUNDS _Pragma("unroll") for (int again = 0; again < 16; again++)
        REPEAT(4)
            asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %4, %4, "
                         "%4}, {%4, %4}, {%0, %1, %2, %3};"
                         : "+f"(a[repeat][0]), "+f"(a[repeat][1]), "+f"(a[repeat][2]), "+f"(a[repeat][3])
                         : "r"(some));
    float sum = 0;
    REPEAT(4) for (int i = 0; i < 4; i++) sum += a[repeat][i];
    END(sum)
}
#endif
