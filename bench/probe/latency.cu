/* Chains of dependent instructions in one warp: cycles from one to the next. x[1] is 0. */

#define CHAIN(name, type, first, code)                                                                       \
    PROBE(name) {                                                                                            \
        OPERANDS;                                                                                            \
        type a = (type)(first) + (type)threadIdx.x;                                                          \
        BEGIN;                                                                                               \
        ROUNDS REPEAT(64) {                                                                                  \
            code;                                                                                            \
        }                                                                                                    \
        END(a)                                                                                               \
    }

CHAIN(chain_fma, float, 1, FMA)
CHAIN(chain_shift, unsigned, 1, SHIFT)
CHAIN(chain_add_xor, unsigned, 1,
      asm volatile("add.u32 %0, %0, %1;\n\txor.b32 %0, %0, %2;" : "+r"(a) : "r"(some), "r"(other)))
CHAIN(chain_mad, unsigned, 1, MAD)
CHAIN(chain_half, unsigned, 1, FMA_HALF)
CHAIN(chain_fp64, double, 1, FMA_FP64)
CHAIN(chain_ex2, float, 1, EX2)
CHAIN(chain_rcp, float, 1, RCP_FMA)
CHAIN(chain_f16, float, 1, TO_F16_AND_BACK)
CHAIN(chain_shuffle, unsigned, 1, SHUFFLE)
CHAIN(chain_syncwarp, unsigned, 1, asm volatile("bar.warp.sync 0xffffffff;" ::: "memory"))
CHAIN(chain_barrier, unsigned, 1, asm volatile("bar.sync 0;" ::: "memory"))

PROBE(chain_shared) {
    __shared__ unsigned cells[32];
    unsigned a = (unsigned)__cvta_generic_to_shared(cells + threadIdx.x);
    cells[threadIdx.x] = (unsigned)__cvta_generic_to_shared(cells + (threadIdx.x + 1) % 32);
    __syncthreads();
    BEGIN;
    ROUNDS REPEAT(64) asm volatile("ld.shared.u32 %0, [%0];" : "+r"(a)::"memory");
    END(a)
}

/* A chain of pointers, which goes on where the last launch left it. */
#define CHASE(name, load)                                                                                    \
    PROBE(name) {                                                                                            \
        u64 a = ((report *)y)->next;                                                                         \
        BEGIN;                                                                                               \
        ROUNDS REPEAT(16) asm volatile(load " %0, [%0];" : "+l"(a)::"memory");                               \
        END((unsigned)a)                                                                                     \
        ((report *)y)->next = a;                                                                             \
    }
CHASE(chase_cached, "ld.global.ca.u64")
CHASE(chase_beyond, "ld.global.cg.u64")

#if __CUDA_ARCH__ >= 800
PROBE(chain_mma) {
    const unsigned some = x[1];
    float a = threadIdx.x, b = 0, c = 0, d = 0;
    BEGIN;
    ROUNDS REPEAT(16)
        asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %4, %4, %4}, "
                     "{%4, %4}, {%0, %1, %2, %3};"
                     : "+f"(a), "+f"(b), "+f"(c), "+f"(d)
                     : "r"(some));
    END(a + b + c + d)
}
#endif
