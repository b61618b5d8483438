/* Memory of the virtual GPU: copies, fills, and what was freed. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "driver.h"

Test(memory, copies_and_fills) {
    device_open(NULL);
    uint8_t from[240], to[240];
    for (unsigned i = 0; i < sizeof from; i++) {
        from[i] = (uint8_t)(i * 31 + 7);
    }
    CUdeviceptr a = device_array(from, sizeof from), b = device_array(NULL, sizeof to);
    cr_assert_eq(cuMemcpyDtoD_v2(b, a, sizeof to), 0);
    device_read(to, b, sizeof to);
    cr_assert_arr_eq(from, to, sizeof to);
    cr_assert_eq(cuMemcpyHtoD_v2(a + 1, from, sizeof from), CUDA_ERROR_INVALID_VALUE);
    cr_assert_eq(cuMemcpyDtoH_v2(to, a, sizeof to + 1), CUDA_ERROR_INVALID_VALUE);
    cr_assert_eq(cuMemcpyDtoH_v2(to, 64, 4), CUDA_ERROR_INVALID_VALUE);
    cr_assert_eq(cuMemcpy((CUdeviceptr)(uintptr_t)to, a + 8, 16), 0);
    cr_assert_arr_eq(to, from + 8, 16);
    cr_assert_eq(cuMemsetD8_v2(b, 0xa5, sizeof to), 0);
    cr_assert_eq(cuMemsetD16_v2(b + 2, 0x1234, 3), 0);
    cr_assert_eq(cuMemsetD32_v2(b + 8, 0xdeadbeef, 2), 0);
    cr_assert_eq(cuMemsetD32_v2(b + 2, 0, 1), CUDA_ERROR_INVALID_VALUE, "misaligned");
    cr_assert_eq(cuMemsetD8_v2(b, 0, sizeof to + 1), CUDA_ERROR_INVALID_VALUE);
    cr_assert_eq(cuMemsetD2D8_v2(b + 20, 10, 0x77, 3, 4), 0);
    device_read(to, b, sizeof to);
    static const uint8_t head[] = {0xa5, 0xa5, 0x34, 0x12, 0x34, 0x12, 0x34, 0x12, 0xef, 0xbe, 0xad, 0xde};
    cr_assert_arr_eq(to, head, sizeof head);
    for (unsigned i = 20; i < 60; i++) {
        cr_assert_eq(to[i], i % 10 < 3 ? 0x77 : 0xa5, "byte %u", i);
    }
    const CUDA_MEMCPY2D rows = {.srcXInBytes = 2,
                                .srcY = 1,
                                .srcMemoryType = CU_MEMORYTYPE_HOST,
                                .srcHost = from,
                                .srcPitch = 20,
                                .dstMemoryType = CU_MEMORYTYPE_DEVICE,
                                .dstDevice = b,
                                .dstPitch = 16,
                                .WidthInBytes = 9,
                                .Height = 5};
    cr_assert_eq(cuMemcpy2D_v2(&rows), 0);
    device_read(to, b, sizeof to);
    for (unsigned row = 0; row < 5; row++) {
        cr_assert_arr_eq(to + 16 * row, from + 20 * (row + 1) + 2, 9, "row %u", row);
    }
    CUdeviceptr base;
    size_t bytes, left, total, pitch;
    cr_assert_eq(cuMemGetAddressRange_v2(&base, &bytes, b + 100), 0);
    cr_assert(base == b && bytes == sizeof to);
    cr_assert_eq(cuMemGetInfo_v2(&left, &total), 0);
    cr_assert_eq(cuMemAlloc_v2(&base, total + 1), CUDA_ERROR_OUT_OF_MEMORY);
    cr_assert_eq(cuMemAlloc_v2(&base, 0), CUDA_ERROR_INVALID_VALUE);
    cr_assert_eq(cuMemFree_v2(b + 1), CUDA_ERROR_INVALID_VALUE);
    cr_assert_eq(cuMemAllocPitch_v2(&base, &pitch, 100, 7, 4), 0);
    cr_assert(pitch >= 100 && pitch % 256 == 0);
    unsigned type;
    cr_assert_eq(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, base + 700), 0);
    cr_assert_eq(type, CU_MEMORYTYPE_DEVICE);
    cr_assert_eq(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, (CUdeviceptr)(uintptr_t)to),
                 CUDA_ERROR_INVALID_VALUE);
}

/* Addresses are used again when nothing else is left, and what lies there is as new. */
Test(memory, freed_memory_is_new_when_it_is_used_again) {
    device_open((const char *const[]){"VGPU_DEVICE=t4", NULL});
    size_t left, total, bytes;
    cr_assert_eq(cuMemGetInfo_v2(&left, &total), 0);
    CUdeviceptr small = device_array(NULL, 3000), large, p;
    cr_assert_eq(cuMemsetD8_v2(small, 0xff, 3000), 0);
    cr_assert_eq(cuMemAlloc_v2(&large, total - 8192), 0);
    cr_assert_eq(cuMemFree_v2(small), 0);
    static const char zeros[] = ".version 7.0\n.target sm_75\n.global .align 4 .b8 zeros[2900];\n";
    uint8_t values[2900];
    for (p = 0; p != small;) { /* until the rest of the device is used up */
        CUmodule module = device_module(zeros);
        cr_assert_eq(cuModuleGetGlobal_v2(&p, &bytes, module, "zeros"), 0);
    }
    device_read(values, p, bytes);
    for (size_t i = 0; i < bytes; i++) {
        cr_assert_eq(values[i], 0, "byte %zu", i);
    }
}
