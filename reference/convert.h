/* Rounding of float32 to the activations' dtypes, to nearest even, and back. Portable C, independent of the
   kernels' own conversions. */
#ifndef KATUNE_CONVERT_H
#define KATUNE_CONVERT_H

#include "../kernels/problem.h"

uint16_t half_from_float(float value);
float half_to_float(uint16_t half);
uint16_t bfloat_from_float(float value);
float bfloat_to_float(uint16_t bfloat);

/* count elements of an array of dtype t from and to float32. `array` is aligned to its element only. */
void array_from_float(void *array, enum dtype t, const float *values, int64_t count);
void array_to_float(float *values, const void *array, enum dtype t, int64_t count);

/* The value that the dtype holds for `value`. */
float dtype_round(float value, enum dtype t);

/* The distance between neighbours of the dtype around |value|: never below that of its denormals. */
double dtype_spacing(double value, enum dtype t);
/* The largest finite value of the dtype. */
double dtype_max(enum dtype t);

#endif
