#include "fma_rate.h"

#include <immintrin.h>

#include "device/clock.h"
#include "variant.h"

/* Twelve independent chains hide the latency of a multiply-add on every core with two units for it. The
   results are returned so that the loops are not optimised away. */
enum { CHAINS = 12 };

typedef float fma_loop(long steps);

__attribute__((target("avx512f"))) static float loop_avx512(long steps) {
    __m512 sum[CHAINS];
    const __m512 a = _mm512_set1_ps(0.999999f), b = _mm512_set1_ps(1e-7f);
    for (int i = 0; i < CHAINS; i++) sum[i] = _mm512_set1_ps((float)i);
    for (long s = 0; s < steps; s++)
        for (int i = 0; i < CHAINS; i++) sum[i] = _mm512_fmadd_ps(sum[i], a, b);
    for (int i = 1; i < CHAINS; i++) sum[0] = _mm512_add_ps(sum[0], sum[i]);
    return _mm512_reduce_add_ps(sum[0]);
}

__attribute__((target("avx2,fma"))) static float loop_avx2(long steps) {
    __m256 sum[CHAINS];
    const __m256 a = _mm256_set1_ps(0.999999f), b = _mm256_set1_ps(1e-7f);
    for (int i = 0; i < CHAINS; i++) sum[i] = _mm256_set1_ps((float)i);
    for (long s = 0; s < steps; s++)
        for (int i = 0; i < CHAINS; i++) sum[i] = _mm256_fmadd_ps(sum[i], a, b);
    for (int i = 1; i < CHAINS; i++) sum[0] = _mm256_add_ps(sum[0], sum[i]);
    return _mm256_cvtss_f32(sum[0]);
}

/* What the compiler makes of plain C for the machine it builds for: SSE2, a multiplication and an addition.
 */
static float loop_scalar(long steps) {
    __m128 sum[CHAINS];
    const __m128 a = _mm_set1_ps(0.999999f), b = _mm_set1_ps(1e-7f);
    for (int i = 0; i < CHAINS; i++) sum[i] = _mm_set1_ps((float)i);
    for (long s = 0; s < steps; s++)
        for (int i = 0; i < CHAINS; i++) sum[i] = _mm_add_ps(_mm_mul_ps(sum[i], a), b);
    for (int i = 1; i < CHAINS; i++) sum[0] = _mm_add_ps(sum[0], sum[i]);
    return _mm_cvtss_f32(sum[0]);
}

static const struct {
    fma_loop *loop;
    int lanes;
} loops[BACKEND_COUNT] = {{loop_scalar, 4}, {loop_avx2, 8}, {loop_avx512, 16}};

double fma_rate(unsigned isa, int threads) {
    const long steps = 2000000;
    int widest = SCALAR;
    for (int b = 0; b < BACKEND_COUNT; b++)
        if (isa >> b & 1) widest = b;
    float sum = 0;
    const double begin = clock_seconds();
#pragma omp parallel num_threads(threads) reduction(+ : sum)
    sum += loops[widest].loop(steps);
    const double spent = clock_seconds() - begin;
    const double flops = 2.0 * loops[widest].lanes * CHAINS * (double)steps * threads;
    return sum < 0 ? 0 : flops / spent; /* the sum is positive: looking at it keeps the loops */
}
