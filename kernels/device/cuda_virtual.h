/* What the virtual GPU's library has beyond a driver's functions. */
#ifndef KATUNE_CUDA_VIRTUAL_H
#define KATUNE_CUDA_VIRTUAL_H

#include "cuda_api.h"
#include "device.h"

#include "../../reference/vgpu/vgpu.h"

#define VGPU_FUNCTIONS(F)                                                                                    \
    F(int, vgpu_counters_read, (struct vgpu_counters *, size_t))                                             \
    F(uint64_t, vgpu_findings, (enum vgpu_finding_kind))                                                     \
    F(const char *, vgpu_last_finding, (void))                                                               \
    F(const char *, vgpu_last_error, (void))                                                                 \
    F(const char *, vgpu_profile_name, (unsigned))                                                           \
    F(const char *, vgpu_profile_about, (unsigned))                                                          \
    F(int, vgpu_profile_figure, (unsigned, const char *, double *))                                          \
    F(int, vgpu_module_ptxas_log, (void *, const char *))                                                    \
    F(void, vgpu_set_sampling, (uint64_t))

struct cuda_virtual {
    bool present; /* the library is a virtual GPU */
#define DECLARE(result, name, parameters) result(*name) parameters;
    VGPU_FUNCTIONS(DECLARE)
#undef DECLARE
};

/* Loads libvgpu: KATUNE_LIBCUDA if it is set, else beside the program, in the build tree, where it is
 * installed. */
bool cuda_virtual_open(struct cuda_api *api, struct error *err);

/* Binds its functions; present stays false if the library is a driver. */
void cuda_virtual_bind(struct cuda_virtual *v, const struct cuda_api *api);

/* Counters of one kernel's call, summed over its steps. */
struct cuda_tally {
    struct vgpu_counters sum;
    double seconds;   /* of the steps */
    int steps, fills; /* kernels; memory set to zero before them */
};
void cuda_tally_add(struct cuda_tally *t, const struct cuda_virtual *v);
int cuda_tally_list(const struct cuda_tally *t, struct counter *list, int max);

#endif
