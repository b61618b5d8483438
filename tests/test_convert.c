/* Rounding to f16 and bf16, spacing, and the tolerance built on them. */
#include <criterion/criterion.h>
#include <math.h>

#include "convert.h"
#include "op.h"

Test(convert, every_half_survives) {
    for (unsigned h = 0; h < 65536; h++) {
        const float f = half_to_float((uint16_t)h), b = bfloat_to_float((uint16_t)h);
        if (!isnan(f)) cr_assert_eq(half_from_float(f), h);
        if (!isnan(b)) cr_assert_eq(bfloat_from_float(b), h);
    }
}

Test(convert, known_roundings) {
    cr_assert_eq(half_from_float(65504.0f), 0x7bff);
    cr_assert_eq(half_from_float(65519.996f), 0x7bff);
    cr_assert_eq(half_from_float(65520.0f), 0x7c00);
    cr_assert_eq(half_from_float(0x1p-25f), 0); /* a tie, to even */
    cr_assert_eq(half_from_float(0x1.8p-25f), 1);
    cr_assert_eq(half_from_float(1 + 0x1p-11f), 0x3c00);
    cr_assert_eq(half_from_float(1 + 0x1.8p-10f), 0x3c02);
    cr_assert_eq(bfloat_from_float(1 + 0x1p-8f), 0x3f80);
    cr_assert_eq(bfloat_from_float(1 + 0x1.8p-7f), 0x3f82);
    cr_assert_eq(half_from_float(-0.0f), 0x8000);
    cr_assert(isnan(half_to_float(half_from_float(NAN))) && isnan(bfloat_to_float(bfloat_from_float(NAN))));
}

Test(convert, spacing) {
    cr_assert_eq(dtype_spacing(1, F32), 0x1p-23);
    cr_assert_eq(dtype_spacing(-1.5, F16), 0x1p-10);
    cr_assert_eq(dtype_spacing(2, BF16), 0x1p-6);
    cr_assert_eq(dtype_spacing(0x1p-20, F16), 0x1p-24);
    cr_assert_eq(dtype_spacing(0, F16), 0x1p-24);
    cr_assert_eq(dtype_spacing(0x1p-140, F32), 0x1p-149);
}

Test(convert, tolerance) {
    struct problem p = problem_default(RATIONAL_BWD, BF16);
    p.rows = 64;
    cr_assert_eq(output_allowed(&p, T_DX, 1, 2), 0x1p-8 + 0x1p-24 * 16 * 2);
    cr_assert_eq(output_terms(&p, T_DDEN), 64);
    cr_assert_eq(output_terms(&p, T_DNUM), 512);
    cr_assert_eq(output_allowed(&p, T_DDEN, 1, 3), 0x1p-24 + 0x1p-24 * 40 * 3);
    p = problem_default(COPY, F32);
    cr_assert_eq(output_allowed(&p, T_Y, 1, 1), 0);
}
