/* Asynchronous copies of 4, 8 or 16 bytes from global to shared memory (sm_80), which hold no register while they
   are under way. A thread waits for its own copies only. Written in PTX, so that no CUDA header is needed. */
#pragma once

/* One access; `evict_first`: the line is the first to leave L2. */
template <int bytes, bool evict_first> __device__ __forceinline__ void copy_async(void *to, const void *from) {
    static_assert(bytes == 4 || bytes == 8 || bytes == 16, "what cp.async copies");
    const unsigned at = (unsigned)__cvta_generic_to_shared(to);
    if constexpr (evict_first) {
        unsigned long long policy;
        asm("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;" : "=l"(policy));
        if constexpr (bytes == 16)
            asm volatile("cp.async.cg.shared.global.L2::cache_hint [%0], [%1], 16, %2;" ::"r"(at), "l"(from), "l"(policy)
                         : "memory");
        else
            asm volatile("cp.async.ca.shared.global.L2::cache_hint [%0], [%1], %2, %3;" ::"r"(at), "l"(from), "n"(bytes),
                         "l"(policy)
                         : "memory");
    } else if constexpr (bytes == 16) {
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(at), "l"(from) : "memory");
    } else {
        asm volatile("cp.async.ca.shared.global [%0], [%1], %2;" ::"r"(at), "l"(from), "n"(bytes) : "memory");
    }
}

/* The thread's copies since the last call are a group. */
__device__ __forceinline__ void copy_async_commit(void) {
    asm volatile("cp.async.commit_group;" ::: "memory");
}

/* Waits for all groups but the last `pending`. */
template <int pending> __device__ __forceinline__ void copy_async_wait(void) {
    asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
}
