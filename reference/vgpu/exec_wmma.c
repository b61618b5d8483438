/* exec_wmma: wmma.load, wmma.store and wmma.mma (PTX ISA, section 9.7.15.3). Sums as in exec_matrix.c. */
#include "access.h"
#include "global_bytes.h"
#include "matrix.h"
#include "soft.h"

static double element(uint32_t bits, unsigned type) {
    switch (type) {
    case MATRIX_F16: return (double)half_to_float(bits & 0xffff);
    case MATRIX_BF16: return (double)bf16_to_float(bits & 0xffff);
    case MATRIX_TF32: return (double)float_of(bits & 0xffffe000u); /* the low 13 bits are not looked at */
    case MATRIX_S8: return (int8_t)bits;
    case MATRIX_U8: return (uint8_t)bits;
    case MATRIX_S32: return (int32_t)bits;
    default: return (double)float_of(bits);
    }
}

/* Where element e of a lane stands: along is its place in the row (the column, for B). */
struct place {
    unsigned line, along;
};

static struct place place_of(const struct wmma_shape *s, enum wmma_role role, unsigned lane, unsigned e) {
    const unsigned length = role < WMMA_C ? s->k : s->n, n = lane * wmma_elements(s, role) + e;
    return (struct place){n / length, n % length};
}

/* Addresses of element e of all lanes. */
static void element_addresses(const struct warp *w, const struct inst *i, const struct lanes *base,
                              unsigned e, struct lanes *a) {
    const struct wmma_shape *s = &wmma_shapes[i->sub];
    const enum wmma_role role = (enum wmma_role)(i->target & 3);
    /* lines of A, C and D are rows, those of B columns */
    const bool lines_follow = (role == WMMA_B) == ((i->target & WMMA_COLUMNS) != 0);
    const unsigned lines = role == WMMA_A   ? s->m
                           : role == WMMA_B ? s->n
                                            : s->m,
                   length = role < WMMA_C ? s->k : s->n;
    const uint32_t *strides = i->op[1] == UINT32_MAX ? NULL : operand(w, i->op[1]);
    EACH_LANE {
        const struct place p = place_of(s, role, l, e);
        const uint64_t stride = strides ? strides[l] : lines_follow ? length : lines;
        a->address[l] = base->address[l] +
                        (lines_follow ? p.line * stride + p.along : p.along * stride + p.line) * i->bytes;
    }
}

/* Elements that one access takes: a lane's neighbours in a line, up to 16 bytes. */
static unsigned run_length(const struct inst *i) {
    const enum wmma_role role = (enum wmma_role)(i->target & 3);
    const bool lines_follow = (role == WMMA_B) == ((i->target & WMMA_COLUMNS) != 0);
    const unsigned elements = wmma_elements(&wmma_shapes[i->sub], role), most = 16u / i->bytes;
    return !lines_follow ? 1 : elements < most ? elements : most;
}

HANDLER(wmma_load) {
    const unsigned elements = wmma_elements(&wmma_shapes[i->sub], (enum wmma_role)(i->target & 3));
    const unsigned run = run_length(i), per = 4u / i->bytes;
    if (m != UINT32_MAX) {
        return;
    }
    struct lanes base, a;
    addresses(w, i, i->op[0], &base);
    LANE_ARRAY uint32_t t[16][WARP_SIZE] = {0};
    for (unsigned e = 0; e < elements; e += run) {
        element_addresses(w, i, &base, e, &a);
        if (!access_resolve(w, i, m, &a, run * i->bytes, READ)) {
            return;
        }
        for (unsigned k = 0; k < run; k++) {
            EACH_LANE {
                const uint32_t v = (uint32_t)element_read(a.host[l] + k * i->bytes, i->bytes);
                t[(e + k) / per][l] |= v << ((e + k) % per * 8 * i->bytes);
            }
        }
    }
    const unsigned distinct = elements / per;
    for (unsigned r = 0; r < i->count; r++) {
        put_u32(w, i->list[r], m, t[r % distinct]);
    }
}

