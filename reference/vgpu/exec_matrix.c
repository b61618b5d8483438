/* exec_matrix: mma.sync and wmma.mma (PTX ISA, section 9.7.14).
 *
 * Fragments are gathered into whole matrices, multiplied, and scattered: the products are exact in double,
 * each element is summed in the order of k with the accumulator last and rounded once. Tensor cores round
 * less well and in an order that is not published; this is what their results approximate. */
#include "exec.h"
#include "matrix.h"
#include "soft.h"

static double element(uint32_t bits, unsigned type) {
    switch (type) {
    case MATRIX_F16: return (double)half_to_float(bits & 0xffff);
    case MATRIX_BF16: return (double)bf16_to_float(bits & 0xffff);
    case MATRIX_TF32: return (double)float_of(bits & 0xffffe000u); /* the low 13 bits are not looked at */
    default: return (double)float_of(bits);
    }
}

/* list: d, a, b, c registers. Layouts: "Matrix fragments for mma.m16n8k8 / m16n8k16". */
HANDLER(mma) {
    const struct matrix_shape *s = &matrix_shapes[i->sub];
    const bool half_out = i->flags & MATRIX_HALF_D, half_in = i->flags & MATRIX_HALF_C;
    const unsigned type = i->type, per = type == MATRIX_TF32 ? 1 : 2;
    const uint32_t *d = i->list, *a = d + i->bytes, *b = a + s->a_registers, *c = b + s->b_registers;
    if (m != UINT32_MAX) {
        return;
    }
    double A[16][16], B[16][8], C[16][8];
    EACH_LANE {
        const unsigned group = l / 4, in = l % 4;
        for (unsigned r = 0; r < s->a_registers; r++) {
            const uint32_t v = ((const uint32_t *)operand(w, a[r]))[l];
            for (unsigned e = 0; e < per; e++) {
                A[group + 8 * (r & 1)][(per == 1 ? 4 : 8) * (r >> 1) + per * in + e] =
                    element(v >> (16 * e), type);
            }
        }
        for (unsigned r = 0; r < s->b_registers; r++) {
            const uint32_t v = ((const uint32_t *)operand(w, b[r]))[l];
            for (unsigned e = 0; e < per; e++) {
                B[(per == 1 ? 4 : 8) * r + per * in + e][group] = element(v >> (16 * e), type);
            }
        }
        for (unsigned e = 0; e < 4; e++) {
            const uint32_t v = ((const uint32_t *)operand(w, c[half_in ? e / 2 : e]))[l];
            C[group + 8 * (e / 2)][2 * in + e % 2] =
                half_in ? element(v >> (16 * (e & 1)), MATRIX_F16) : element(v, MATRIX_F32);
        }
    }
    for (unsigned row = 0; row < 16; row++) {
        for (unsigned column = 0; column < 8; column++) {
            double sum = 0;
            for (unsigned k = 0; k < s->k; k++) {
                sum += A[row][k] * B[k][column];
            }
            C[row][column] = sum + C[row][column];
        }
    }
    LANE_ARRAY uint32_t t[4][WARP_SIZE] = {0};
    EACH_LANE {
        for (unsigned e = 0; e < 4; e++) {
            const double v = C[l / 4 + 8 * (e / 2)][2 * (l % 4) + e % 2];
            if (half_out) {
                t[e / 2][l] |= soft_narrow(v, 5, 10, ROUND_NEAREST) << (16 * (e & 1));
            } else {
                const float f = (float)v;
                t[e][l] = f == f ? bits_of(f) : 0x7fffffff;
            }
        }
    }
    for (unsigned r = 0; r < i->bytes; r++) {
        put_u32(w, d[r], m, t[r]);
    }
}

static const struct exec_name names[] = {{"mma", mma}};

const struct exec_names EXEC_NAME(names_matrix);
const struct exec_names EXEC_NAME(names_matrix) = {names, sizeof names / sizeof *names};
