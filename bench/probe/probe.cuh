/* What the kernels of `katune probe` share. Each takes numbers in x, the first of them how often its loop goes round,
   and memory in y: a report, a place for every thread's result, and the memory that it works in. */
typedef unsigned long long u64;

#define KEEP_BYTES 4096
#define UNLIKELY 0x7fd3b1c5u /* a result is kept if it is this, which no compiler knows not to happen */
#define WORK_BYTES (8 << 20) /* PROBE_HEADER in probe.h */

struct report {
    u64 cycles, nanoseconds; /* of the first warp, from its first to its last instruction */
    u64 next;                /* where a chain of pointers goes on */
};

static __device__ __forceinline__ u64 cycle_now() {
    u64 c;
    asm volatile("mov.u64 %0, %%clock64;" : "=l"(c)::"memory");
    return c;
}

static __device__ __forceinline__ u64 time_now() {
    u64 t;
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(t)::"memory");
    return t;
}

static __device__ __forceinline__ unsigned bits_of(unsigned v) {
    return v;
}

static __device__ __forceinline__ unsigned bits_of(float v) {
    return __float_as_uint(v);
}

static __device__ __forceinline__ unsigned bits_of(double v) {
    return __double2hiint(v);
}

#define PROBE(name) extern "C" __global__ void name(const int *x, char *y, long long, void *)
#define THREAD (blockIdx.x * blockDim.x + threadIdx.x)
#define WORK (y + WORK_BYTES)
#define BEGIN                                                                                                \
    const int n = x[0];                                                                                      \
    const u64 time_begin = time_now(), cycle_begin = cycle_now()
#define END(value)                                                                                           \
    const u64 cycle_end = cycle_now(), time_end = time_now();                                                \
    if (bits_of(value) == UNLIKELY) ((unsigned *)(y + KEEP_BYTES))[THREAD] = UNLIKELY;                       \
    if (THREAD == 0) {                                                                                       \
        ((report *)y)->cycles = cycle_end - cycle_begin;                                                     \
        ((report *)y)->nanoseconds = time_end - time_begin;                                                  \
    }

#define ROUNDS _Pragma("unroll 1") for (int round = 0; round < n; round++)
#define REPEAT(count) _Pragma("unroll") for (int repeat = 0; repeat < (count); repeat++)

/* The operations that are measured, on a; their other operands are known only when a kernel runs. */
#define OPERANDS                                                                                             \
    [[maybe_unused]] const float one = 1 + x[1], zero = x[1];                                                \
    [[maybe_unused]] const unsigned some = 0x9e3779b9u + x[1], other = 0x85ebca6bu + x[1]
#define FMA asm volatile("fma.rn.f32 %0, %0, %1, %2;" : "+f"(a) : "f"(one), "f"(zero))
#define SHIFT asm volatile("shf.l.wrap.b32 %0, %0, %1, 7;" : "+r"(a) : "r"(some))
#define MAD asm volatile("mad.lo.u32 %0, %0, %1, %2;" : "+r"(a) : "r"(some), "r"(other))
#define FMA_HALF asm volatile("fma.rn.f16x2 %0, %0, %1, %2;" : "+r"(a) : "r"(some), "r"(other))
#define FMA_FP64 asm volatile("fma.rn.f64 %0, %0, %1, %2;" : "+d"(a) : "d"((double)one), "d"((double)zero))
#define EX2 asm volatile("ex2.approx.ftz.f32 %0, %0;" : "+f"(a))
/* two reciprocals in a row are none */
#define RCP_FMA                                                                                              \
    asm volatile("rcp.approx.ftz.f32 %0, %0;\n\tfma.rn.f32 %0, %0, %1, %2;" : "+f"(a) : "f"(one), "f"(zero))
#define TO_F16_AND_BACK asm volatile("{.reg .b16 h; cvt.rn.f16.f32 h, %0; cvt.f32.f16 %0, h;}" : "+f"(a))
#define SHUFFLE asm volatile("shfl.sync.bfly.b32 %0, %0, 1, 31, 0xffffffff;" : "+r"(a))
