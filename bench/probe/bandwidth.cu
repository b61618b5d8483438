/* Streams of 16 bytes a thread, with a number of loads in flight. A round is 4096 bytes for every block, 256 threads of
   16 bytes, times that number; blocks take turns. */

/* load: as loads are; load_beyond: past L1 */
#define LOAD(name, cache)                                                                                    \
    static __device__ __forceinline__ uint4 name(const uint4 *from) {                                        \
        uint4 v;                                                                                             \
        asm volatile("ld.global" cache ".v4.u32 {%0, %1, %2, %3}, [%4];"                                     \
                     : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)                                            \
                     : "l"(from)                                                                             \
                     : "memory");                                                                            \
        return v;                                                                                            \
    }
LOAD(load, "")
LOAD(load_beyond, ".cg")

static __device__ __forceinline__ void store(uint4 *to, uint4 v) {
    asm volatile("st.global.v4.u32 [%0], {%1, %2, %3, %4};" ::"l"(to), "r"(v.x), "r"(v.y), "r"(v.z), "r"(v.w)
                 : "memory");
}

/* x[1] rounds of the grid make up the memory, after which it begins anew. */
#define STREAM(name, ...)                                                                                    \
    PROBE(name) {                                                                                            \
        const size_t step = (size_t)gridDim.x * blockDim.x;                                                  \
        const int rounds = x[1];                                                                             \
        unsigned a = 0;                                                                                      \
        int at = 0;                                                                                          \
        BEGIN;                                                                                               \
        ROUNDS {                                                                                             \
            __VA_ARGS__                                                                                      \
            at = at + 1 == rounds ? 0 : at + 1;                                                              \
        }                                                                                                    \
        END(a)                                                                                               \
    }
#define PLACE(count) ((size_t)at * (count) + repeat) * step + THREAD

#define READS(name, count, load)                                                                             \
    STREAM(name##_##count, uint4 v[count]; const uint4 *const from = (const uint4 *)WORK;                    \
           REPEAT(count) v[repeat] = load(from + PLACE(count));                                              \
           REPEAT(count) a ^= v[repeat].x ^ v[repeat].y ^ v[repeat].z ^ v[repeat].w;)
READS(beyond, 1, load_beyond)
READS(beyond, 2, load_beyond)

#define STREAMS(count)                                                                                       \
    READS(read, count, load)                                                                                 \
    STREAM(copy_##count, uint4 v[count]; uint4 *const from = (uint4 *)WORK, *const to = from + rounds * count * step; \
           REPEAT(count) v[repeat] = load(from + PLACE(count));                                              \
           REPEAT(count) store(to + PLACE(count), v[repeat]);)                                               \
    STREAM(write_##count, uint4 *const to = (uint4 *)WORK;                                                   \
           REPEAT(count) store(to + PLACE(count), make_uint4(round, 1, 2, 3));)
STREAMS(1)
STREAMS(2)
STREAMS(4)
STREAMS(8)
