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
