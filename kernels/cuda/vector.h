/* Which vectors of VEC elements a group's channels can be read in. Host only. */
#ifndef KATUNE_CUDA_VECTOR_H
#define KATUNE_CUDA_VECTOR_H

#include "variant.h"

static inline const char *vector_reject(const struct problem *p, int vec) {
    if (channels_per_group(p) % vec) return "VEC does not divide the channels of a group";
    if ((size_t)vec * dtype_size(p->dtype) > 16) return "VEC elements are more than an access of 16 bytes";
    return NULL;
}

#endif
