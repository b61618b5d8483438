/* NVIDIA GPUs, and the virtual GPU that stands for one, as devices. */
#ifndef KATUNE_CUDA_H
#define KATUNE_CUDA_H

#include "device.h"

/* The GPU with this number ("0"; "" is 0). */
struct device *cuda_open(const char *number, struct error *err);

/* Whether kernels can be compiled for a device that one of these opened; false, and what to do, where NVRTC
   is missing or of another time. Such a device can be looked at and no more: device_open() does not give it.
 */
bool cuda_can_compile(struct device *d, struct error *err);

/* How many there are; 0 without a driver. Initialises it, so no process may be forked after that. */
int cuda_count(void);

/* The virtual GPU of this profile ("h100-sxm"; "" is the first). Its times are modeled. */
struct device *vgpu_open(const char *profile, struct error *err);

/* The i-th profile of the virtual GPU and what it is; NULL past the last, or where its library is missing. */
const char *vgpu_profile(unsigned i, const char **about);

/* A figure of this profile (vgpu_profile_figure in reference/vgpu/vgpu.h); false if it has none. */
bool vgpu_figure(unsigned profile, const char *figure, double *value);

/* NVML of a device that cuda_open() opened, loaded when it is first asked for; NULL and why. */
struct nvml;
const struct nvml *cuda_nvml(struct device *d, struct error *err);

/* The driver's context of a device that one of these opened (a CUcontext), and the number of its GPU: for
   profilers. */
void *cuda_context(struct device *d, int *ordinal);

/* Whether calls are queued before the first of them starts (they are, unless this said otherwise). Not while
   a profiler makes every launch wait for its kernel: the host would wait for ever. */
void cuda_queue_ahead(struct device *d, bool on);

#endif
