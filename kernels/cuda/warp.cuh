/* Sums over a warp. */
#pragma once

template <int Distance>
__device__ __forceinline__ float lane_across(float v) {
    float r;
    asm volatile("shfl.sync.bfly.b32 %0, %1, %2, 0x1f, 0xffffffff;" : "=f"(r) : "f"(v), "n"(Distance));
    return r;
}

/* The sum over the warp, in every lane. */
__device__ __forceinline__ float warp_sum(float v) {
    v += lane_across<16>(v);
    v += lane_across<8>(v);
    v += lane_across<4>(v);
    v += lane_across<2>(v);
    return v + lane_across<1>(v);
}

/* The same in double. */
__device__ __forceinline__ double warp_sum(double v) {
#pragma unroll
    for (int lane = 16; lane; lane /= 2) v += __shfl_xor_sync(0xffffffffu, v, lane);
    return v;
}

/* The same of several values, whose shuffles go side by side. */
template <int Count>
__device__ __forceinline__ void warp_sum_each(double (&v)[Count]) {
#pragma unroll
    for (int distance = 16; distance; distance /= 2) {
#pragma unroll
        for (int i = 0; i < Count; i++) v[i] += __shfl_xor_sync(0xffffffffu, v[i], distance);
    }
}

constexpr __device__ int warp_room(int count) {
    int room = 1;
    while (room < count) room *= 2;
    return room;
}

/* The lanes of half a warp keep the lower half of `Room` values, the others the upper half, and send the rest: with
   every step there are half as many. Of values without a counterpart above both halves keep the sum. */
template <int Distance, int Room, int Count, int Size>
__device__ __forceinline__ void warp_sums_fold(float (&v)[Size]) {
    constexpr int HALF = Room / 2, KEPT = Room > 1 ? HALF : 1;
    const bool upper = threadIdx.x & Distance;
#pragma unroll
    for (int i = 0; i < KEPT && i < Count; i++) {
        if (i + KEPT < Count) {
            const float mine = upper ? v[i + KEPT] : v[i], other = upper ? v[i] : v[i + KEPT];
            v[i] = mine + lane_across<Distance>(other);
        } else {
            v[i] += lane_across<Distance>(v[i]);
        }
    }
    if constexpr (Distance > 1) warp_sums_fold<Distance / 2, KEPT, (Count < KEPT ? Count : KEPT)>(v);
}

/* The sums over the warp of Size values of each lane, in the order of warp_sum() with about half of its shuffles: sum t
   is left in v[0] of lane t * (32 / warp_room(Size)). */
template <int Size>
__device__ __forceinline__ void warp_sums(float (&v)[Size]) {
    static_assert(Size <= 32, "a lane for every sum");
    warp_sums_fold<16, warp_room(Size), Size>(v);
}
