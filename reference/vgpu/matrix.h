/* matrix: shapes and types of mma.sync. */
#ifndef VGPU_MATRIX_H
#define VGPU_MATRIX_H

#include <stdint.h>

enum matrix_type { MATRIX_F16, MATRIX_BF16, MATRIX_TF32, MATRIX_F32 };
enum matrix_flag { MATRIX_HALF_C = 1, MATRIX_HALF_D = 2 };

struct matrix_shape {
    const char *name;
    uint8_t k, a_registers, b_registers, is_tf32;
};

static const struct matrix_shape matrix_shapes[] = {
    {"m16n8k8", 8, 2, 1, 0},
    {"m16n8k16", 16, 4, 2, 0},
    {"m16n8k4", 4, 2, 1, 1},
    {"m16n8k8", 8, 4, 2, 1},
};

#endif
