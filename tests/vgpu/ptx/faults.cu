// Kernels that commit a fault each, and one nearly the same that does not. Where the fault is to be found a comment says
// so: test_vgpu_source compares the line. Every kernel runs as one block of 64 threads; p has 64 numbers, q has 64 that
// were never written.

extern "C" __global__ void out_of_bounds(int* p, int* q)
{
  const int i = threadIdx.x;
  p[i] = p[i + 1] + 1;  // FAULT out_of_bounds
}

extern "C" __global__ void out_of_bounds_clean(int* p, int* q)
{
  const int i = threadIdx.x;
  p[i] = p[i] + 1;
}

__device__ static int element(const int* p, int i)
{
  return p[i];  // FAULT inlined
}

extern "C" __global__ void inlined(int* p, int* q)
{
  const int i = threadIdx.x;
  p[i] = element(p, i + 1) + 1;
}

extern "C" __global__ void inlined_clean(int* p, int* q)
{
  const int i = threadIdx.x;
  p[i] = element(p, i) + 1;
}

extern "C" __global__ void null_pointer(int* p, int* q)
{
  int* to = (int*)(size_t)p[threadIdx.x];
  *to = 1;  // FAULT null_pointer
}

extern "C" __global__ void null_pointer_clean(int* p, int* q)
{
  int* to = p + p[threadIdx.x];
  *to = 1;
}

// Clean as long as p is not freed before.
extern "C" __global__ void store(int* p, int* q)
{
  p[threadIdx.x] = 1;  // FAULT freed
}

extern "C" __global__ void misaligned(int* p, int* q)
{
  const int i = threadIdx.x;
  q[i] = *(const int*)((const char*)p + 2);  // FAULT misaligned
}

extern "C" __global__ void misaligned_clean(int* p, int* q)
{
  const int i = threadIdx.x;
  q[i] = *(const int*)((const char*)p + 4);
}

extern "C" __global__ void uninitialised(int* p, int* q)
{
  const int i = threadIdx.x;
  __syncthreads();
  p[i] = q[i ^ 1];  // FAULT uninitialised
}

extern "C" __global__ void uninitialised_clean(int* p, int* q)
{
  const int i = threadIdx.x;
  q[i] = i;
  __syncthreads();
  p[i] = q[i ^ 1];
}

extern "C" __global__ void uninitialised_shared(int* p, int* q)
{
  __shared__ int tile[64];
  const int i = threadIdx.x;
  if (i < 60) {
    tile[i] = i;
  }
  __syncthreads();
  p[i] = tile[63 - i];  // FAULT uninitialised_shared
}

extern "C" __global__ void uninitialised_shared_clean(int* p, int* q)
{
  __shared__ int tile[64];
  const int i = threadIdx.x;
  if (i < 64) {
    tile[i] = i;
  }
  __syncthreads();
  p[i] = tile[63 - i];
}

extern "C" __global__ void shared_out_of_bounds(int* p, int* q)
{
  __shared__ int tile[64];
  const int i = threadIdx.x;
  tile[i + p[i] + 1] = i;  // FAULT shared_out_of_bounds
  __syncthreads();
  p[i] = tile[1];
}

extern "C" __global__ void shared_out_of_bounds_clean(int* p, int* q)
{
  __shared__ int tile[64];
  const int i = threadIdx.x;
  tile[i + p[i]] = i;
  __syncthreads();
  p[i] = tile[1];
}

extern "C" __global__ void race(int* p, int* q)
{
  __shared__ int tile[64];
  const int i = threadIdx.x;
  tile[i] = 0;
  __syncthreads();
  tile[i] = i;
  p[i] = tile[63 - i];  // FAULT race
}

extern "C" __global__ void race_clean(int* p, int* q)
{
  __shared__ int tile[64];
  const int i = threadIdx.x;
  tile[i] = 0;
  __syncthreads();
  tile[i] = i;
  __syncthreads();
  p[i] = tile[63 - i];
}

extern "C" __global__ void race_in_warp(int* p, int* q)
{
  __shared__ int tile[64];
  const int i = threadIdx.x;
  tile[i] = i;
  p[i] = tile[i ^ 1];  // FAULT race_in_warp
}

extern "C" __global__ void race_in_warp_clean(int* p, int* q)
{
  __shared__ int tile[64];
  const int i = threadIdx.x;
  tile[i] = i;
  __syncwarp();
  p[i] = tile[i ^ 1];
}

extern "C" __global__ void barrier(int* p, int* q)
{
  if (threadIdx.x < 40) {
    __syncthreads();  // FAULT barrier
  }
  p[threadIdx.x] = 1;
}

extern "C" __global__ void barrier_clean(int* p, int* q)
{
  if (threadIdx.x < 400) {
    __syncthreads();
  }
  p[threadIdx.x] = 1;
}

extern "C" __global__ void trap(int* p, int* q)
{
  if (threadIdx.x == 3) {
    __trap();  // FAULT trap
  }
  p[threadIdx.x] = 1;
}

extern "C" __global__ void trap_clean(int* p, int* q)
{
  if (threadIdx.x == 300) {
    __trap();
  }
  p[threadIdx.x] = 1;
}

extern "C" __global__ void endless(int* p, int* q)
{
  while (atomicAdd(&p[threadIdx.x], 0) == 0) {  // FAULT endless
  }
}

extern "C" __global__ void endless_clean(int* p, int* q)
{
  while (atomicAdd(&p[threadIdx.x], 1) == 0) {
  }
}
