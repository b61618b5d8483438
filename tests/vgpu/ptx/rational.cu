// Rational activations, form A of order (5, 4), in f32: what the benchmark of the virtual GPU runs and what its timing
// model is held against. rational.ptx beside this file was made from it by NVRTC's compiler:
//   nvcc -ptx -lineinfo -arch=compute_75 rational.cu -o rational.ptx
// (and the folder taken out of its .file lines).
// x is (rows, channels); group g has num[6 * g ..] and den[4 * g ..].

enum { ORDER = 10 };

struct coefficients {
  float a[6], b[4];
};

__device__ static coefficients load_coefficients(const float* num, const float* den, int group)
{
  coefficients c;
  for (int i = 0; i < 6; i++) {
    c.a[i] = num[6 * group + i];
  }
  for (int i = 0; i < 4; i++) {
    c.b[i] = den[4 * group + i];
  }
  return c;
}

__device__ static float rational(const coefficients& c, float x)
{
  const float z = fabsf(x);
  float p = c.a[5], q = fabsf(c.b[3]);
  for (int i = 4; i >= 0; i--) {
    p = fmaf(p, x, c.a[i]);
  }
  for (int i = 2; i >= 0; i--) {
    q = fmaf(q, z, fabsf(c.b[i]));
  }
  return p / fmaf(q, z, 1.0f);
}

// Four elements a lane; channels per group is a multiple of four.
extern "C" __global__ void rational_forward(const float4* __restrict__ x, const float* __restrict__ num,
                                            const float* __restrict__ den, float4* __restrict__ y, int count,
                                            int channels, int group_channels)
{
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x) {
    const coefficients c = load_coefficients(num, den, 4 * i % channels / group_channels);
    const float4 v = x[i];
    y[i] = make_float4(rational(c, v.x), rational(c, v.y), rational(c, v.z), rational(c, v.w));
  }
}

// Division as Triton compiles it.
__device__ static float over(float a, float b)
{
  float r;
  asm("div.full.f32 %0, %1, %2;" : "=f"(r) : "f"(a), "f"(b));
  return r;
}

// The gradient to x of one element; the terms of the coefficients' gradients are added to sum. Powers are formed and
// divided term by term, as the published kernels write it.
__device__ static float gradient(const coefficients& c, float x, float dy, float term[ORDER])
{
  const float x2 = x * x, x3 = x2 * x, x4 = x3 * x, x5 = x4 * x;
  const float z = fabsf(x), z2 = z * z, z3 = z2 * z, z4 = z3 * z;
  const float b0 = fabsf(c.b[0]), b1 = fabsf(c.b[1]), b2 = fabsf(c.b[2]), b3 = fabsf(c.b[3]);
  const float p = c.a[0] + c.a[1] * x + c.a[2] * x2 + c.a[3] * x3 + c.a[4] * x4 + c.a[5] * x5;
  const float q = 1.0f + b0 * z + b1 * z2 + b2 * z3 + b3 * z4;
  const float r = c.a[1] + 2.0f * c.a[2] * x + 3.0f * c.a[3] * x2 + 4.0f * c.a[4] * x3 + 5.0f * c.a[5] * x4;
  const float sign = x < 0 ? -1.0f : 1.0f;
  const float s = sign * (b0 + 2.0f * b1 * z + 3.0f * b2 * z2 + 4.0f * b3 * z3);
  const float slope = over(-p, q * q);
  term[0] = over(dy, q);
  term[1] = over(x * dy, q);
  term[2] = over(x2 * dy, q);
  term[3] = over(x3 * dy, q);
  term[4] = over(x4 * dy, q);
  term[5] = over(x5 * dy, q);
  term[6] = slope * (c.b[0] < 0 ? -1.0f : 1.0f) * z * dy;
  term[7] = slope * (c.b[1] < 0 ? -1.0f : 1.0f) * z2 * dy;
  term[8] = slope * (c.b[2] < 0 ? -1.0f : 1.0f) * z3 * dy;
  term[9] = slope * (c.b[3] < 0 ? -1.0f : 1.0f) * z4 * dy;
  return (over(r, q) + s * slope) * dy;
}

