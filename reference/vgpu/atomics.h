/* atomics: what an atom or red instruction does, and with what. */
#ifndef VGPU_ATOMICS_H
#define VGPU_ATOMICS_H

enum atomic_op {
    ATOMIC_ADD,
    ATOMIC_MIN,
    ATOMIC_MAX,
    ATOMIC_EXCH,
    ATOMIC_CAS,
    ATOMIC_AND,
    ATOMIC_OR,
    ATOMIC_XOR,
    ATOMIC_INC,
    ATOMIC_DEC
};
enum atomic_type {
    TYPE_U32,
    TYPE_S32,
    TYPE_U64,
    TYPE_S64,
    TYPE_F32,
    TYPE_F64,
    TYPE_F16,
    TYPE_BF16,
    TYPE_F16X2,
    TYPE_BF16X2,
    TYPE_U16,
    TYPE_F32_FLUSHED /* sums of f32 in global memory flush subnormal numbers, in shared memory they do not */
};

static inline int atomic_type_is_float(int type) {
    return type >= TYPE_F32 && type != TYPE_U16;
}

#endif