HANDLER(wmma_store) {
    const unsigned elements = wmma_elements(&wmma_shapes[i->sub], WMMA_D), run = run_length(i),
                   per = 4u / i->bytes;
    if (m != UINT32_MAX) {
        return;
    }
    struct lanes base, a;
    addresses(w, i, i->op[0], &base);
    for (unsigned e = 0; e < elements; e += run) {
        element_addresses(w, i, &base, e, &a);
        if (!access_resolve(w, i, m, &a, run * i->bytes, WRITE)) {
            return;
        }
        for (unsigned k = 0; k < run; k++) {
            const uint32_t *s = operand(w, i->list[(e + k) / per]);
            EACH_LANE {
                const uint32_t v = s[l] >> ((e + k) % per * 8 * i->bytes);
                element_write(a.host[l] + k * i->bytes, i->bytes, v);
            }
        }
    }
}

/* A fragment as lines of a matrix. */
static void gather(const struct warp *w, const uint32_t *list, const struct wmma_shape *s,
                   enum wmma_role role, enum matrix_type type, double matrix[32][32]) {
    const unsigned bytes = matrix_bytes(type), per = 4 / bytes, elements = wmma_elements(s, role);
    for (unsigned e = 0; e < elements; e++) {
        const uint32_t *v = operand(w, list[e / per]);
        EACH_LANE {
            const struct place p = place_of(s, role, l, e);
            matrix[p.line][p.along] = element(v[l] >> (e % per * 8 * bytes), type);
        }
    }
}

static uint32_t whole(double v, bool saturate) {
    if (saturate) {
        v = v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : v;
    }
    return (uint32_t)(int64_t)v;
}

HANDLER(wmma_mma) {
    const struct wmma_shape *s = &wmma_shapes[i->sub];
    const enum matrix_type type = (enum matrix_type)i->type;
    const bool integer = type == MATRIX_S8 || type == MATRIX_U8, half = i->flags & MATRIX_HALF_D;
    const enum matrix_type c_type = integer ? MATRIX_S32 : i->flags & MATRIX_HALF_C ? MATRIX_F16 : MATRIX_F32;
    const uint32_t *a = i->list + i->list_defs, *b = a + wmma_registers(s, WMMA_A, type),
                   *c = b + wmma_registers(s, WMMA_B, type);
    if (m != UINT32_MAX) {
        return;
    }
    double A[32][32], B[32][32], C[32][32];
    gather(w, a, s, WMMA_A, type, A);
    gather(w, b, s, WMMA_B, type, B);
    gather(w, c, s, WMMA_C, c_type, C);
    LANE_ARRAY uint32_t t[8][WARP_SIZE] = {0};
    for (unsigned e = 0; e < 8; e++) {
        EACH_LANE {
            const struct place p = place_of(s, WMMA_D, l, e);
            double sum = 0;
            for (unsigned k = 0; k < s->k; k++) {
                sum += A[p.line][k] * B[p.along][k];
            }
            sum += C[p.line][p.along];
            const float f = (float)sum;
            if (half) {
                t[e / 2][l] |= soft_narrow(sum, 5, 10, ROUND_NEAREST) << (16 * (e & 1));
            } else {
                t[e][l] = integer ? whole(sum, i->flags & MATRIX_SATURATE) : f == f ? bits_of(f) : 0x7fffffff;
            }
        }
    }
    for (unsigned r = 0; r < i->list_defs; r++) {
        put_u32(w, i->list[r], m, t[r]);
    }
}

static const struct exec_name names[] = {
    {"wmma.load", wmma_load}, {"wmma.store", wmma_store}, {"wmma.mma", wmma_mma}};

const struct exec_names EXEC_NAME(names_wmma);
const struct exec_names EXEC_NAME(names_wmma) = {names, sizeof names / sizeof *names};
