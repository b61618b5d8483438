/* matrix: shapes and types of mma.sync and wmma. */
#ifndef VGPU_MATRIX_H
#define VGPU_MATRIX_H

#include <stdint.h>

enum matrix_type { MATRIX_F16, MATRIX_BF16, MATRIX_TF32, MATRIX_F32, MATRIX_S8, MATRIX_U8, MATRIX_S32 };
enum matrix_flag { MATRIX_HALF_C = 1, MATRIX_HALF_D = 2, MATRIX_SATURATE = 4 };

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

/* wmma: which lane holds which element of a fragment is not specified. Here a lane holds elements that follow
 * each other in a row of A, C and D and in a column of B. */
enum wmma_role { WMMA_A, WMMA_B, WMMA_C, WMMA_D };
enum { WMMA_COLUMNS = 4, WMMA_SHAPES = 4 }; /* inst->target: role, | WMMA_COLUMNS for .col */

struct wmma_shape {
    const char *name;
    uint8_t m, n, k;
};

static const struct wmma_shape wmma_shapes[WMMA_SHAPES] = {
    {"m16n16k16", 16, 16, 16}, {"m8n32k16", 8, 32, 16}, {"m32n8k16", 32, 8, 16}, {"m16n16k8", 16, 16, 8}};

static inline uint8_t matrix_bytes(enum matrix_type type) {
    return type == MATRIX_S8 || type == MATRIX_U8 ? 1 : type == MATRIX_F16 || type == MATRIX_BF16 ? 2 : 4;
}

/* Elements of the matrix that a lane holds. */
static inline unsigned wmma_elements(const struct wmma_shape *s, enum wmma_role role) {
    return (role == WMMA_A ? s->m * s->k : role == WMMA_B ? s->k * s->n : s->m * s->n) / 32u;
}

/* Factors of f16 always take eight registers, in which smaller matrices are repeated. */
static inline unsigned wmma_registers(const struct wmma_shape *s, enum wmma_role role,
                                      enum matrix_type type) {
    return role < WMMA_C && type == MATRIX_F16 ? 8 : wmma_elements(s, role) * matrix_bytes(type) / 4;
}

#endif
