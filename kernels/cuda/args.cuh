/* Parameters of every kernel of an operation: its inputs, then its outputs, both in the order of enum tensor,
   then the number of rows, then the scratch that the variant's launch() asked for. Tensors are aligned to
   their element and do not overlap. */
#pragma once

#include "elem.cuh"

#define TENSOR_IN(type, name) const type *__restrict__ name
#define TENSOR_OUT(type, name) type *__restrict__ name
#define REST long long rows, void *__restrict__ scratch

#define COPY_ARGS TENSOR_IN(ELEM, x), TENSOR_OUT(ELEM, y), REST
#define GELU_FWD_ARGS COPY_ARGS
#define SILU_FWD_ARGS COPY_ARGS
#define GELU_BWD_ARGS TENSOR_IN(ELEM, x), TENSOR_IN(ELEM, dy), TENSOR_OUT(ELEM, dx), REST
#define SILU_BWD_ARGS GELU_BWD_ARGS
#define RATIONAL_FWD_ARGS                                                                                    \
    TENSOR_IN(ELEM, x), TENSOR_IN(float, num), TENSOR_IN(float, den), TENSOR_OUT(ELEM, y), REST
#define RATIONAL_BWD_ARGS                                                                                    \
    TENSOR_IN(ELEM, x), TENSOR_IN(float, num), TENSOR_IN(float, den), TENSOR_IN(ELEM, dy),                   \
        TENSOR_OUT(ELEM, dx), TENSOR_OUT(float, dnum), TENSOR_OUT(float, dden), REST
#define BSPLINE_FWD_ARGS                                                                                     \
    TENSOR_IN(ELEM, x), TENSOR_IN(float, coef), TENSOR_IN(float, wbase), TENSOR_IN(float, wspline),          \
        TENSOR_OUT(ELEM, y), REST
#define BSPLINE_BWD_ARGS                                                                                     \
    TENSOR_IN(ELEM, x), TENSOR_IN(float, coef), TENSOR_IN(float, wbase), TENSOR_IN(float, wspline),          \
        TENSOR_IN(ELEM, dy), TENSOR_OUT(ELEM, dx), TENSOR_OUT(float, dcoef), TENSOR_OUT(float, dwbase),      \
        TENSOR_OUT(float, dwspline), REST
