// Kernels that the tests of the virtual GPU run. The .ptx files beside this one were made from it by NVRTC's compiler:
//   for sm in 75 80 90 100 120; do nvcc -ptx -lineinfo -arch=sm_$sm kernels.cu -o kernels_sm$sm.ptx; done
#include <cuda_bf16.h>
#include <stdint.h>

extern "C" __global__ void copy4(const float4* __restrict__ from, float4* __restrict__ to, int count)
{
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x) {
    to[i] = from[i];
  }
}

// Sum over a block by shuffles, one atomic per block.
extern "C" __global__ void reduce_shuffle(const float* x, int count, float* sum)
{
  __shared__ float partial[32];
  float v = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x) {
    v += x[i];
  }
  for (int offset = 16; offset; offset >>= 1) {
    v += __shfl_down_sync(0xffffffff, v, offset);
  }
  if (threadIdx.x % 32 == 0) {
    partial[threadIdx.x / 32] = v;
  }
  __syncthreads();
  if (threadIdx.x < 32) {
    v = threadIdx.x < blockDim.x / 32 ? partial[threadIdx.x] : 0;
    for (int offset = 16; offset; offset >>= 1) {
      v += __shfl_xor_sync(0xffffffff, v, offset);
    }
    if (threadIdx.x == 0) {
      atomicAdd(sum, v);
    }
  }
}

// Tree in shared memory, partial sums out.
extern "C" __global__ void reduce_shared(const int* x, int count, int* partial)
{
  extern __shared__ int tree[];
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  tree[threadIdx.x] = i < count ? x[i] : 0;
  __syncthreads();
  for (unsigned half = blockDim.x / 2; half; half >>= 1) {
    if (threadIdx.x < half) {
      tree[threadIdx.x] += tree[threadIdx.x + half];
    }
    __syncthreads();
  }
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = tree[0];
  }
}

extern "C" __global__ void transpose(const float* from, float* to, int rows, int columns)
{
  __shared__ float tile[32][33];
  int x = blockIdx.x * 32 + threadIdx.x;
  for (int k = threadIdx.y; k < 32; k += blockDim.y) {
    const int y = blockIdx.y * 32 + k;
    if (x < columns && y < rows) {
      tile[k][threadIdx.x] = from[(size_t)y * columns + x];
    }
  }
  __syncthreads();
  x = blockIdx.y * 32 + threadIdx.x;
  for (int k = threadIdx.y; k < 32; k += blockDim.y) {
    const int y = blockIdx.x * 32 + k;
    if (x < rows && y < columns) {
      to[(size_t)y * rows + x] = tile[threadIdx.x][k];
    }
  }
}

extern "C" __global__ void histogram(const uint8_t* x, int count, unsigned* bins)
{
  __shared__ unsigned local[256];
  for (int b = threadIdx.x; b < 256; b += blockDim.x) {
    local[b] = 0;
  }
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x) {
    atomicAdd(&local[x[i]], 1u);
  }
  __syncthreads();
  for (int b = threadIdx.x; b < 256; b += blockDim.x) {
    atomicAdd(&bins[b], local[b]);
  }
}

__device__ __noinline__ float polynomial(float x, const float* a, int n)
{
  float p = 0;
  for (int i = n - 1; i >= 0; i--) {
    p = p * x + a[i];
  }
  return p;
}

__constant__ float coefficients[6] = {1, -0.5f, 0.25f, -0.125f, 0.0625f, -0.03125f};

// Functions, local arrays, a switch, math functions, special values.
extern "C" __global__ void mixed(const float* x, float* y, int count, int mode)
{
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) {
    return;
  }
  float powers[8];
  float v = x[i];
  for (int k = 0; k < 8; k++) {
    powers[k] = v;
    v *= x[i];
  }
  switch (mode) {
  case 0: y[i] = polynomial(x[i], coefficients, 6); break;
  case 1: y[i] = expf(x[i]); break;
  case 2: y[i] = sinf(x[i]) * cosf(x[i]); break;
  case 3: y[i] = powers[i & 7]; break;
  case 4: y[i] = tanhf(x[i]) + erff(x[i]); break;
  case 5: y[i] = logf(fabsf(x[i]) + 1) / sqrtf(x[i] * x[i] + 1); break;
  default: y[i] = -1;
  }
}

#if __CUDA_ARCH__ >= 800
__device__ void copy_async(void* shared, const void* global, bool valid)
{
  const unsigned address = (unsigned)__cvta_generic_to_shared(shared);
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(global), "r"(valid ? 16 : 0));
}

// c (m, n) = a (m, k) b (n, k)^T, bf16 in, f32 out; tiles of 64 x 64 x 32, two stages.
extern "C" __global__ void __launch_bounds__(128) matmul(const __nv_bfloat16* a, const __nv_bfloat16* b, float* c, int m, int n, int k)
{
  __shared__ __align__(16) __nv_bfloat16 sa[2][64][40], sb[2][64][40];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int row = blockIdx.y * 64, column = blockIdx.x * 64;
  float acc[8][4] = {};
  auto fetch = [&](int stage, int at) {
    for (int i = threadIdx.x; i < 256; i += 128) {
      const int r = i / 4, part = i % 4 * 8;
      copy_async(&sa[stage][r][part], a + (size_t)min(row + r, m - 1) * k + min(at + part, k - 8), row + r < m && at + part < k);
      copy_async(&sb[stage][r][part], b + (size_t)min(column + r, n - 1) * k + min(at + part, k - 8), column + r < n && at + part < k);
    }
    asm volatile("cp.async.commit_group;");
  };
  fetch(0, 0);
  int stage = 0;
  for (int at = 0; at < k; at += 32, stage ^= 1) {
    fetch(stage ^ 1, at + 32);
    asm volatile("cp.async.wait_group 1;");
    __syncthreads();
    for (int kk = 0; kk < 32; kk += 16) {
      unsigned fa[4], fb[4];
      unsigned from = (unsigned)__cvta_generic_to_shared(&sa[stage][warp * 16 + lane % 16][kk + lane / 16 * 8]);
      asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];" : "=r"(fa[0]), "=r"(fa[1]), "=r"(fa[2]), "=r"(fa[3]) : "r"(from));
      for (int t = 0; t < 8; t += 2) {
        from = (unsigned)__cvta_generic_to_shared(&sb[stage][t * 8 + lane % 8 + lane / 16 * 8][kk + lane / 8 % 2 * 8]);
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];" : "=r"(fb[0]), "=r"(fb[1]), "=r"(fb[2]), "=r"(fb[3]) : "r"(from));
        for (int u = 0; u < 2; u++) {
          float* d = acc[t + u];
          asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                       : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                       : "r"(fa[0]), "r"(fa[1]), "r"(fa[2]), "r"(fa[3]), "r"(fb[2 * u]), "r"(fb[2 * u + 1]));
        }
      }
    }
    __syncthreads();
  }
  for (int t = 0; t < 8; t++) {
    for (int e = 0; e < 4; e++) {
      const int r = row + warp * 16 + lane / 4 + e / 2 * 8, q = column + t * 8 + lane % 4 * 2 + e % 2;
      if (r < m && q < n) {
        c[(size_t)r * n + q] = acc[t][e];
      }
    }
  }
}
#endif
