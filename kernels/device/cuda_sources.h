/* The sources in kernels/cuda, which the build puts into the program. */
#ifndef KATUNE_CUDA_SOURCES_H
#define KATUNE_CUDA_SOURCES_H

struct cuda_source {
    const char *name; /* "copy_cuda.cu", "elem.cuh" */
    const char *text;
};

/* The list ends with a name of NULL. */
extern const struct cuda_source cuda_sources[];

#endif
