/* convert: what a cvt instruction is told. */
#ifndef VGPU_CONVERT_H
#define VGPU_CONVERT_H

enum cvt_type {
    CVT_U8,
    CVT_S8,
    CVT_U16,
    CVT_S16,
    CVT_U32,
    CVT_S32,
    CVT_U64,
    CVT_S64,
    CVT_F16,
    CVT_BF16,
    CVT_F32,
    CVT_F64,
    CVT_TF32
};

/* inst->sub: rounding | flags; inst->bytes: source type, inst->aux: destination type. */
enum cvt_flag {
    CVT_ROUNDING = 7,
    CVT_INTEGER = 8,
    CVT_FTZ = 16,
    CVT_SAT = 32,
    CVT_RELU = 64,
    CVT_SATFINITE = 128
};

#endif
