/* compare: what setp and set write (inst->space). */
#ifndef VGPU_COMPARE_H
#define VGPU_COMPARE_H

enum compare_result {
    COMPARE_PREDICATES,
    COMPARE_ONES, /* all bits, or none */
    COMPARE_F32,  /* 1.0, or 0 */
    COMPARE_F16,
    COMPARE_BF16,
    COMPARE_ONES_16,
    COMPARE_ONES_X2, /* for each half by itself */
    COMPARE_F16X2,
    COMPARE_BF16X2,
};

#endif