// One element a lane, ten global atomics an element: the design of the first KAT kernels.
extern "C" __global__ void rational_backward_naive(const float* dy, const float* x, const float* num,
                                                   const float* den, float* dx, float* dnum, float* dden,
                                                   unsigned channels, unsigned count, unsigned group_channels)
{
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) {
    return;
  }
  const unsigned group = i % channels / group_channels;
  const coefficients c = load_coefficients(num, den, (int)group);
  float term[ORDER];
  dx[i] = gradient(c, x[i], dy[i], term);
  for (int k = 0; k < 6; k++) {
    atomicAdd(&dnum[6 * group + k], term[k]);
  }
  for (int k = 0; k < 4; k++) {
    atomicAdd(&dden[4 * group + k], term[6 + k]);
  }
}

// Sum over a block of 128 threads, by shuffles and through shared memory; valid in thread 0.
__device__ static float block_sum(float v, float* partial)
{
  for (int offset = 16; offset; offset >>= 1) {
    v += __shfl_xor_sync(0xffffffff, v, offset);
  }
  if (threadIdx.x % 32 == 0) {
    partial[threadIdx.x / 32] = v;
  }
  __syncthreads();
  v = partial[0] + partial[1] + partial[2] + partial[3];
  __syncthreads();
  return v;
}

// A block takes 64 rows of one group in tiles of 64 x 64, sums a tile's terms over the block as soon as it has them, and
// adds ten sums to memory in the end: the design of FlashKAT. 128 threads, each four neighbours in a row, eight times.
extern "C" __global__ void __launch_bounds__(128)
  rational_backward_tile(const float* dy, const float* x, const float* num, const float* den, float* dx, float* dnum,
                         float* dden, int rows, int channels, int group_channels)
{
  __shared__ float partial[4];
  const int group = blockIdx.y, column = threadIdx.x % 16 * 4, first = blockIdx.x * 64 + threadIdx.x / 16;
  const coefficients c = load_coefficients(num, den, group);
  float total[ORDER] = {0};
  for (int tile = 0; tile < group_channels; tile += 64) {
    float sum[ORDER] = {0};
    for (int step = 0; step < 64; step += 8) {
      const int row = first + step;
      if (row < rows && tile + column < group_channels) {
        const long long at = (long long)row * channels + group * group_channels + tile + column;
        const float4 v = *(const float4*)(x + at), g = *(const float4*)(dy + at);
        const float from[4] = {v.x, v.y, v.z, v.w}, by[4] = {g.x, g.y, g.z, g.w};
        float to[4];
#pragma unroll
        for (int k = 0; k < 4; k++) {
          float term[ORDER];
          to[k] = gradient(c, from[k], by[k], term);
#pragma unroll
          for (int n = 0; n < ORDER; n++) {
            sum[n] += term[n];
          }
        }
        *(float4*)(dx + at) = make_float4(to[0], to[1], to[2], to[3]);
      }
    }
#pragma unroll
    for (int n = 0; n < ORDER; n++) {
      total[n] += block_sum(sum[n], partial);
    }
  }
  if (threadIdx.x == 0) {
    for (int n = 0; n < 6; n++) {
      atomicAdd(&dnum[6 * group + n], total[n]);
    }
    for (int n = 0; n < 4; n++) {
      atomicAdd(&dden[4 * group + n], total[6 + n]);
    }
  }
}

// Integer atomics: the result does not depend on the order of blocks, so they run on all of the host's cores.
extern "C" __global__ void histogram_global(const unsigned* x, unsigned* bins, unsigned count, unsigned mask)
{
  for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x) {
    atomicAdd(&bins[x[i] & mask], 1u);
  }
}
