/* Sums of several series of numbers, side by side: what a block does that adds up the others' partial sums. It has
   nothing to wait for but L2, so what counts is how many loads are on their way at once. */
#pragma once

#include "warp.cuh"

enum {
    SERIES_SIDE = 4, /* series a warp adds up at once */
    SERIES_LOADS = 8 /* loads of each that a lane has on their way */
};

/* A lane's parts, one of Lanes, of Count series of `length` numbers: the elements lane, lane + Lanes, ..., in this
   order. From L2, as another block may have written them. */
template <int Lanes, int Count, class T>
__device__ __forceinline__ void series_parts(const T *const (&from)[Count], int length, int lane, double (&sum)[Count]) {
#pragma unroll
    for (int s = 0; s < Count; s++) sum[s] = 0;
#pragma unroll 1
    for (int at = lane; at < length; at += Lanes * SERIES_LOADS) {
        T v[SERIES_LOADS][Count];
#pragma unroll
        for (int i = 0; i < SERIES_LOADS; i++) {
#pragma unroll
            for (int s = 0; s < Count; s++) v[i][s] = at + i * Lanes < length ? __ldcg(from[s] + at + i * Lanes) : 0;
        }
#pragma unroll
        for (int i = 0; i < SERIES_LOADS; i++) {
#pragma unroll
            for (int s = 0; s < Count; s++) sum[s] += (double)v[i][s];
        }
    }
}

/* Calls each(s, sum) in one thread for every one of Total series, `stride` apart, in a block of Warps warps. */
template <int Total, int Warps, class T, class EACH>
__device__ __forceinline__ void series_sums(const T *first, long long stride, int length, EACH each) {
    constexpr int SHARE = (Total + Warps - 1) / Warps, SIDE = SHARE < SERIES_SIDE ? SHARE : SERIES_SIDE;
    const int lane = threadIdx.x % 32;
#pragma unroll 1
    for (int begin = threadIdx.x / 32; begin < Total; begin += Warps * SIDE) {
        const T *from[SIDE];
        double sum[SIDE];
#pragma unroll
        for (int k = 0; k < SIDE; k++) {
            const int s = begin + k * Warps;
            from[k] = first + (s < Total ? s : begin) * stride;
        }
        series_parts<32>(from, length, lane, sum);
        warp_sum_each(sum);
        if (lane) continue;
#pragma unroll
        for (int k = 0; k < SIDE; k++)
            if (begin + k * Warps < Total) each(begin + k * Warps, sum[k]);
    }
}
