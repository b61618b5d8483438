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
