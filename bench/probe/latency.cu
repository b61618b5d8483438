/* Chains of dependent instructions in one warp: cycles from one to the next. x[1] is 0. */

#define CHAIN(name, type, first, code)                                                                       \
    PROBE(name) {                                                                                            \
        const float one = 1 + x[1], zero = x[1];                                                             \
        const unsigned some = 0x9e3779b9u + x[1], other = 0x85ebca6bu + x[1];                                \
        type a = (type)(first) + (type)threadIdx.x;                                                          \
        BEGIN;                                                                                               \
        ROUNDS REPEAT(64) {                                                                                  \
            code;                                                                                            \
        }                                                                                                    \
        END(a)                                                                                               \
        (void)one, (void)zero, (void)some, (void)other;                                                      \
    }

CHAIN(chain_fma, float, 1, asm volatile("fma.rn.f32 %0, %0, %1, %2;" : "+f"(a) : "f"(one), "f"(zero)))
CHAIN(chain_shift, unsigned, 1, asm volatile("shf.l.wrap.b32 %0, %0, %1, 7;" : "+r"(a) : "r"(some)))
CHAIN(chain_add_xor, unsigned, 1,
      asm volatile("add.u32 %0, %0, %1;\n\txor.b32 %0, %0, %2;" : "+r"(a) : "r"(some), "r"(other)))
CHAIN(chain_mad, unsigned, 1, asm volatile("mad.lo.u32 %0, %0, %1, %2;" : "+r"(a) : "r"(some), "r"(other)))
CHAIN(chain_half, unsigned, 1, asm volatile("fma.rn.f16x2 %0, %0, %1, %2;" : "+r"(a) : "r"(some), "r"(other)))
CHAIN(chain_fp64, double, 1,
      asm volatile("fma.rn.f64 %0, %0, %1, %2;" : "+d"(a) : "d"((double)one), "d"((double)zero)))
CHAIN(chain_ex2, float, 1, asm volatile("ex2.approx.ftz.f32 %0, %0;" : "+f"(a)))
/* two reciprocals in a row are none */
CHAIN(chain_rcp, float, 1,
      asm volatile("rcp.approx.ftz.f32 %0, %0;\n\tfma.rn.f32 %0, %0, %1, %2;" : "+f"(a) : "f"(one), "f"(zero)))
CHAIN(chain_f16, float, 1,
      asm volatile("{.reg .b16 h; cvt.rn.f16.f32 h, %0; cvt.f32.f16 %0, h;}" : "+f"(a)))
CHAIN(chain_shuffle, unsigned, 1,
      asm volatile("shfl.sync.bfly.b32 %0, %0, 1, 31, 0xffffffff;" : "+r"(a)))
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
